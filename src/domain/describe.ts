import type { WindowSpec } from './window.ts';

const MONTH_NAMES = 'January February March April May June July August September October November December'.split(' ');
const WEEKDAY_NAMES = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ');
const DURATIONS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
  ['millisecond', 1],
] as const;

/** For people: `month in Europe/Berlin, from day 15`, `year in UTC, from April 6`, `rolling 24 hours`. */
export function describeWindow(spec: WindowSpec): string {
  if (spec.kind === 'rolling') return `rolling ${describeDuration(spec.durationMs)}`;
  const anchor = describeAnchor(spec);
  return `${spec.unit} in ${spec.zone}${anchor ? `, from ${anchor}` : ''}`;
}

function describeAnchor(spec: Extract<WindowSpec, { kind: 'calendar' }>): string | undefined {
  const { unit, startDay = 1, startMonth = 1, startWeekday = 1 } = spec;
  if (unit === 'week') return startWeekday === 1 ? undefined : WEEKDAY_NAMES[startWeekday - 1];
  if (unit === 'month') return startDay === 1 ? undefined : `day ${startDay}`;
  if (unit !== 'quarter' && unit !== 'year') return undefined;
  const month = MONTH_NAMES[startMonth - 1];
  if (startDay !== 1) return `${month} ${startDay}`;
  return startMonth === 1 ? undefined : month;
}

/** In the largest unit that divides it, but up to two days in hours: `24 hours`, `7 days`, `90 minutes`. */
function describeDuration(durationMs: number): string {
  const [unit, size] = DURATIONS.find(
    ([name, ms]) => durationMs % ms === 0 && !(name === 'day' && durationMs <= 2 * ms),
  )!;
  const count = durationMs / size;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
