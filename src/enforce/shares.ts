import type { TokenEntry } from '../config/config.ts';
import type { NanoUsd } from '../domain/money.ts';
import type { AccountDemand, HoldRecord } from '../ledger/ledger.ts';

/**
 * How much of an instance's headroom each token's sessions hold together, for tokens with a `max_share`. Only live holds
 * of this process count: the share is a courtesy between neighbours, the cap itself is the ledger's.
 */
export class Shares {
  readonly #held = new Map<string, NanoUsd>();
  readonly #holds = new Map<string, { token: string; demands: readonly AccountDemand[] }>();

  isExceeded(
    token: TokenEntry | undefined,
    demands: readonly AccountDemand[],
    spentOf: (account: string) => NanoUsd,
  ): AccountDemand | undefined {
    const share = token?.maxShareBasisPoints;
    if (!token || share === undefined) return undefined;
    return demands.find((demand) => {
      const headroom = demand.capNanoUsd - spentOf(demand.instance);
      const wanted = this.heldBy(token.name, demand.instance) + demand.amountNanoUsd;
      return wanted * 10_000n > headroom * BigInt(share);
    });
  }

  heldBy(token: string, instance: string): NanoUsd {
    return this.#held.get(keyOf(token, instance)) ?? 0n;
  }

  take(hold: HoldRecord, token: TokenEntry | undefined): void {
    if (token?.maxShareBasisPoints === undefined || this.#holds.has(hold.attemptId)) return;
    if (hold.state.state !== 'held') return;
    this.#holds.set(hold.attemptId, { token: token.name, demands: hold.demands });
    this.#change(token.name, hold.demands, 1n);
  }

  /** How much more of an instance the token's sessions may hold; undefined when it may hold all there is. */
  roomOf(token: TokenEntry | undefined, instance: string, headroomNanoUsd: NanoUsd): NanoUsd | undefined {
    const share = token?.maxShareBasisPoints;
    if (!token || share === undefined) return undefined;
    return (headroomNanoUsd * BigInt(share)) / 10_000n - this.heldBy(token.name, instance);
  }

  /** What a slice holds has changed. */
  resize(id: string, amountNanoUsd: NanoUsd): void {
    const hold = this.#holds.get(id);
    if (!hold) return;
    this.give(id);
    const demands = hold.demands.map((demand) => ({ ...demand, amountNanoUsd }));
    this.#holds.set(id, { token: hold.token, demands });
    this.#change(hold.token, demands, 1n);
  }

  /** The hold has ended, however it did. */
  give(attemptId: string): void {
    const hold = this.#holds.get(attemptId);
    if (!hold) return;
    this.#holds.delete(attemptId);
    this.#change(hold.token, hold.demands, -1n);
  }

  #change(token: string, demands: readonly AccountDemand[], sign: bigint): void {
    for (const demand of demands) {
      const key = keyOf(token, demand.instance);
      const held = (this.#held.get(key) ?? 0n) + sign * demand.amountNanoUsd;
      if (held === 0n) this.#held.delete(key);
      else this.#held.set(key, held);
    }
  }
}

function keyOf(token: string, instance: string): string {
  return JSON.stringify([token, instance]);
}
