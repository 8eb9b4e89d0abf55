import fc from 'fast-check';
import { expect, test } from 'vitest';
import { locateJsonMistake } from '../../src/http/json-error.ts';

test.each([
  ['{"a":}', 5, 1, 6, 'a value'],
  ['{"a":1,}', 7, 1, 8, 'a property name in double quotes'],
  ["{'a':1}", 1, 1, 2, 'a property name in double quotes or "}"'],
  ['{"a" 1}', 5, 1, 6, '":"'],
  ['{"a":1 "b":2}', 7, 1, 8, '"," or "}"'],
  ['[1 2]', 3, 1, 4, '"," or "]"'],
  ['[1,]', 3, 1, 4, 'a value'],
  ['[}', 1, 1, 2, 'a value or "]"'],
  ['{"a":1}}', 7, 1, 8, 'the end of the body'],
  ['{"a":NaN}', 5, 1, 6, 'a value'],
  ['{"a":01}', 5, 1, 6, 'a value'],
  ['{"a":+1}', 5, 1, 6, 'a value'],
  ['{\n  "a": 1,\n  "b": tru\n}', 19, 3, 8, 'a value'],
  ['{"a":"x', 7, 1, 8, 'the closing quote of a string'],
  ['{"a":"\\x"}', 6, 1, 7, 'a valid escape'],
  ['{"a":"\n"}', 6, 1, 7, 'control characters in a string to be escaped'],
  ['{"a":1', 6, 1, 7, '"," or "}"'],
])('%j is wrong at offset %i', (text, offset, line, column, expected) => {
  expect(() => JSON.parse(text)).toThrow(SyntaxError);
  expect(locateJsonMistake(text)).toEqual({ offset, line, column, expected });
});

test('a mistake is found exactly where JSON.parse refuses a text', () => {
  const damaged = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', ']', '"', ':', '0', '\\', ' ', 'e', '-', '\n', '{', '['))
    .map(([text, at, piece]) => {
      const index = at % (text.length + 1);
      return text.slice(0, index) + piece + text.slice(index + 1);
    });
  fc.assert(
    fc.property(damaged, (text) => {
      let fails = false;
      try {
        JSON.parse(text);
      } catch {
        fails = true;
      }
      expect(locateJsonMistake(text) !== undefined).toBe(fails);
    }),
    { numRuns: 1000 },
  );
});

test('a string of four million characters does not exhaust the stack', () => {
  expect(locateJsonMistake(`["${'x'.repeat(4_000_000)}"`)?.offset).toBe(4_000_003);
});
