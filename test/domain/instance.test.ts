import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type Attribution, DIMENSIONS } from '../../src/domain/attribution.ts';
import type { Budget } from '../../src/domain/budget.ts';
import {
  instanceKey,
  matchBudgets,
  overflowInstance,
  parseInstanceKey,
  resolveInstance,
} from '../../src/domain/instance.ts';
import { anyText, budget, ROLLING_DAY, threshold, usd } from './fixtures.ts';

const nobody = () => false;
const anybody = () => true;

const anyLabels = fc.dictionary(fc.constantFrom(...DIMENSIONS), anyText, { maxKeys: 4 }) as fc.Arbitrary<Attribution>;

describe('the key of an instance', () => {
  test.each<[string, Attribution, string]>([
    ['search', {}, 'search'],
    ['team-month', { team: 'support', environment: 'production' }, 'team-month{environment=production,team=support}'],
    ['team-month', { environment: 'production', team: 'support' }, 'team-month{environment=production,team=support}'],
    ['user', { user: 'a,team=b}' }, 'user{user=a%2Cteam%3Db%7D}'],
    ['user', { user: '100%' }, 'user{user=100%25}'],
    ['user', { user: 'line\nbreak\0' }, 'user{user=line%0Abreak%00}'],
    ['user', { user: '日本 🦊' }, 'user{user=日本 🦊}'],
    ['user', { user: '\ud83e' }, 'user{user=%uD83E}'],
    ['a{b=c}', {}, 'a%7Bb%3Dc%7D'],
  ])('%s of %o is %s', (name, labels, key) => {
    expect(instanceKey(name, labels)).toBe(key);
  });

  it('is equal for equal instances only, whatever characters names and values have', () => {
    const sorted = (labels: Attribution) => Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
    fc.assert(
      fc.property(anyText, anyLabels, anyText, anyLabels, (name, labels, otherName, otherLabels) => {
        const same = name === otherName && JSON.stringify(sorted(labels)) === JSON.stringify(sorted(otherLabels));
        expect(instanceKey(name, labels) === instanceKey(otherName, otherLabels)).toBe(same);
        // One character apart is where an ambiguous key would show.
        expect(instanceKey(name, { team: labels.team ?? '', user: 'x' })).not.toBe(
          instanceKey(name, { team: `${labels.team ?? ''},user=x` }),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('reads back as it was written', () => {
    fc.assert(
      fc.property(anyText, anyLabels, (name, labels) => {
        expect(parseInstanceKey(instanceKey(name, labels))).toEqual({ budget: name, labels });
      }),
    );
  });

  it('reads back line and paragraph separators, which end a line for a pattern', () => {
    const labels = { organization: '\u2028', team: '\u2029' };
    expect(parseInstanceKey(instanceKey('search', labels))).toEqual({ budget: 'search', labels });
  });

  test.each([
    'search{}',
    'search{team}',
    'search{planet=mars}',
    'search{team=a,team=b}',
    'search{team=a,environment=b}',
    'search{team=a',
    'search}',
    'search{team=a}{user=b}',
    'search{team=%2c}',
    'search{team=%41}',
    'search{team=100%}',
    'search{team=a=b}',
  ])('%s is nobody’s', (key) => {
    expect(parseInstanceKey(key)).toBeUndefined();
  });

  it('survives a database that keeps UTF-8', () => {
    fc.assert(
      fc.property(anyText, anyLabels, (name, labels) => {
        const key = instanceKey(name, labels);
        expect(key.isWellFormed()).toBe(true);
        expect(key).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});

describe('an attempt', () => {
  test.each<[string, Partial<Budget>, Attribution, string | undefined]>([
    ['counts towards a budget without a match', {}, { team: 'support' }, 'search'],
    ['counts towards a budget that matches', { match: { team: ['sup*'] } }, { team: 'support' }, 'search'],
    ['does not count towards another', { match: { team: ['sales'] } }, { team: 'support' }, undefined],
    ['has the instance of its value', { per: ['team'] }, { team: 'support' }, 'search{team=support}'],
    ['without a value is (unset)', { per: ['team'] }, {}, 'search{team=(unset)}'],
    ['with an empty value is (unset)', { per: ['team'] }, { team: '' }, 'search{team=(unset)}'],
    [
      'has one instance for each combination',
      { per: ['team', 'environment'] },
      { team: 'support', model: 'gpt-4.1' },
      'search{environment=(unset),team=support}',
    ],
  ])('%s', (_, terms, attribution, key) => {
    expect(resolveInstance(budget(terms), attribution, nobody)?.key).toBe(key);
  });

  it('counts towards every budget that matches, in the budgets’ order', () => {
    const budgets = [
      budget({ name: 'b', per: ['team'] }),
      budget({ name: 'x', match: { team: ['sales'] } }),
      budget({ name: 'a' }),
    ];
    expect(matchBudgets(budgets, { team: 'support' }, nobody).map(({ key }) => key)).toEqual(['b{team=support}', 'a']);
  });

  it('leaves its budget and its attribution as they were', () => {
    const frozen = Object.freeze(budget({ per: Object.freeze(['team'] as const), ownerBy: 'team' }));
    const attribution = Object.freeze({ team: 'support' });
    const instance = resolveInstance(frozen, attribution, anybody);
    expect(instance).toMatchObject({ budget: frozen, labels: { team: 'support' }, owner: 'support' });
    expect(frozen.owner).toBe('platform');
  });
});

describe('overrides', () => {
  const perTeam = budget({
    per: ['team', 'environment'],
    thresholds: [threshold(50)],
    overrides: [
      { match: { team: ['s*'] }, terms: { limitNanoUsd: usd('500'), shadow: true } },
      { match: { team: ['support'], environment: ['production'] }, terms: { limitNanoUsd: usd('5000') } },
      {
        match: { team: ['search'] },
        terms: { window: ROLLING_DAY, thresholds: [threshold(100, { action: 'block' })] },
      },
      { match: { team: ['(other)'] }, terms: { limitNanoUsd: usd('7') } },
    ],
  });

  test.each<[string, Attribution, string, boolean]>([
    ['do not touch others', { team: 'ops' }, '100', false],
    ['apply to all that match', { team: 'sales' }, '500', true],
    ['apply together, the later over the earlier', { team: 'support', environment: 'production' }, '5000', true],
    ['need all their dimensions', { team: 'support', environment: 'staging' }, '500', true],
  ])('%s', (_, attribution, limit, shadow) => {
    expect(resolveInstance(perTeam, attribution, nobody)).toMatchObject({ limitNanoUsd: usd(limit), shadow });
  });

  it('change a window and thresholds as a whole', () => {
    const { window, thresholds } = resolveInstance(perTeam, { team: 'search' }, nobody)!;
    expect({ window, thresholds }).toEqual({ window: ROLLING_DAY, thresholds: [threshold(100, { action: 'block' })] });
  });

  it('may name the overflow instance', () => {
    expect(overflowInstance(perTeam, nobody)).toMatchObject({
      key: 'search{environment=(other),team=(other)}',
      labels: { team: '(other)', environment: '(other)' },
      limitNanoUsd: usd('7'),
    });
  });

  it('cannot give two attempts of one instance two limits', () => {
    const byModel = budget({ per: ['team'], overrides: [{ match: { model: ['*'] }, terms: { limitNanoUsd: 1n } }] });
    const limits = [{ team: 'a', model: 'gpt-4.1' }, { team: 'a' }].map(
      (attribution) => resolveInstance(byModel, attribution, nobody)?.limitNanoUsd,
    );
    expect(limits).toEqual([usd('100'), usd('100')]);
  });

  it('see what the budget’s match pins to one value', () => {
    const overrides = [{ match: { environment: ['production'] }, terms: { limitNanoUsd: usd('1') } }];
    const limitOf = (environment: string[]) =>
      resolveInstance(budget({ match: { environment }, overrides }), { environment: 'production' }, nobody)
        ?.limitNanoUsd;
    expect(limitOf(['production'])).toBe(usd('1'));
    expect(limitOf(['production', 'staging'])).toBe(usd('100'));
    expect(limitOf(['prod*'])).toBe(usd('100'));
  });
});

describe('the owner of an instance', () => {
  const known = (name: string) => ['support', 'sales'].includes(name);
  test.each<[string, Partial<Budget>, Attribution, string]>([
    ['is the budget’s', { per: ['team'] }, { team: 'support' }, 'platform'],
    ['is the value that names one', { per: ['team'], ownerBy: 'team' }, { team: 'support' }, 'support'],
    ['is the budget’s when the value names nobody', { per: ['team'], ownerBy: 'team' }, { team: 'ops' }, 'platform'],
    ['is the budget’s when there is no value', { per: ['team'], ownerBy: 'team' }, {}, 'platform'],
    [
      'is the one value that the match allows',
      { match: { team: ['sales'] }, ownerBy: 'team' },
      { team: 'sales' },
      'sales',
    ],
    [
      'is whom an override names, before all',
      { per: ['team'], ownerBy: 'team', overrides: [{ match: { team: ['support'] }, terms: { owner: 'boss' } }] },
      { team: 'support' },
      'boss',
    ],
  ])('%s', (_, terms, attribution, owner) => {
    expect(resolveInstance(budget(terms), attribution, known)?.owner).toBe(owner);
  });
});
