/**
 * The tests of an SDK. Newest and previous major, as `import` and `require` find it and in a bundle: an application sees the same
 * with us as without us, the provider gets the same requests, each attempt is settled once, and a decision is obeyed.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { brief, type Combination, casesOf, combinationsOf, LIMIT, type Outcome, runCombination } from './run.ts';
import type { Sdk } from './sdk.ts';

/** The processes mostly wait, for timeouts and retries: a few of them at a time, ahead of the tests that judge them. */
const AT_ONCE = 4;

/** The whole of a test file. */
export function testSdk(sdk: Sdk): void {
  const queue = combinationsOf(sdk).map((combination) => ({ combination, ...Promise.withResolvers<Outcome>() }));
  for (const { promise } of queue) promise.catch(() => {}); // Its own tests say so.
  beforeAll(() => {
    const waiting = [...queue];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift())
        await runCombination(next.combination).then(next.resolve, next.reject);
    };
    for (let worker = 0; worker < AT_ONCE; worker += 1) void work();
  });
  describe.each(queue.map((one) => ({ ...one, title: titleOf(one.combination) })))('$title', judge);
}

function judge({ combination, promise }: { combination: Combination; promise: Promise<Outcome> }): void {
  const { sdk, load } = combination;
  const atFetch = load === 'bundle' || combination.package.atFetch === true;
  const expected = casesOf(combination);
  let outcome: Outcome;

  beforeAll(async () => {
    outcome = await promise;
  }, 240_000);

  const heardOf = (label: string) =>
    outcome.stub.settlements.filter(({ attribution }) => attribution.workflow === label);

  test.each(Object.entries(expected))('%s', (label, settlements) => {
    expect(outcome.instrumented[label]).toEqual(outcome.bare[label]);
    expect(heardOf(label).map(brief)).toEqual(settlements);
  });

  test('every case is expected, and each reservation is settled', () => {
    expect(Object.keys(outcome.bare).sort()).toEqual(Object.keys(expected).sort());
    const settled = new Set(outcome.stub.settlements.map((settlement) => settlement.attempt_id));
    const open = outcome.stub.reservations.filter(({ attempt_id }) => !settled.has(attempt_id));
    const left = open.map(({ attribution }) => attribution.workflow ?? '');
    expect(left.filter((label) => !label.startsWith('denied') && !sdk.left?.includes(label))).toEqual([]);
    // On a machine under load a decision may take longer than it may; then that is said, and nothing else changes.
    expect(outcome.stderr.replace(/^spendfuse: the server \S+ is (unreachable.*|back)\n/gm, '')).toBe('');
  });

  test('the provider is known also where its host is not', () => {
    const named = new Set(outcome.stub.reservations.map((reservation) => reservation.provider));
    expect([...named].sort()).toEqual([...sdk.providers].sort());
  });

  test('no key, prompt or completion leaves for the server', () => {
    const { sessions, reservations, settlements } = outcome.stub;
    expect(JSON.stringify([sessions, reservations, settlements])).not.toMatch(/secret|Grüße|fuse |sleeps/);
  });

  if (sdk.retriesAreOneCall && !atFetch) {
    const retried = Object.keys(expected).filter((label) => label.endsWith('then ok'));
    test.each(retried)('%s: two attempts of one call', (label) => {
      const calls = heardOf(label);
      expect(new Set(calls.map((call) => call.call_id)).size).toBe(1);
      expect(new Set(calls.map((call) => call.attempt_id)).size).toBe(2);
    });
  }

  const { acting } = sdk;
  if (!acting) return;

  test('a denial is told in the SDK’s own way', () => {
    expect(outcome.instrumented.denied?.error).toMatchObject(matching(acting.denied(atFetch)));
  });

  test.each(['denied', 'denied for now'])('%s: one attempt, which is not tried again', (label) => {
    expect(outcome.instrumented[label]).toHaveProperty('error');
    const asked = outcome.stub.reservations.filter(({ attribution }) => attribution.workflow === label);
    expect(asked).toHaveLength(1);
    expect(heardOf(label)).toEqual([]);
  });

  test('the provider gets what it would get without us, and what is sent in place of something dearer', () => {
    const { bare, instrumented } = outcome.sent;
    expect(instrumented).toHaveLength(bare.length + 1);
    expect(acting.limit(instrumented.at(-1)!.body)).toBe(LIMIT);
    expect(JSON.stringify([instrumented.at(-1)!.path, instrumented.at(-1)!.body.model])).toContain(acting.model);
  });

  test('a downgrade is answered and settled as what was sent', () => {
    expect(outcome.instrumented.downgraded).toHaveProperty('result');
    expect(heardOf('downgraded').map(({ model, end, measured }) => [model, end, measured])).toEqual([
      [acting.model, 'settled', true],
    ]);
  });
}

function titleOf({ package: { name }, load }: Combination): string {
  return `${name} by ${load}`;
}

/** Patterns as vitest takes them. */
function matching(what: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(what).map(([key, value]) => [
    key,
    value instanceof RegExp ? expect.stringMatching(value) : value,
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}
