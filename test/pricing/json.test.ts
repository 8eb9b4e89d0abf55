import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCard, serialiseCard } from '../../src/pricing/card.ts';
import { price } from '../../src/pricing/price.ts';
import { parseReceipt, serialiseReceipt } from '../../src/pricing/receipt.ts';
import { cardOf, NOVEMBER, tokens } from './support.ts';

const wireCard = () => structuredClone(serialiseCard(cardOf('anthropic/claude-sonnet-4-5'))) as object;
const receipt = price(cardOf('openai/gpt-4.1'), tokens(10, 10, { serviceTier: 'scale' }), NOVEMBER, 'measured');
const wireReceipt = () => structuredClone(serialiseReceipt(receipt)) as object;

type Step = string | number;

/** A copy with the value at a path put in the place of what was there. */
function withValue(value: object, path: Step[], put: unknown): object {
  const copy = structuredClone(value);
  let at = copy as Record<Step, unknown>;
  for (const step of path.slice(0, -1)) at = at[step] as Record<Step, unknown>;
  at[path.at(-1)!] = put;
  return copy;
}

describe('a card off the wire', () => {
  it.each<[string, Step[], unknown]>([
    ['a rate that is a number', ['units', 'input_mtok', 'base'], 3_000_000_000],
    ['a negative rate', ['units', 'input_mtok', 'base'], '-1'],
    ['a rate in hex', ['units', 'input_mtok', 'base'], '0x10'],
    ['a rate as long as a novel', ['units', 'input_mtok', 'base'], '9'.repeat(10_000)],
    ['no tiers', ['units', 'input_mtok', 'tiers'], undefined],
    [
      'tiers out of order',
      ['units', 'input_mtok', 'tiers'],
      [
        { start: 2, rate: '1' },
        { start: 1, rate: '1' },
      ],
    ],
    ['a tier that starts nowhere', ['units', 'input_mtok', 'tiers', 0, 'start'], null],
    ['no units', ['units'], undefined],
    [
      'too many units',
      ['units'],
      Object.fromEntries(Array.from({ length: 65 }, (_, i) => [i, { base: '1', tiers: [] }])),
    ],
    ['a source that nobody knows', ['source'], 'hearsay'],
    ['a model that is no text', ['model'], 7],
    ['a modifier over zero', ['modifiers', 0, 'denominator'], 0],
    ['a modifier of an unknown kind', ['modifiers', 0, 'on'], 'weather'],
    ['a modifier of an unknown class', ['modifiers', 0, 'classes'], ['input', 'sugar']],
    ['an infinite context window', ['contextWindow'], Number.POSITIVE_INFINITY],
    ['a broken maximum', ['maxOutputTokens'], 1.5],
    ['an end that is a text', ['validUntil'], '2026-11-22'],
    ['notes that are no list', ['notes'], 'doubtful'],
    ['assumptions that are no texts', ['assumed'], { input_mtok: 1 }],
  ])('%s is refused', (_what, path, put) => {
    expect(parseCard(wireCard())).toBeDefined();
    expect(parseCard(withValue(wireCard(), path, put))).toBeUndefined();
  });

  it('a field of a newer version is dropped', () => {
    expect(parseCard({ ...wireCard(), colour: 'red' })).toEqual(cardOf('anthropic/claude-sonnet-4-5'));
  });

  it('cannot reach the prototype', () => {
    const units = JSON.parse('{"__proto__":{"base":"1","tiers":[]},"input_mtok":{"base":"1","tiers":[]}}') as unknown;
    expect(parseCard(withValue(wireCard(), ['units'], units))).toBeUndefined();
  });
});

describe('a receipt out of the ledger', () => {
  it.each<[string, Step[], unknown]>([
    ['a cost that is a number', ['costNanoUsd'], 100],
    ['a negative cost', ['costNanoUsd'], '-5'],
    ['a status that nobody knows', ['status'], 'free'],
    ['a quantity below zero', ['lines', 0, 'quantity'], -1],
    ['a line of no class', ['lines', 0, 'class'], undefined],
    ['a line without a rate', ['lines', 0, 'nanoUsdPerMillion'], undefined],
    ['lines that are no list', ['lines'], {}],
    ['an instant that is a text', ['pricedAt'], 'noon'],
    ['notes that are numbers', ['notes'], [1]],
    ['no modifiers', ['modifiers'], undefined],
  ])('%s is refused', (_what, path, put) => {
    expect(parseReceipt(wireReceipt())).toEqual(receipt);
    expect(parseReceipt(withValue(wireReceipt(), path, put))).toBeUndefined();
  });

  it('has money as decimal strings', () => {
    expect(serialiseReceipt(receipt)).toMatchObject({
      costNanoUsd: '100000',
      lines: [{ unit: 'input_mtok', quantity: 10, nanoUsdPerMillion: '2000000000' }, { unit: 'output_mtok' }],
    });
  });
});

describe('garbage', () => {
  const junk = fc.oneof(fc.anything(), fc.jsonValue());
  it('never throws, whatever it is', () => {
    const property = fc.property(junk, (value) => {
      expect(parseCard(value)).toBeUndefined();
      expect(parseReceipt(value)).toBeUndefined();
    });
    fc.assert(property, { numRuns: 2000 });
  });

  it('never throws in the place of any field', () => {
    const cardKey = fc.constantFrom(...Object.keys(wireCard()));
    const receiptKey = fc.constantFrom(...Object.keys(wireReceipt()));
    const property = fc.property(cardKey, receiptKey, junk, (inCard, inReceipt, value) => {
      expect(() => parseCard({ ...wireCard(), [inCard]: value })).not.toThrow();
      expect(() => parseReceipt({ ...wireReceipt(), [inReceipt]: value })).not.toThrow();
    });
    fc.assert(property, { numRuns: 2000 });
  });
});
