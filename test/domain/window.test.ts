import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  CALENDAR_UNITS,
  describeWindow,
  endsAt,
  isZone,
  sinceAt,
  type WindowSpec,
  windowAt,
} from '../../src/domain/window.ts';

type CalendarSpec = Extract<WindowSpec, { kind: 'calendar' }>;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function calendar(unit: CalendarSpec['unit'], zone: string, anchors: Partial<CalendarSpec> = {}): CalendarSpec {
  return { kind: 'calendar', unit, zone, ...anchors };
}

function iso(spec: WindowSpec, at: string): string[] {
  const { start, end } = windowAt(spec, Date.parse(at));
  return [start, end].map((instant) => new Date(instant).toISOString().replace(':00.000Z', 'Z'));
}

describe('a calendar window begins and ends where the people of its zone say', () => {
  test.each<[string, CalendarSpec, string, string, string]>([
    ['hour', calendar('hour', 'UTC'), '2026-11-22T05:12:45Z', '2026-11-22T05:00Z', '2026-11-22T06:00Z'],
    ['hour at 5:45', calendar('hour', 'Asia/Kathmandu'), '2026-11-22T05:12Z', '2026-11-22T04:15Z', '2026-11-22T05:15Z'],
    ['day', calendar('day', 'Asia/Shanghai'), '2026-11-22T15:59Z', '2026-11-21T16:00Z', '2026-11-22T16:00Z'],
    ['day at 5:45', calendar('day', 'Asia/Kathmandu'), '2026-11-22T18:15Z', '2026-11-22T18:15Z', '2026-11-23T18:15Z'],
    ['week from Monday', calendar('week', 'UTC'), '2026-11-22T23:59Z', '2026-11-16T00:00Z', '2026-11-23T00:00Z'],
    [
      'week from Sunday',
      calendar('week', 'UTC', { startWeekday: 7 }),
      '2026-11-22T00:00Z',
      '2026-11-22T00:00Z',
      '2026-11-29T00:00Z',
    ],
    ['month', calendar('month', 'Europe/Berlin'), '2026-10-31T22:59Z', '2026-09-30T22:00Z', '2026-10-31T23:00Z'],
    [
      'month from the 15th, a day before',
      calendar('month', 'UTC', { startDay: 15 }),
      '2026-01-14T23:59Z',
      '2025-12-15T00:00Z',
      '2026-01-15T00:00Z',
    ],
    [
      'month from the 15th, on the day',
      calendar('month', 'UTC', { startDay: 15 }),
      '2026-01-15T00:00Z',
      '2026-01-15T00:00Z',
      '2026-02-15T00:00Z',
    ],
    ['February', calendar('month', 'UTC'), '2028-02-29T12:00Z', '2028-02-01T00:00Z', '2028-03-01T00:00Z'],
    ['quarter', calendar('quarter', 'UTC'), '2026-11-22T00:00Z', '2026-10-01T00:00Z', '2027-01-01T00:00Z'],
    [
      'quarter from February',
      calendar('quarter', 'UTC', { startMonth: 2 }),
      '2026-01-31T23:59Z',
      '2025-11-01T00:00Z',
      '2026-02-01T00:00Z',
    ],
    [
      'quarter from November is the same one',
      calendar('quarter', 'UTC', { startMonth: 11 }),
      '2026-01-31T23:59Z',
      '2025-11-01T00:00Z',
      '2026-02-01T00:00Z',
    ],
    [
      'year from April',
      calendar('year', 'Asia/Tokyo', { startMonth: 4 }),
      '2026-03-31T14:59Z',
      '2025-03-31T15:00Z',
      '2026-03-31T15:00Z',
    ],
    [
      'British tax year',
      calendar('year', 'Europe/London', { startMonth: 4, startDay: 6 }),
      '2026-04-05T22:59Z',
      '2025-04-05T23:00Z',
      '2026-04-05T23:00Z',
    ],
    ['before the epoch', calendar('year', 'UTC'), '1969-12-31T23:59Z', '1969-01-01T00:00Z', '1970-01-01T00:00Z'],
  ])('%s', (_, spec, at, start, end) => {
    expect(iso(spec, at)).toEqual([start, end]);
  });
});

