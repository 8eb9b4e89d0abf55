import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Attribution, Dimension } from '../../src/domain/attribution.ts';
import type { Budget } from '../../src/domain/budget.ts';
import { matchBudgets } from '../../src/domain/instance.ts';
import { compileBudgets } from '../../src/domain/matcher.ts';
import { budget, usd } from './fixtures.ts';

const knownOwner = (name: string) => name === 'a';
const dimensions: Dimension[] = ['team', 'environment', 'model'];
const value = fc.constantFrom('a', 'b', 'a:b', '-', '1:a', '');
const anyAttribution = fc.dictionary(fc.constantFrom(...dimensions), value) as fc.Arbitrary<Attribution>;
const patterns = fc.array(fc.constantFrom('a', 'b', 'a*', '*', '-'), { minLength: 1, maxLength: 2 });
const anyBudget: fc.Arbitrary<Budget> = fc
  .record({
    match: fc.dictionary(fc.constantFrom(...dimensions), patterns),
    per: fc.uniqueArray(fc.constantFrom(...dimensions)),
    override: fc.dictionary(fc.constantFrom(...dimensions), patterns),
    ownerBy: fc.option(fc.constantFrom(...dimensions), { nil: undefined }),
  })
  .map(({ override, ...terms }) =>
    budget({ ...terms, overrides: [{ match: override, terms: { limitNanoUsd: usd('1') } }] }),
  );

it('answers what matching each budget anew would answer, in whatever order and however little it remembers', () => {
  fc.assert(
    fc.property(
      fc.array(anyBudget, { maxLength: 4 }),
      fc.array(anyAttribution, { maxLength: 20 }),
      fc.integer({ min: 0, max: 4 }),
      (budgets, attributions, cacheSize) => {
        const compiled = compileBudgets(budgets, { knownOwner, cacheSize });
        for (const attribution of attributions) {
          expect(compiled.match(attribution)).toEqual(matchBudgets(budgets, attribution, knownOwner));
        }
      },
    ),
  );
});

it('matches once for all attempts that differ only where no budget looks', () => {
  const compiled = compileBudgets([budget({ per: ['team'] })], { knownOwner });
  const first = compiled.match({ team: 'a', user: 'one' });
  expect(compiled.match({ team: 'a', user: 'two' })).toBe(first);
  expect(compiled.match({ team: 'b', user: 'one' })).not.toBe(first);
});

it('remembers what is asked for often, and forgets the rest', () => {
  const compiled = compileBudgets([budget({ per: ['user'] })], { knownOwner, cacheSize: 10 });
  const often = compiled.match({ user: 'often' });
  const seldom = compiled.match({ user: 'seldom' });
  for (let index = 0; index < 100; index++) {
    compiled.match({ user: `user-${index}` });
    expect(compiled.match({ user: 'often' })).toBe(often);
  }
  expect(compiled.match({ user: 'seldom' })).not.toBe(seldom);
});
