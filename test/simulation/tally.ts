/** What the judge counts of one instance in one window: of a rolling budget, in one sub-bucket. */
export interface Tally {
  /** What the provider billed for attempts that had a hold or slices. */
  billedNanoUsd: bigint;
  /** By how much bills were above the worst case that was held. */
  aboveNanoUsd: bigint;
  /** By how much the ledger went above what was held: overage recorded, and what went out without a hold. */
  bookedAboveNanoUsd: bigint;
}

/** By instance key, then by the window's start. */
export class Tallies {
  readonly #tallies = new Map<string, Map<number, Tally>>();

  of(key: string, start: number): Tally {
    const windows = this.#tallies.get(key) ?? new Map<number, Tally>();
    this.#tallies.set(key, windows);
    const tally = windows.get(start) ?? { billedNanoUsd: 0n, aboveNanoUsd: 0n, bookedAboveNanoUsd: 0n };
    windows.set(start, tally);
    return tally;
  }

  /** Sum over the windows that begin between these, both included. */
  sum(key: string, oldest: number, newest: number): Tally {
    const sum = { billedNanoUsd: 0n, aboveNanoUsd: 0n, bookedAboveNanoUsd: 0n };
    for (const [start, tally] of this.#tallies.get(key) ?? []) {
      if (start < oldest || start > newest) continue;
      sum.billedNanoUsd += tally.billedNanoUsd;
      sum.aboveNanoUsd += tally.aboveNanoUsd;
      sum.bookedAboveNanoUsd += tally.bookedAboveNanoUsd;
    }
    return sum;
  }
}