describe('clock changes neither lose nor repeat an instant', () => {
  test.each<[string, CalendarSpec, string, string, string]>([
    [
      'a day of 23 hours',
      calendar('day', 'Europe/Berlin'),
      '2026-03-29T12:00Z',
      '2026-03-28T23:00Z',
      '2026-03-29T22:00Z',
    ],
    [
      'a day of 25 hours',
      calendar('day', 'Europe/Berlin'),
      '2026-10-25T12:00Z',
      '2026-10-24T22:00Z',
      '2026-10-25T23:00Z',
    ],
    [
      '02:00 the first time',
      calendar('hour', 'Europe/Berlin'),
      '2026-10-25T00:30Z',
      '2026-10-25T00:00Z',
      '2026-10-25T01:00Z',
    ],
    [
      '02:00 the second time',
      calendar('hour', 'Europe/Berlin'),
      '2026-10-25T01:30Z',
      '2026-10-25T01:00Z',
      '2026-10-25T02:00Z',
    ],
    [
      'half an hour back',
      calendar('hour', 'Australia/Lord_Howe'),
      '2026-04-04T15:15Z',
      '2026-04-04T14:00Z',
      '2026-04-04T15:30Z',
    ],
    [
      'half an hour on, at the change itself',
      calendar('hour', 'Australia/Lord_Howe'),
      '2026-10-03T15:30Z',
      '2026-10-03T14:30Z',
      '2026-10-03T16:00Z',
    ],
    [
      'day of 24.5 hours',
      calendar('day', 'Australia/Lord_Howe'),
      '2026-04-05T00:00Z',
      '2026-04-04T13:00Z',
      '2026-04-05T13:30Z',
    ],
    [
      'Ramadan ends',
      calendar('day', 'Africa/Casablanca'),
      '2026-03-22T12:00Z',
      '2026-03-22T00:00Z',
      '2026-03-22T23:00Z',
    ],
    [
      'no midnight',
      calendar('day', 'America/Sao_Paulo'),
      '2018-11-04T12:00Z',
      '2018-11-04T03:00Z',
      '2018-11-05T02:00Z',
    ],
    [
      'before no midnight',
      calendar('day', 'America/Sao_Paulo'),
      '2018-11-04T02:59Z',
      '2018-11-03T03:00Z',
      '2018-11-04T03:00Z',
    ],
    [
      '23:00 twice',
      calendar('day', 'America/Sao_Paulo'),
      '2018-02-18T02:30Z',
      '2018-02-17T02:00Z',
      '2018-02-18T03:00Z',
    ],
    [
      'midnight twice, before',
      calendar('day', 'America/St_Johns'),
      '2010-11-07T02:29Z',
      '2010-11-06T02:30Z',
      '2010-11-07T02:30Z',
    ],
    [
      'midnight twice, first',
      calendar('day', 'America/St_Johns'),
      '2010-11-07T02:30Z',
      '2010-11-07T02:30Z',
      '2010-11-08T03:30Z',
    ],
    [
      'midnight twice, between',
      calendar('day', 'America/St_Johns'),
      '2010-11-07T03:00Z',
      '2010-11-07T02:30Z',
      '2010-11-08T03:30Z',
    ],
    [
      'the day before none',
      calendar('day', 'Pacific/Apia'),
      '2011-12-30T09:59Z',
      '2011-12-29T10:00Z',
      '2011-12-30T10:00Z',
    ],
    [
      'the day after none',
      calendar('day', 'Pacific/Apia'),
      '2011-12-30T10:00Z',
      '2011-12-30T10:00Z',
      '2011-12-31T10:00Z',
    ],
    [
      'a month without its 30th',
      calendar('month', 'Pacific/Apia'),
      '2011-12-30T10:00Z',
      '2011-12-01T10:00Z',
      '2011-12-31T10:00Z',
    ],
  ])('%s', (_, spec, at, start, end) => {
    expect(iso(spec, at)).toEqual([start, end]);
  });
});

/** Zones whose clocks have done something odd, and some that have not. */
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'Africa/Monrovia',
  'Pacific/Apia',
  'Pacific/Kwajalein',
  'Pacific/Kiritimati',
  'America/Sao_Paulo',
  'America/St_Johns',
  'America/Caracas',
  'Antarctica/Troll',
  'Antarctica/Casey',
  'Asia/Gaza',
  'Asia/Pyongyang',
  'Etc/GMT+12',
];

