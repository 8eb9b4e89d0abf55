import type { DurationMs, EpochMs } from '../domain/time.ts';

/** A wall clock may be stepped, a monotonic one only runs: both are needed to tell a step from time passing. */
export interface Clocks {
  wall(): EpochMs;
  monotonicMs(): DurationMs;
}

export const MAX_FORWARD_JUMP_MS: DurationMs = 5 * 60_000;

/**
 * Ledger time. It follows the wall clock, never goes back (a backward step holds it still until the wall has caught
 * up), and stops trusting a forward jump above 5 minutes: a wrong date would open next month's windows.
 */
export class LedgerClock {
  readonly #clocks: Clocks;
  #latest: EpochMs;
  #wall: EpochMs;
  #monotonic: DurationMs;
  #jumpMs: DurationMs = 0;

  /** `latest`: the latest time in the ledger. */
  constructor(clocks: Clocks, latest: EpochMs) {
    this.#clocks = clocks;
    this.#latest = Math.max(latest, clocks.wall());
    this.#wall = clocks.wall();
    this.#monotonic = clocks.monotonicMs();
  }

  now(): EpochMs {
    const wall = this.#clocks.wall();
    const monotonic = this.#clocks.monotonicMs();
    const jump = wall - this.#wall - (monotonic - this.#monotonic);
    if (jump > MAX_FORWARD_JUMP_MS) this.#jumpMs = Math.max(this.#jumpMs, jump);
    else {
      // In step, or back in step after a jump (the reference is not moved while it lasts).
      this.#jumpMs = 0;
      this.#wall = wall;
      this.#monotonic = monotonic;
    }
    if (this.#jumpMs === 0 && wall > this.#latest) this.#latest = wall;
    return this.#latest;
  }

  /** Why no decision can be made now; undefined when the clock is trusted. */
  problem(): string | undefined {
    this.now();
    if (this.#jumpMs === 0) return undefined;
    const minutes = Math.round(this.#jumpMs / 60_000);
    return `the clock jumped forward by ${minutes} minutes; check it, then POST /v1/clock/confirm as operator`;
  }

  confirm(): EpochMs {
    this.#jumpMs = 0;
    this.#wall = this.#clocks.wall();
    this.#monotonic = this.#clocks.monotonicMs();
    return this.now();
  }
}
