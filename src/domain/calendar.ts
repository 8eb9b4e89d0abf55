/**
 * Calendar windows as the people of a zone live them. A window begins with the first instant of a local date (or of a
 * full local hour) and ends where the next one begins, so that windows tile time through every clock change:
 *
 * - midnight that does not exist (Sao Paulo in spring) → the day begins at 01:00
 * - a date that does not exist (Apia, 30 December 2011) → the day before ends where the day after begins
 * - midnight that comes twice (St. John's, until 2011) → the day begins with the first, and the hour after belongs to it
 * - an hour that comes twice is two windows; clocks moved by half an hour (Lord Howe) make one of 90 minutes
 */
import { Temporal } from 'temporal-polyfill/implementation';
import type { EpochMs } from './time.ts';
import type { Window, WindowSpec } from './window.ts';

type CalendarSpec = Extract<WindowSpec, { kind: 'calendar' }>;

const HOUR_MS = 3_600_000;
const MONTHS = { month: 1, quarter: 3, year: 12 } as const;

/** Whether the name is an IANA zone known to this runtime (`Europe/Berlin`, `UTC`); offsets such as `+02:00` are not. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    // ISO strings that carry a zone (`…[Europe/Berlin]`) parse as one too, and `Intl` refuses them.
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Errors: `RangeError` for an unknown zone and for an instant outside the calendar. */
export function calendarWindow(spec: CalendarSpec, at: EpochMs): Window {
  const local = zoned(spec.zone, at);
  if (spec.unit === 'hour') return { start: hourStart(local), end: hourEnd(local) };
  let date = windowDate(spec, local.toPlainDate());
  for (;;) {
    const next = nextDate(spec, date);
    const end = firstInstant(next, spec.zone);
    if (at < end) return { start: firstInstant(date, spec.zone), end };
    date = next; // Clocks went back over midnight: the local date reads yesterday, but today has begun already.
  }
}

function zoned(zone: string, at: EpochMs): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(at)).toZonedDateTimeISO(zone);
}

function firstInstant(date: Temporal.PlainDate, zone: string): EpochMs {
  return date.toZonedDateTime(zone).epochMilliseconds;
}

/** The date on which the window that holds a date begins. */
function windowDate(spec: CalendarSpec, date: Temporal.PlainDate): Temporal.PlainDate {
  if (spec.unit === 'hour' || spec.unit === 'day') return date;
  if (spec.unit === 'week') return date.subtract({ days: (date.dayOfWeek - (spec.startWeekday ?? 1) + 7) % 7 });
  const startDay = spec.startDay ?? 1;
  const months = MONTHS[spec.unit];
  const anchor = (spec.startMonth ?? 1) - 1;
  const month = date.year * 12 + date.month - 1 - (date.day < startDay ? 1 : 0);
  const start = Math.floor((month - anchor) / months) * months + anchor;
  return new Temporal.PlainDate(Math.floor(start / 12), (start % 12) + 1, startDay);
}

function nextDate(spec: CalendarSpec, date: Temporal.PlainDate): Temporal.PlainDate {
  if (spec.unit === 'hour' || spec.unit === 'day') return date.add({ days: 1 });
  return spec.unit === 'week' ? date.add({ days: 7 }) : date.add({ months: MONTHS[spec.unit] });
}

/** The last instant up to now at which the local clock read a full hour. */
function hourStart(local: Temporal.ZonedDateTime): EpochMs {
  const at = local.epochMilliseconds;
  const start = at - intoHour(local);
  if (zoned(local.timeZoneId, start).offsetNanoseconds === local.offsetNanoseconds) return start;
  // `getTimeZoneTransition` looks strictly before, and clocks may have changed at this very instant.
  const change = zoned(local.timeZoneId, at + 1).getTimeZoneTransition('previous')!.epochMilliseconds;
  return hourStart(zoned(local.timeZoneId, change - 1));
}

/** The next instant at which the local clock reads a full hour. */
function hourEnd(local: Temporal.ZonedDateTime): EpochMs {
  const end = local.epochMilliseconds - intoHour(local) + HOUR_MS;
  if (zoned(local.timeZoneId, end).offsetNanoseconds === local.offsetNanoseconds) return end;
  const change = local.getTimeZoneTransition('next')!;
  return intoHour(change) === 0 ? change.epochMilliseconds : hourEnd(change);
}

function intoHour(local: Temporal.ZonedDateTime): number {
  return (local.minute * 60 + local.second) * 1000 + local.millisecond;
}