/** Instants around which something happens in one of the zones, plus any other from 1970 to 2100. */
const CHANGES = [
  '2011-12-30T10:00Z',
  '2018-11-04T03:00Z',
  '2010-11-07T02:31Z',
  '2026-10-25T01:00Z',
  '1993-08-21T12:00Z',
];
const instant = fc.oneof(
  fc.integer({ min: 0, max: Date.UTC(2100, 0) }),
  fc
    .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -2 * DAY, max: 2 * DAY }))
    .map(([at, by]) => Date.parse(at) + by),
);
const calendarSpec: fc.Arbitrary<WindowSpec> = fc.record({
  kind: fc.constant('calendar' as const),
  unit: fc.constantFrom(...CALENDAR_UNITS),
  zone: fc.constantFrom(...ZONES),
  startDay: fc.integer({ min: 1, max: 28 }),
  startMonth: fc.integer({ min: 1, max: 12 }),
  startWeekday: fc.integer({ min: 1, max: 7 }),
});
const rollingSpec: fc.Arbitrary<WindowSpec> = fc
  .tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 90 * 60 }))
  .map(([buckets, seconds]) => ({ kind: 'rolling', bucketMs: seconds * 1000, durationMs: buckets * seconds * 1000 }));

describe('windows tile time', () => {
  it('each holds its instant, and its neighbours begin and end exactly where it does', () => {
    fc.assert(
      fc.property(fc.oneof(calendarSpec, rollingSpec), instant, (spec, at) => {
        const { start, end } = windowAt(spec, at);
        expect(start).toBeLessThanOrEqual(at);
        expect(at).toBeLessThan(end);
        // Fresh specs: the answer must not come from the cache.
        expect(windowAt({ ...spec }, start)).toEqual({ start, end });
        expect(windowAt({ ...spec }, end - 1)).toEqual({ start, end });
        expect(windowAt({ ...spec }, end).start).toBe(end);
        expect(windowAt({ ...spec }, start - 1).end).toBe(start);
      }),
      { numRuns: 1500 },
    );
  });

  it('is the same whatever was asked before', () => {
    fc.assert(
      fc.property(calendarSpec, fc.array(instant, { maxLength: 8 }), instant, (spec, before, at) => {
        for (const other of before) windowAt(spec, other);
        expect(windowAt(spec, at)).toEqual(windowAt({ ...spec }, at));
      }),
    );
  });

  it('is no longer than its unit and a clock change', () => {
    const longest = {
      hour: 2 * HOUR,
      day: 2 * DAY,
      week: 8 * DAY,
      month: 32 * DAY,
      quarter: 93 * DAY,
      year: 367 * DAY,
    };
    fc.assert(
      fc.property(calendarSpec, instant, (spec, at) => {
        const { start, end } = windowAt(spec, at);
        expect(end - start).toBeLessThanOrEqual(longest[(spec as CalendarSpec).unit]);
      }),
    );
  });

  it('takes an instant between two milliseconds, and answers whole ones', () => {
    expect(windowAt(calendar('day', 'UTC'), DAY - 0.5)).toEqual({ start: 0, end: DAY });
  });

  it('hands out a window that nobody can change', () => {
    expect(windowAt(calendar('day', 'UTC'), 0)).toSatisfy(Object.isFrozen);
  });

  test.each<[string, WindowSpec, number]>([
    ['an unknown zone', calendar('day', 'Mars/Base'), 0],
    ['no instant', calendar('day', 'UTC'), Number.NaN],
    ['an instant outside the calendar', calendar('day', 'UTC'), 9e15],
    ['no instant of a rolling window', { kind: 'rolling', durationMs: DAY, bucketMs: HOUR }, Number.NaN],
  ])('throws a RangeError for %s', (_, spec, at) => {
    expect(() => windowAt(spec, at)).toThrow(RangeError);
  });
});

