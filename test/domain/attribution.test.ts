import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type Attribution, type Match, matches, matchesPattern } from '../../src/domain/attribution.ts';
import { anyText } from './fixtures.ts';

describe('a pattern', () => {
  test.each([
    ['support', 'support', true],
    ['support', 'Support', false],
    ['support', 'support-api', false],
    ['support-*', 'support-api', true],
    ['support-*', 'support-', true],
    ['support-*', 'my-support-api', false],
    ['*-api', 'support-api', true],
    ['*-api', 'support-api-2', false],
    ['*', '', true],
    ['*', 'line\nbreak', true],
    ['**', 'anything', true],
    ['', '', true],
    ['', 'x', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['ab*ba', 'aba', false],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['*ab*ab*', 'aab', false],
    ['*ab*ab*', 'xababx', true],
    ['a*bc', 'abcbc', true],
    ['*b*bc', 'abc', false],
    ['gpt-4.1', 'gpt-4x1', false],
    ['gpt-4.1*', 'gpt-4x1-mini', false],
    ['(unset)', '(unset)', true],
    ['(*)', '(other)', true],
    ['[a-z]*', 'a', false],
    ['a+*', 'aa', false],
    ['a?*', 'a', false],
    ['^a$*', 'a', false],
    ['a|b*', 'b', false],
    ['\\d*', '5', false],
    ['{1}*', '{1}x', true],
    ['日本*', '日本語', true],
    ['*🦊', 'a🦊', true],
    ['é*', 'e\u0301', false],
  ])('%j on %j: %j', (pattern, value, expected) => {
    expect(matchesPattern(pattern, value)).toBe(expected);
  });

  it('without a star matches itself and nothing else', () => {
    fc.assert(
      fc.property(anyText, anyText, (pattern, value) => {
        fc.pre(!pattern.includes('*'));
        expect(matchesPattern(pattern, pattern)).toBe(true);
        expect(matchesPattern(pattern, value)).toBe(pattern === value);
      }),
    );
  });

  it('with stars agrees with the plain definition', () => {
    const letters = (alphabet: string) => fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 10 });
    fc.assert(
      fc.property(letters('ab*'), letters('ab'), (pattern, value) => {
        expect(matchesPattern(pattern, value)).toBe(byDefinition(pattern, value));
      }),
      { numRuns: 2000 },
    );
  });

  it('of many stars stays linear on a value made to defeat it', () => {
    // A backtracking matcher would need more than 10^20 steps here, and the test would time out.
    expect(matchesPattern(`${'*a'.repeat(30)}*b`, 'a'.repeat(256))).toBe(false);
  });
});

/** A star is nothing, or one character and a star. */
function byDefinition(pattern: string, value: string): boolean {
  if (pattern === '') return value === '';
  if (pattern[0] !== '*')
    return value[0] === pattern[0] && value !== '' && byDefinition(pattern.slice(1), value.slice(1));
  return byDefinition(pattern.slice(1), value) || (value !== '' && byDefinition(pattern, value.slice(1)));
}

describe('a match', () => {
  test.each<[string, Match, Attribution, boolean]>([
    ['that is empty fits everything', {}, {}, true],
    ['of one dimension', { team: ['support'] }, { team: 'support', model: 'gpt-4.1' }, true],
    ['needs all dimensions', { team: ['support'], environment: ['production'] }, { team: 'support' }, false],
    ['needs any pattern of each', { team: ['sales', 'supp*'] }, { team: 'support' }, true],
    ['never fits a dimension that is not known, not even by a star', { team: ['*'] }, {}, false],
    ['of no pattern fits nothing', { team: [] }, { team: 'support' }, false],
  ])('%s', (_, match, attribution, expected) => {
    expect(matches(match, attribution)).toBe(expected);
  });
});
