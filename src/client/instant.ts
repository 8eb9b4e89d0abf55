import type { EpochMs } from '../domain/time.ts';
import type { Instant } from './lease/clock.ts';

let second = '';
let secondMs = Number.NaN;
let last = '';
let lastMs = Number.NaN;

/** As `toISOString` writes it. Calls come many to a second, so only the milliseconds are written anew. */
export function isoInstant(ms: EpochMs): string {
  if (ms === lastMs) return last;
  const within = ms % 1000;
  if (ms - within !== secondMs) {
    secondMs = ms - within;
    second = new Date(secondMs).toISOString().slice(0, -4);
  }
  lastMs = ms;
  last = `${second}${String(within).padStart(3, '0')}Z`;
  return last;
}

/** On both clocks of this process. */
export function now(): Instant {
  return { wall: Date.now(), monotonicMs: performance.now() };
}
