/** The shape of `window:` and `timezone:`. */
import type { DurationMs } from '../domain/time.ts';
import { CALENDAR_UNITS, type CalendarUnit, isZone } from '../domain/window.ts';
import { either, leaf, map, quote, type Read, whole, word } from './leaf.ts';
import { nearest } from './nearest.ts';
import { duration } from './quantity.ts';

/** A window before it is known in which zone it runs. */
export type WindowDraft =
  | { kind: 'calendar'; unit: CalendarUnit; startDay?: number; startMonth?: number; startWeekday?: number }
  | { kind: 'rolling'; durationMs: DurationMs; bucketMs: DurationMs };

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

const weekday = word(WEEKDAYS, 'weekday').transform((name) => WEEKDAYS.indexOf(name) + 1);
const startDay = whole('start_day', 1, 28);
const months = map(
  { start_month: whole('start_month', 1, 12), start_day: startDay.optional() },
  'a map with start_month',
).transform(({ start_month: startMonth, start_day: day }) => ({
  startMonth,
  ...(day !== undefined && { startDay: day }),
}));

const anchored = map(
  {
    rolling: duration('rolling window', MINUTE, 366 * DAY).optional(),
    week: map({ start_weekday: weekday }, 'a map with start_weekday').optional(),
    month: map({ start_day: startDay }, 'a map with start_day').optional(),
    quarter: months.optional(),
    year: months.optional(),
  },
  'a window',
).transform((forms, context): WindowDraft => {
  const { rolling, week, month, quarter, year } = forms;
  const drafts: WindowDraft[] = [];
  if (rolling !== undefined) drafts.push({ kind: 'rolling', durationMs: rolling, bucketMs: bucketOf(rolling) });
  if (week) drafts.push({ kind: 'calendar', unit: 'week', startWeekday: week.start_weekday });
  if (month) drafts.push({ kind: 'calendar', unit: 'month', startDay: month.start_day });
  if (quarter) drafts.push({ kind: 'calendar', unit: 'quarter', ...quarter });
  if (year) drafts.push({ kind: 'calendar', unit: 'year', ...year });
  if (drafts.length !== 1) {
    const params = { mend: 'give exactly one of rolling, week, month, quarter, year', code: 'value' };
    context.addIssue({ code: 'custom', message: `the window has ${drafts.length} kinds`, params });
  }
  return drafts[0] ?? { kind: 'calendar', unit: 'month' };
});

const NO_DURATION = { wrong: 'a rolling window needs a duration', mend: 'write { rolling: 24h }', code: 'value' };

export const window = either('a window such as month or { rolling: 24h }', [
  word(CALENDAR_UNITS, 'window', { rolling: NO_DURATION }).transform(
    (unit): WindowDraft => ({ kind: 'calendar', unit }),
  ),
  anchored,
]).meta({
  id: 'window',
  description: 'When the limit starts over: a calendar window, anchored or not, or a rolling one.',
});

/** An IANA zone; a near name is suggested. */
export const zone = leaf('a time zone such as Europe/Berlin', { type: 'string' }, (text): Read<string> => {
  if (isZone(text)) return { value: text };
  const near = nearest(text.replaceAll(' ', '_'), Intl.supportedValuesOf('timeZone'));
  const mend = near === undefined ? 'use an IANA name such as Europe/Berlin' : `did you mean "${near}"?`;
  return { wrong: `unknown time zone ${quote(text)}`, mend };
});

const BUCKETS_MS = [DAY, DAY / 4, DAY / 24, 30 * MINUTE, 15 * MINUTE, 5 * MINUTE, MINUTE, 30_000, 15_000, 5_000, 1_000];

/** Sub-bucket of a rolling window: the largest round one that divides it into 24 or more parts. */
export function bucketOf(durationMs: DurationMs): DurationMs {
  return BUCKETS_MS.find((bucket) => durationMs % bucket === 0 && durationMs / bucket >= 24) ?? 1_000;
}
