import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatFinding } from '../../src/config/load.ts';
import { loadText, textOf } from './files.ts';

/** Whatever the text is: an answer with sound findings, never an exception. */
function judge(text: string): boolean {
  const result = loadText(text);
  const lines = text.split('\n').length;
  for (const finding of [...(result.ok ? [] : result.findings), ...result.warnings]) {
    expect(finding.line).toBeGreaterThanOrEqual(1);
    expect(finding.line).toBeLessThanOrEqual(lines + 1);
    expect(finding.message).not.toMatch(/undefined|\[object|Invalid input|\{"noun"|\{"wrong"/);
    expect(formatFinding(finding)).toMatch(/^budgets\.yaml:\d+ .+; .+/s);
  }
  return result.ok || result.findings.length > 0;
}

const EXAMPLE = textOf('../../rules/budgets.yaml');
const TOKENS = [
  '-',
  ':',
  '\n',
  '  ',
  '\t',
  '[',
  ']',
  '{',
  '}',
  '*a',
  '&a',
  '<<: ',
  '"',
  "'",
  '|',
  '>',
  '~',
  '0',
  '-1',
  '1e9',
  '%',
  '#',
  '!!',
  '---\n',
  'null',
  '{}',
  '__proto__: ',
  'constructor: ',
  '\u0000',
  '😀',
];

describe('no text breaks the loader', () => {
  it('random text', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200, unit: 'grapheme' }), judge), { numRuns: 300 });
  });

  it('random YAML made of tokens', () => {
    const text = fc
      .array(fc.constantFrom(...TOKENS, 'budgets', 'name', 'a'), { maxLength: 40 })
      .map((parts) => parts.join(''));
    fc.assert(fc.property(text, judge), { numRuns: 500 });
  });

  it('the example with something put in, taken out or replaced', () => {
    const at = fc.nat({ max: EXAMPLE.length - 1 });
    const edit = fc.record({ at, length: fc.nat({ max: 12 }), put: fc.constantFrom('', ...TOKENS) });
    const mutated = fc
      .array(edit, { minLength: 1, maxLength: 3 })
      .map((edits) =>
        edits.reduce((text, { at, length, put }) => text.slice(0, at) + put + text.slice(at + length), EXAMPLE),
      );
    fc.assert(fc.property(mutated, judge), { numRuns: 100 });
  });

  it('any value where any other is expected', () => {
    const keys = [
      'include',
      'currency',
      'defaults',
      'attribute',
      'keys',
      'routes',
      'owners',
      'budgets',
      'tokens',
      'unmatched',
      'prices',
      'unpriced',
      'limits',
      'metrics',
    ];
    const inner = [
      'name',
      'match',
      'per',
      'window',
      'limit',
      'overrides',
      'thresholds',
      'soft',
      'hard',
      'holds',
      'at',
      'when',
      'constructor',
      'service',
      'approved',
      'ceiling',
      'labels',
    ];
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, 'x', '50%', -1, 0.5, true, 'month'),
        tie('list'),
        tie('map'),
      ),
      list: fc.array(tie('value'), { maxLength: 3 }),
      map: fc.dictionary(fc.constantFrom(...inner), tie('value'), { maxKeys: 4 }),
    }));
    // JSON is YAML.
    const text = fc
      .dictionary(fc.constantFrom(...keys), value, { maxKeys: 5 })
      .map((tree) => JSON.stringify(tree, null, 1));
    fc.assert(fc.property(text, judge), { numRuns: 500 });
  });
});
