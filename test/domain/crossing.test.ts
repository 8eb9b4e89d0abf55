import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { AlertEvent } from '../../src/domain/alert.ts';
import type { Budget } from '../../src/domain/budget.ts';
import {
  type Crossing,
  crossings,
  deniedEvent,
  eventId,
  firedStill,
  stateOf,
  unpricedEvent,
} from '../../src/domain/evaluate.ts';
import { sinceAt, windowAt } from '../../src/domain/window.ts';
import { instance, ROLLING_DAY, threshold, usd } from './fixtures.ts';

const NOVEMBER_22 = Date.UTC(2026, 10, 22);
const HOUR = 3_600_000;
const usual = [
  threshold(50),
  threshold(75),
  threshold(90, { severity: 'critical' }),
  threshold(100, { action: 'block' }),
];

/** A settlement that brought the instance to so many dollars. */
function crossing(dollars: string, rest: Partial<Crossing> = {}, terms: Partial<Budget> = {}): Crossing {
  const one = rest.instance ?? instance({ thresholds: usual, ...terms });
  const at = rest.at ?? NOVEMBER_22;
  return {
    instance: one,
    window: windowAt(one.window, at),
    spentNanoUsd: usd(dollars),
    already: new Set(),
    at,
    ...rest,
  };
}

const shares = (events: readonly AlertEvent[]) => events.map(({ thresholdBasisPoints }) => thresholdBasisPoints / 100);

describe('thresholds fire', () => {
  test.each<[string, string, number[], number[]]>([
    ['not below the first', '49.999999999', [], []],
    ['at it', '50', [], [50]],
    ['all that one attempt jumps over, lowest first', '95', [], [50, 75, 90]],
    ['only those that have not', '95', [50, 75], [90]],
    ['none twice', '95', [50, 75, 90], []],
    ['the cap itself', '100', [50, 75, 90], [100]],
  ])('%s', (_, dollars, fired, expected) => {
    const already = new Set(fired.map((percent) => percent * 100));
    expect(shares(crossings(crossing(dollars, { already })))).toEqual(expected);
  });

  it('not under a limit of zero before anything is spent', () => {
    expect(crossings(crossing('0', {}, { limitNanoUsd: 0n }))).toEqual([]);
    expect(shares(crossings(crossing('0.01', {}, { limitNanoUsd: 0n })))).toEqual([50, 75, 90, 100]);
  });

  it('in shadow too, and say so', () => {
    expect(crossings(crossing('50', {}, { shadow: true }))).toMatchObject([
      { thresholdBasisPoints: 5000, shadow: true },
    ]);
  });

  it('with a condition at the first attempt that meets it', () => {
    const thresholds = [threshold(80, { when: { workflow: ['batch'] }, action: 'pause' })];
    const by = (workflow?: string) =>
      crossings(crossing('85', workflow ? { attribution: { workflow } } : {}, { thresholds })).length;
    expect([by(), by('chat'), by('batch')]).toEqual([0, 0, 1]);
  });

  it('as one event where several stand at the same share: told together, the strictest action', () => {
    const thresholds = [
      threshold(90, { action: 'downgrade', notify: ['finance', 'team'], severity: 'info' }),
      threshold(90, { action: 'block', notify: ['finance', 'boss'], severity: 'critical' }),
      threshold(90, { action: 'pause' }),
    ];
    expect(crossings(crossing('90', {}, { thresholds }))).toMatchObject([
      { action: 'block', notify: ['finance', 'team', 'boss'], severity: 'critical' },
    ]);
  });
});

it('an event says what happened, to whom and where', () => {
  const one = instance({ name: 'search', thresholds: usual, owner: 'search-team' });
  expect(crossings(crossing('76', { instance: one, already: new Set([5000]), attemptId: 'attempt-1' }))).toEqual([
    {
      id: eventId('threshold', 'search', Date.UTC(2026, 10, 1), 7500),
      kind: 'threshold',
      budget: 'search',
      instance: 'search',
      labels: {},
      window: { start: Date.UTC(2026, 10, 1), end: Date.UTC(2026, 11, 1) },
      thresholdBasisPoints: 7500,
      severity: 'warning',
      state: 'soft',
      owner: 'search-team',
      notify: [],
      limitNanoUsd: usd('100'),
      spentNanoUsd: usd('76'),
      shadow: false,
      attemptId: 'attempt-1',
      createdAt: NOVEMBER_22,
    },
  ]);
});

