import type { DurationMs, EpochMs } from './time.ts';

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
