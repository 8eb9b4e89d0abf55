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
 * How long a server may have been away at its start. A weekend, a holiday or a month between two tries of a staging system is
 * nobody's business; a year is far more often a wrong date, whose entries would hold ledger time there for good.
 */
export const MAX_AWAY_MS: DurationMs = 35 * 24 * 3_600_000;
/** How far the clock may be behind the ledger at a start: as far as clocks of two machines differ. */
export const MAX_BEHIND_MS: DurationMs = 5 * 60_000;

/**
 * Ledger time. It follows the wall clock, never goes back (a backward step holds it still until the wall has caught up),
 * and never runs ahead of the monotonic clock by more than 5 minutes: a wrong date would open next month's windows. What
 * is compared is ledger time, so that a wall clock that was stepped back may be put right again. At a start there is no
 * monotonic clock to compare with: the date must fit the ledger's latest time.
 */
export class LedgerClock {
  readonly #clocks: Clocks;
  #latest: EpochMs;
  /** The monotonic clock when ledger time was `#latest`. */
  #latestAtMs: DurationMs;
  #jumpMs: DurationMs = 0;
  /** Nothing has been decided by this clock yet, and its date does not fit the ledger. */
  #start: 'fits' | 'ahead' | 'behind' = 'fits';

  /** `latest`: the latest time in the ledger. */
  constructor(clocks: Clocks, latest: EpochMs) {
    this.#clocks = clocks;
    const wall = clocks.wall();
    if (latest > 0 && wall - latest > MAX_AWAY_MS) this.#start = 'ahead';
    if (latest - wall > MAX_BEHIND_MS) this.#start = 'behind';
    this.#latest = this.#start === 'fits' ? Math.max(latest, wall) : latest;
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
    if (this.#start === 'behind') return this.#behind();
    if (this.#jumpMs === 0) this.#start = 'fits';
    if (this.#jumpMs === 0) return undefined;
    if (this.#start === 'ahead') {
      const days = Math.round(this.#jumpMs / 86_400_000);
      return `the clock is ${days} days ahead of the ledger's last entry; if that is how long nothing was booked, POST /v1/clock/confirm as operator; else set the clock right`;
    }
    const minutes = Math.round(this.#jumpMs / 60_000);
    return `the clock jumped forward by ${minutes} minutes; check it, then POST /v1/clock/confirm as operator`;
  }

  #behind(): string | undefined {
    const behindMs = this.#latest - this.#clocks.wall();
    if (behindMs <= MAX_BEHIND_MS) this.#start = 'fits';
    if (behindMs <= MAX_BEHIND_MS) return undefined;
    const minutes = Math.round(behindMs / 60_000);
    return `the clock is ${minutes} minutes behind the ledger's last entry (${new Date(this.#latest).toISOString()}); set it right; or, where that entry was made by a wrong clock, POST /v1/clock/confirm as operator: time stands still until then`;
  }

  confirm(): EpochMs {
    this.#start = 'fits';
    this.#jumpMs = 0;
    this.#follow(Math.max(this.#latest, this.#clocks.wall()), this.#clocks.monotonicMs());
    return this.now();
  }

  #follow(latest: EpochMs, monotonic: DurationMs): void {
    this.#latest = latest;
    this.#latestAtMs = monotonic;
  }
}
