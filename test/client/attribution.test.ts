import { describe, expect, test } from 'vitest';
import { Attributions, withAttribution } from '../../src/client/attribution.ts';
import { BudgetExceededError } from '../../src/client/errors.ts';
import { uuidv7 } from '../../src/client/ids.ts';
import { isoInstant } from '../../src/client/instant.ts';
import { fingerprint } from '../../src/domain/fingerprint.ts';

const now = () => new Attributions({ service: 'api', team: 'core' }, []).now(undefined);

describe('withAttribution', () => {
  test('adds to and overrides what the process says, and nests', () => {
    const seen = withAttribution({ team: 'support', customer: 'acme' }, () =>
      withAttribution({ customer: 'globex', workflow: 'chat' }, now),
    );
    expect(seen).toEqual({ service: 'api', team: 'support', customer: 'globex', workflow: 'chat' });
    expect(now()).toEqual({ service: 'api', team: 'core' });
  });

  test('holds over await, and keeps concurrent flows apart', async () => {
    const flow = (customer: string) =>
      withAttribution({ customer }, async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return now().customer;
      });
    expect(await Promise.all([flow('a'), flow('b'), flow('c')])).toEqual(['a', 'b', 'c']);
  });

  test('returns what the function returns and throws what it throws', () => {
    expect(withAttribution({ team: 'x' }, () => 5)).toBe(5);
    expect(() =>
      withAttribution({ team: 'x' }, () => {
        throw new Error('mine');
      }),
    ).toThrow('mine');
  });

  test.each([
    ['too long', 'x'.repeat(257)],
    ['empty', ''],
    ['a control character', 'a\nb'],
    ['an object', {}],
  ])('leaves out a value that is %s', (_, team) => {
    expect(withAttribution({ team } as never, now)).toEqual({ service: 'api', team: 'core' });
  });

  test('writes numbers out and ignores what is no dimension', () => {
    expect(withAttribution({ customer: 42, tema: 'x' } as never, now)).toEqual({
      service: 'api',
      team: 'core',
      customer: '42',
    });
  });
});

test('the fingerprint of a key is the one that everybody knows, however many keys there are', () => {
  const attributions = new Attributions({ team: 'core' }, []);
  const known = { team: 'core', api_key: fingerprint('sk-1') };
  expect(attributions.now('sk-1')).toEqual(known);
  for (let key = 0; key < 3000; key++) attributions.now(`sk-${key}`);
  expect(attributions.now('sk-1')).toEqual(known);
  expect(attributions.now(undefined)).toEqual({ team: 'core' });
  expect(withAttribution({ team: 'search' }, () => attributions.now('sk-1'))).toEqual({ ...known, team: 'search' });
});

test.each([0, 1, 999, 1000, 1_790_000_000_007, 1_790_000_000_999, 1_790_000_001_000])('instant %d', (ms) => {
  expect(isoInstant(ms)).toBe(new Date(ms).toISOString());
});

test('ids are UUIDs of version 7 that sort by time and never repeat', () => {
  const ids = Array.from({ length: 2000 }, (_, at) => uuidv7(1_790_000_000_000 + at));
  expect(new Set(ids).size).toBe(2000);
  expect([...ids].sort()).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('the same is said by the same object, and another by another, however many there are', () => {
  const attributions = new Attributions({ team: 'core' }, []);
  const of = (customer: string) => withAttribution({ customer }, () => attributions.now(undefined));
  expect(of('a')).toBe(of('a'));
  expect(of('a')).toEqual({ team: 'core', customer: 'a' });
  expect(of('b')).not.toBe(of('a'));
  for (let at = 0; at < 10_000; at += 1) expect(of(`c${at}`).customer).toBe(`c${at}`);
});

describe('BudgetExceededError', () => {
  const base = { code: 'exhausted', action: 'block', budget: 'b', detail: 'why' } as const;

  test.each([
    [{ ...base }, 402, 'This feature has reached its spending limit.'],
    [{ ...base, action: 'pause' as const }, 429, 'This feature is paused because its spending limit is reached.'],
    [
      { ...base, code: 'contended' as const },
      429,
      'This feature is very busy right now. Please try again in a moment.',
    ],
    [{ ...base, code: 'unreachable' as const, budget: null }, 402, 'This feature is not available right now.'],
  ])('%o', (denial, status, userMessage) => {
    const error = new BudgetExceededError(denial);
    expect(error).toMatchObject({ status, userMessage, code: denial.code });
    expect(error.message).toContain('why');
    expect(error.userMessage).not.toContain('"b"');
  });

  test('is known by instanceof, also over copies of the package', () => {
    const error = new BudgetExceededError(base);
    expect(error instanceof BudgetExceededError).toBe(true);
    expect(error instanceof Error).toBe(true);
    expect(new Error('no') instanceof BudgetExceededError).toBe(false);
  });
});
