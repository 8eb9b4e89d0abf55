import { calendarWindow } from './calendar.ts';
import type { DurationMs, EpochMs } from './time.ts';

export { isZone } from './calendar.ts';
export { describeWindow } from './describe.ts';

export const CALENDAR_UNITS = ['hour', 'day', 'week', 'month', 'quarter', 'year'] as const;
export type CalendarUnit = (typeof CALENDAR_UNITS)[number];

/**
 * When a limit starts over. A calendar window runs in an IANA zone and may be anchored (`startDay` of the month 1..28,
 * `startMonth` 1..12 of the year or quarter, `startWeekday` 1 = Monday .. 7). A rolling window is a duration, counted
 * in fixed sub-buckets.
 */
export type WindowSpec =
  | {
      kind: 'calendar';
      unit: CalendarUnit;
      zone: string;
      startDay?: number;
      startMonth?: number;
      startWeekday?: number;
    }
  | { kind: 'rolling'; durationMs: DurationMs; bucketMs: DurationMs };

/** Half-open `[start, end)`. */
export interface Window {
  start: EpochMs;
  end: EpochMs;
}

/** The last window of each spec: time mostly stays inside it, so that the hot path is one comparison. */
const last = new WeakMap<WindowSpec, Window>();

/**
 * The window that an instant falls into: computed, never reset by a job. Windows of a spec tile time. For a rolling spec
 * it is the current sub-bucket, aligned to epoch multiples of `bucketMs`. The answer is frozen and may be shared.
 * Errors: `RangeError` for an unknown zone and for an instant outside the calendar.
 */
export function windowAt(spec: WindowSpec, at: EpochMs): Window {
  const known = last.get(spec);
  if (known && at >= known.start && at < known.end) return known;
  const found = Object.freeze(spec.kind === 'rolling' ? bucketAt(spec.bucketMs, at) : calendarWindow(spec, at));
  last.set(spec, found);
  return found;
}

/**
 * Accounts that end after this instant count now. Calendar: the window's start. Rolling: a sub-bucket counts until all
 * of it is older than `durationMs`, so that the sum is never less than what was truly spent in the last `durationMs`.
 */
export function sinceAt(spec: WindowSpec, at: EpochMs): EpochMs {
  if (spec.kind === 'calendar') return windowAt(spec, at).start;
  return floorTo(at - spec.durationMs, spec.bucketMs);
}

/** When room comes back by itself: the window's end, or the instant at which the oldest counted sub-bucket drops out. */
export function endsAt(spec: WindowSpec, at: EpochMs): EpochMs {
  if (spec.kind === 'calendar') return windowAt(spec, at).end;
  return sinceAt(spec, at) + spec.bucketMs + spec.durationMs;
}

function bucketAt(bucketMs: DurationMs, at: EpochMs): Window {
  const start = floorTo(at, bucketMs);
  return { start, end: start + bucketMs };
}

function floorTo(value: number, step: number): number {
  const floored = Math.floor(value / step) * step;
  if (!Number.isSafeInteger(floored)) throw new RangeError(`no window contains ${value} ms`);
  return floored + 0; // -0 is not 0 to a map or a test
}