describe('a rolling window', () => {
  const spec: WindowSpec = { kind: 'rolling', durationMs: 24 * HOUR, bucketMs: HOUR };

  it('is its current sub-bucket, aligned to the epoch', () => {
    expect(windowAt(spec, 100 * HOUR + 1)).toEqual({ start: 100 * HOUR, end: 101 * HOUR });
  });

  test.each([
    ['just after a sub-bucket began, yesterday’s still counts', 100 * HOUR + 1, 76 * HOUR],
    ['when a sub-bucket begins, one drops out', 100 * HOUR, 76 * HOUR],
    ['just before, the older one counts', 100 * HOUR - 1, 75 * HOUR],
  ])('%s', (_, at, since) => {
    expect(sinceAt(spec, at)).toBe(since);
  });

  it('counts all that was spent in the last duration, and nothing older than a sub-bucket more', () => {
    fc.assert(
      fc.property(rollingSpec, instant, fc.double({ min: 0, max: 2, noNaN: true }), (rolling, at, share) => {
        const { durationMs, bucketMs } = rolling as Extract<WindowSpec, { kind: 'rolling' }>;
        const age = Math.floor(share * durationMs);
        const counts = windowAt({ ...rolling }, at - age).end > sinceAt(rolling, at);
        if (age <= durationMs) expect(counts).toBe(true);
        if (age > durationMs + bucketMs) expect(counts).toBe(false);
      }),
    );
  });

  it('has room again at the first instant at which less counts', () => {
    fc.assert(
      fc.property(rollingSpec, instant, (rolling, at) => {
        const ends = endsAt(rolling, at);
        expect(ends).toBeGreaterThan(at);
        expect(sinceAt(rolling, ends - 1)).toBe(sinceAt(rolling, at));
        expect(sinceAt(rolling, ends)).toBeGreaterThan(sinceAt(rolling, at));
      }),
    );
  });
});

it('a calendar window counts since its start, and has room again at its end', () => {
  fc.assert(
    fc.property(calendarSpec, instant, (spec, at) => {
      expect({ start: sinceAt(spec, at), end: endsAt(spec, at) }).toEqual(windowAt(spec, at));
    }),
  );
});

test.each([
  ['UTC', true],
  ['Europe/Berlin', true],
  ['America/Argentina/Buenos_Aires', true],
  ['Etc/GMT+5', true],
  ['+02:00', false],
  ['Mars/Base', false],
  ['Berlin', false],
  ['', false],
  ['2026-01-01T00:00[UTC]', false],
  ['UTC ', false],
])('isZone(%j) is %j', (name, expected) => {
  expect(isZone(name)).toBe(expected);
});

it('every zone that isZone accepts can have windows', () => {
  for (const zone of Intl.supportedValuesOf('timeZone')) {
    expect(isZone(zone), zone).toBe(true);
    expect(windowAt(calendar('day', zone), 0).end, zone).toBeGreaterThan(0);
  }
});

test.each<[WindowSpec, string]>([
  [calendar('month', 'Europe/Berlin', { startDay: 15 }), 'month in Europe/Berlin, from day 15'],
  [calendar('month', 'UTC'), 'month in UTC'],
  [calendar('month', 'UTC', { startDay: 1 }), 'month in UTC'],
  [calendar('day', 'Asia/Tokyo'), 'day in Asia/Tokyo'],
  [calendar('week', 'UTC', { startWeekday: 7 }), 'week in UTC, from Sunday'],
  [calendar('week', 'UTC', { startWeekday: 1 }), 'week in UTC'],
  [calendar('quarter', 'UTC', { startMonth: 2 }), 'quarter in UTC, from February'],
  [calendar('year', 'UTC', { startMonth: 4, startDay: 6 }), 'year in UTC, from April 6'],
  [calendar('year', 'UTC', { startDay: 6 }), 'year in UTC, from January 6'],
  [{ kind: 'rolling', durationMs: DAY, bucketMs: HOUR }, 'rolling 24 hours'],
  [{ kind: 'rolling', durationMs: 2 * DAY, bucketMs: HOUR }, 'rolling 48 hours'],
  [{ kind: 'rolling', durationMs: 30 * DAY, bucketMs: DAY }, 'rolling 30 days'],
  [{ kind: 'rolling', durationMs: HOUR, bucketMs: 60_000 }, 'rolling 1 hour'],
  [{ kind: 'rolling', durationMs: 1.5 * HOUR, bucketMs: 60_000 }, 'rolling 90 minutes'],
])('%o is described as "%s"', (spec, text) => {
  expect(describeWindow(spec)).toBe(text);
});
