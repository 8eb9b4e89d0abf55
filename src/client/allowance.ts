import type { NanoUsd } from '../domain/money.ts';

/**
 * What may be spent unseen while the server is away: worst cases first, true costs as they become known. Each outage
 * starts at zero.
 */
export class Allowance {
  #outage = 0;
  #usedNanoUsd: NanoUsd = 0n;

  /** Takes the worst case of one attempt, or nothing when it does not fit. Returns how to put the rest back. */
  take(outage: number, limit: NanoUsd, worst: NanoUsd): ((actual: NanoUsd) => void) | undefined {
    if (outage !== this.#outage) {
      this.#outage = outage;
      this.#usedNanoUsd = 0n;
    }
    if (this.#usedNanoUsd + worst > limit) return undefined;
    this.#usedNanoUsd += worst;
    return (actual) => {
      if (this.#outage === outage) this.#usedNanoUsd += actual - worst;
    };
  }
}