describe('the identity of an event', () => {
  const [event] = crossings(crossing('50'));

  test.each<[string, Crossing, boolean]>([
    ['is the same when told again later, at another amount', crossing('60', { at: NOVEMBER_22 + HOUR }), true],
    ['is the same under a raised limit', crossing('60', {}, { limitNanoUsd: usd('120') }), true],
    ['is another in another window', crossing('50', { at: Date.UTC(2026, 11, 1) }), false],
    ['is another for another budget', crossing('50', {}, { name: 'other' }), false],
    ['is another for another threshold', crossing('50', {}, { thresholds: [threshold(49)] }), false],
  ])('%s', (_, again, same) => {
    expect(crossings(again)[0]?.id === event?.id).toBe(same);
  });

  it('is URL-safe and short, and tells all parts apart', () => {
    const parts = fc.tuple(
      fc.constantFrom('threshold' as const, 'denied' as const, 'unpriced' as const),
      fc.string(),
      fc.integer(),
      fc.integer(),
    );
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        expect(eventId(...one)).toMatch(/^al_[\w-]{22}$/);
        expect(eventId(...one) === eventId(...other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });
});

it('however spending goes, a calendar window fires each threshold once and in the end all that were reached', () => {
  const postings = fc.array(fc.bigInt({ min: -usd('5'), max: usd('40') }), { maxLength: 30 });
  fc.assert(
    fc.property(postings, fc.integer({ min: 0, max: 30 }), (amounts, restartAt) => {
      const seen: AlertEvent[] = [];
      let already = new Set<number>();
      let [spent, peak] = [0n, 0n];
      amounts.forEach((amount, index) => {
        // A restart forgets what has fired; the ledger's unique ids make up for it.
        if (index === restartAt) already = new Set();
        const spentBeforeNanoUsd = spent;
        spent += amount;
        peak = spent > peak ? spent : peak;
        for (const event of crossings({ ...crossing('0'), spentNanoUsd: spent, spentBeforeNanoUsd, already })) {
          already.add(event.thresholdBasisPoints);
          if (!seen.some(({ id }) => id === event.id)) seen.push(event);
        }
      });
      const reached = [50, 75, 90, 100].filter((percent) => peak >= usd(`${percent}`));
      expect(shares(seen).sort((a, b) => a - b)).toEqual(reached);
    }),
  );
});

describe('a rolling threshold', () => {
  const rolling = instance({ window: ROLLING_DAY, thresholds: [threshold(50)] });
  const fired = new Set([5000]);

  test.each<[string, string, boolean]>([
    ['stays fired above itself', '60', true],
    ['stays fired 5 points below', '45', true],
    ['re-arms further below', '44.999999999', false],
  ])('%s', (_, dollars, still) => {
    expect(firedStill(rolling, fired, usd(dollars)).has(5000)).toBe(still);
  });

  it('of less than 5 % re-arms when nothing is left', () => {
    const low = instance({ window: ROLLING_DAY, thresholds: [threshold(3)] });
    expect(firedStill(low, new Set([300]), 1n).has(300)).toBe(true);
    expect(firedStill(low, new Set([300]), 0n).has(300)).toBe(false);
  });

  it('fires again when time emptied it and one attempt fills it', () => {
    const again = (spentBeforeNanoUsd: bigint) =>
      shares(crossings(crossing('60', { instance: rolling, already: fired, spentBeforeNanoUsd })));
    expect([again(usd('46')), again(usd('44'))]).toEqual([[], [50]]);
  });

  it('has an event that lives until its sub-bucket has dropped out', () => {
    const at = NOVEMBER_22 + 5.5 * HOUR;
    const [event] = crossings(crossing('60', { instance: rolling, at }));
    expect(event?.window).toEqual({ start: NOVEMBER_22 + 5 * HOUR, end: NOVEMBER_22 + 30 * HOUR });
    expect(sinceAt(ROLLING_DAY, event!.window.end)).toBe(NOVEMBER_22 + 6 * HOUR);
  });

  it('fires once for each rise from below the arming point, and never twice in a sub-bucket', () => {
    const steps = fc.array(fc.record({ wait: fc.integer({ min: 1, max: 20 * HOUR }), dollars: fc.nat(60) }));
    fc.assert(
      fc.property(steps, (list) => {
        const posted: { end: number; amount: bigint }[] = [];
        const ids: string[] = [];
        let [at, already] = [NOVEMBER_22, new Set<number>() as ReadonlySet<number>];
        let [armed, rises] = [true, 0];
        for (const { wait, dollars } of list) {
          at += wait;
          const spentNow = () =>
            posted.reduce((sum, { end, amount }) => (end > sinceAt(ROLLING_DAY, at) ? sum + amount : sum), 0n);
          const spentBeforeNanoUsd = spentNow();
          const window = windowAt(ROLLING_DAY, at);
          posted.push({ end: window.end, amount: usd(`${dollars}`) });
          const now = { instance: rolling, window, spentNanoUsd: spentNow(), spentBeforeNanoUsd, already, at };
          armed ||= spentBeforeNanoUsd < usd('45');
          if (armed && now.spentNanoUsd >= usd('50')) [armed, rises] = [false, rises + 1];
          const events = crossings(now);
          ids.push(...events.map(({ id }) => id));
          already = new Set([...firedStill(rolling, already, spentBeforeNanoUsd), ...events.map(() => 5000)]);
        }
        expect(ids).toHaveLength(rises);
        expect(new Set(ids).size).toBe(rises);
      }),
    );
  });
});

describe('a denied attempt', () => {
  test.each<[string, string, Partial<Crossing>, Partial<Budget>, boolean]>([
    ['is told from 90 % on', '90', {}, {}, true],
    ['is not told below', '89.999999999', {}, {}, false],
    ['is told once', '99', { already: new Set([0]) }, {}, false],
    ['is told although thresholds have fired', '99', { already: new Set([5000, 9000]) }, {}, true],
    ['is told under a limit of zero', '0', {}, { limitNanoUsd: 0n }, true],
  ])('%s', (_, dollars, rest, terms, told) => {
    expect(deniedEvent(crossing(dollars, rest, terms)) !== undefined).toBe(told);
  });

  it('makes the instance hard, and tells whom its cap tells', () => {
    const thresholds = [threshold(100, { action: 'block', notify: ['finance'] })];
    const event = deniedEvent(crossing('92', { attemptId: 'attempt-1' }, { thresholds }));
    expect(event).toMatchObject({
      kind: 'denied',
      thresholdBasisPoints: 0,
      state: 'hard',
      severity: 'critical',
      action: 'block',
      notify: ['finance'],
      attemptId: 'attempt-1',
    });
    expect(stateOf(instance({ thresholds }), { spentNanoUsd: usd('92'), deniedWhileNearCap: true })).toBe('hard');
  });

  it('names the action of the cap that it met', () => {
    const thresholds = [
      threshold(90, { action: 'pause', when: { workflow: ['batch'] } }),
      threshold(100, { action: 'block' }),
    ];
    const actionFor = (workflow: string) =>
      deniedEvent(crossing('95', { attribution: { workflow } }, { thresholds }))?.action;
    expect([actionFor('batch'), actionFor('chat')]).toEqual(['pause', 'block']);
  });

  it('in shadow names the action that would have been', () => {
    expect(deniedEvent(crossing('100', {}, { shadow: true }))).toMatchObject({ action: 'block', shadow: true });
  });

  it('of a rolling budget is told again once spent fell below 85 %', () => {
    const rolling = instance({ window: ROLLING_DAY, thresholds: usual });
    expect(firedStill(rolling, new Set([0]), usd('85')).has(0)).toBe(true);
    expect(firedStill(rolling, new Set([0]), usd('84.99')).has(0)).toBe(false);
  });
});

it('an unpriced attempt is told as a warning, with an identity of its own in its window', () => {
  const { already: _, ...attempt } = crossing('1', { attemptId: 'attempt-1' });
  const event = unpricedEvent(attempt);
  expect(event).toMatchObject({ kind: 'unpriced', severity: 'warning', thresholdBasisPoints: 0, state: 'ok' });
  expect(event.id).not.toBe(eventId('denied', 'search', event.window.start, 0));
  expect(unpricedEvent({ ...attempt, at: NOVEMBER_22 + HOUR }).id).toBe(event.id);
});
