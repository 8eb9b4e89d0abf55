import fc from 'fast-check';
import type { Budget, BudgetInstance, Threshold } from '../../src/domain/budget.ts';
import { instanceOf } from '../../src/domain/instance.ts';
import { parseUsd } from '../../src/domain/money.ts';

export const UTC_MONTH = { kind: 'calendar', unit: 'month', zone: 'UTC' } as const;
export const ROLLING_DAY = { kind: 'rolling', durationMs: 86_400_000, bucketMs: 3_600_000 } as const;

/** A budget of $100 a month that nothing else is said about. */
export function budget(terms: Partial<Budget> = {}): Budget {
  return {
    name: 'search',
    match: {},
    per: [],
    overrides: [],
    maxInstances: 1000,
    limitNanoUsd: parseUsd('100'),
    window: UTC_MONTH,
    thresholds: [],
    whenUnreachable: 'block',
    holds: 'strict',
    shadow: false,
    owner: 'platform',
    ...terms,
  };
}

/** A threshold as a table writes it: `threshold(90, { action: 'block' })`. */
export function threshold(percent: number, rest: Partial<Threshold> = {}): Threshold {
  return { atBasisPoints: Math.round(percent * 100), notify: [], severity: 'warning', ...rest };
}

export function instance(terms: Partial<Budget> = {}): BudgetInstance {
  return instanceOf(budget(terms), {}, () => false);
}

export const usd = parseUsd;

/** Every UTF-16 string: half surrogates, control characters and the key's own punctuation among them. */
export const anyText = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes)),
  fc.string({ unit: fc.constantFrom('%', '{', '}', ',', '=', '2', 'C', 'u', 'D', '8', '0', '\0', '\ud83e', '\udd8a') }),
);
