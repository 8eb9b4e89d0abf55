import type { DurationMs, EpochMs } from '../domain/time.ts';

/** A wall clock may be stepped, a monotonic one only runs: both are needed to tell a step from time passing. */
export interface Clocks {
  wall(): EpochMs;
  monotonicMs(): DurationMs;
  /** Calls back once, unless called off by what it answers. Absent: a timer of the system. */
  after?(ms: DurationMs, call: () => void): () => void;
}

export function callAfter(clocks: Clocks, ms: DurationMs, call: () => void): () => void {
  if (clocks.after) return clocks.after(ms, call);
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
}

export const MAX_FORWARD_JUMP_MS: DurationMs = 5 * 60_000;

/**
 * Ledger time. It follows the wall clock, never goes back (a backward step holds it still until the wall has caught up),
 * and never runs ahead of the monotonic clock by more than 5 minutes: a wrong date would open next month's windows. What
 * is compared is ledger time, so that a wall clock that was stepped back may be put right again.
 */
export class LedgerClock {
  readonly #clocks: Clocks;
  #latest: EpochMs;
  /** The monotonic clock when ledger time was `#latest`. */
  #latestAtMs: DurationMs;
  #jumpMs: DurationMs = 0;

  /** `latest`: the latest time in the ledger. */
  constructor(clocks: Clocks, latest: EpochMs) {
    this.#clocks = clocks;
    this.#latest = Math.max(latest, clocks.wall());
    this.#latestAtMs = clocks.monotonicMs();
  }

  now(): EpochMs {
    const wall = this.#clocks.wall();
    const monotonic = this.#clocks.monotonicMs();
    const jump = wall - this.#latest - (monotonic - this.#latestAtMs);
    this.#jumpMs = jump > MAX_FORWARD_JUMP_MS ? Math.max(this.#jumpMs, jump) : 0;
    if (this.#jumpMs === 0 && wall > this.#latest) this.#follow(wall, monotonic);
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
    this.#follow(Math.max(this.#latest, this.#clocks.wall()), this.#clocks.monotonicMs());
    return this.now();
  }

  #follow(latest: EpochMs, monotonic: DurationMs): void {
    this.#latest = latest;
    this.#latestAtMs = monotonic;
  }
}
