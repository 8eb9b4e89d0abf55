import type { EpochMs } from '../../domain/time.ts';

/** Now, on both clocks of the process. */
export interface Instant {
  wall: EpochMs;
  /** Of a clock that only goes forward, but may stand still while the process or its machine sleeps. */
  monotonicMs: number;
}

/**
 * The time of a lease. Between two looks it goes forward by the larger of what the two clocks say: a wall clock that was put
 * back does not lengthen a slice, and neither does a monotonic one that slept.
 */
export class LeaseClock {
  #wall = Number.NaN;
  #monotonicMs = Number.NaN;
  #elapsedMs = 0;

  /** Milliseconds since the first look. */
  at({ wall, monotonicMs }: Instant): number {
    const byWall = wall - this.#wall;
    const byMonotonic = monotonicMs - this.#monotonicMs;
    // The first look has nothing to compare with: NaN.
    const passed = Math.max(byWall, byMonotonic);
    if (passed > 0) this.#elapsedMs += passed;
    this.#wall = wall;
    this.#monotonicMs = monotonicMs;
    return this.#elapsedMs;
  }
}
