import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_USAGE_COUNT, type Usage, type UsageBound } from '../../src/domain/usage.ts';
import { boundOf, inputBound, outputBound } from '../../src/pricing/bound.ts';
import { parseCard, serialiseCard } from '../../src/pricing/card.ts';
import { outputWithin } from '../../src/pricing/clamp.ts';
import { compileBound } from '../../src/pricing/compiled-bound.ts';
import { costOf, price, replay, usageProblem } from '../../src/pricing/price.ts';
import type { RateCard } from '../../src/pricing/pricing.ts';
import { parseReceipt, serialiseReceipt } from '../../src/pricing/receipt.ts';
import { cardOf, EVERY_CLASS, handMade, NOVEMBER } from './support.ts';

const CARDS: readonly RateCard[] = [
  ...[
    'openai/gpt-4.1',
    'openai/gpt-4o-mini',
    'openai/gpt-5.4',
    'openai/gpt-5.6-sol',
    'openai/o4-mini',
    'openai/gpt-realtime',
    'openai/gpt-image-1.5',
    'openai/gpt-4o-audio-preview',
    'openai/text-embedding-3-small',
    'openai/sora-2',
    'openai/dall-e-3',
    'openai/whisper-1',
    'openai/tts-1',
    'anthropic/claude-sonnet-4-5',
    'anthropic/claude-opus-4-7',
    'anthropic/claude-3-haiku',
    'google/gemini-2.5-pro',
    'google/gemini-2.5-flash',
    'google/gemini-2.5-flash-image',
    'google/imagen-4.0-ultra-generate-001',
    'aws/us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    'perplexity/sonar-pro',
    'groq/llama-3.3-70b-versatile',
    'deepseek/deepseek-v4-pro',
  ].map((id) => cardOf(id)),
  handMade({ input_mtok: '9, 100:1, 5000:3', output_mtok: '1, 200:0.5', cache_read_mtok: '20' }),
  handMade({ input_mtok: '0.000000007', output_mtok: '0.000000011', output_reasoning_mtok: '3' }),
];
const anyCard = fc.constantFrom(...CARDS);

const TIERS = ['default', 'auto', 'flex', 'priority', 'batch', 'scale', undefined];
const size = fc.oneof(
  fc.nat(50),
  fc.nat(20_000),
  fc.constantFrom(200_000, 200_001, 272_000, 272_001),
  fc.nat(2_000_000),
);

const anyBound: fc.Arbitrary<UsageBound> = fc.record(
  {
    inputTokens: size,
    outputTokens: size,
    choices: fc.integer({ min: 1, max: 5 }),
    webSearches: fc.nat(5),
    inputCharacters: fc.nat(9_000),
    inputAudioSeconds: fc.nat(9_000),
    outputImages: fc.nat(10),
    batch: fc.boolean(),
    serviceTier: fc.constantFrom(...TIERS),
    inferenceGeo: fc.constantFrom('us', 'eu', 'global', undefined),
    cacheWrite1h: fc.boolean(),
    audio: fc.boolean(),
    unseenInput: fc.constant(true as const),
  },
  { requiredKeys: ['inputTokens'] },
);

/** A share of a count, so that shrinking keeps the usage possible. */
const share = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }));
const part = (of: number, fraction: number) => Math.min(of, Math.floor(of * fraction));

/** What may come of a request: any usage within its bound, served as asked or as the provider likes. */
function usageWithin(card: RateCard, bound: UsageBound): fc.Arbitrary<Usage> {
  const asked = bound.serviceTier;
  const tiers = asked === 'auto' ? ['default', 'priority', undefined] : [asked, 'default', undefined];
  return fc
    .record({
      shares: fc.array(share, { minLength: 15, maxLength: 15 }),
      // A batch is certain only where the request is one and names no other tier.
      serviceTier: fc.constantFrom(...(bound.batch ? [asked] : tiers)),
      inferenceGeo: fc.constantFrom(bound.inferenceGeo, undefined),
    })
    .map(({ shares, serviceTier, inferenceGeo }) => {
      const at = (index: number) => shares[index]!;
      const inputTokens = part(inputBound(card, bound), at(0));
      const outputTokens = part(outputBound(card, bound), at(1));
      const cachedReadTokens = part(inputTokens, at(2));
      const cacheWrite5mTokens = part(inputTokens - cachedReadTokens, at(3));
      const rest = inputTokens - cachedReadTokens - cacheWrite5mTokens;
      const inputAudioTokens = bound.audio === false ? 0 : part(inputTokens, at(5));
      const outputAudioTokens = bound.audio === false ? 0 : part(outputTokens, at(6));
      return {
        inputTokens,
        outputTokens,
        cachedReadTokens,
        cacheWrite5mTokens,
        cacheWrite1hTokens: bound.cacheWrite1h ? part(rest, at(4)) : 0,
        inputAudioTokens,
        outputAudioTokens,
        cachedAudioTokens: part(Math.min(cachedReadTokens, inputAudioTokens), at(7)),
        inputImageTokens: part(inputTokens - inputAudioTokens, at(8)),
        outputImageTokens: part(outputTokens - outputAudioTokens, at(9)),
        reasoningTokens: part(outputTokens, at(10)),
        webSearches: part(bound.webSearches ?? 0, at(11)),
        inputCharacters: part(bound.inputCharacters ?? 0, at(12)),
        inputAudioSeconds: part(bound.inputAudioSeconds ?? 0, at(13)),
        outputImages: part(bound.outputImages ?? 0, at(14)),
        ...(bound.batch && { batch: true }),
        ...(serviceTier && { serviceTier }),
        ...(inferenceGeo && { inferenceGeo }),
      };
    });
}

const anyCase = fc
  .tuple(anyCard, anyBound)
  .chain(([card, bound]) => usageWithin(card, bound).map((usage) => ({ card, bound, usage })));
const anyClasses = fc.option(fc.subarray([...EVERY_CLASS]), { nil: undefined });

describe('for any card and usage', () => {
  it('the price is within the bound, in whole and by class', () => {
    const property = fc.property(anyCase, anyClasses, ({ card, bound, usage }, classes) => {
      expect(usageProblem(usage)).toBeUndefined();
      const receipt = price(card, usage, NOVEMBER, 'measured');
      expect(costOf(receipt, classes)).toBeLessThanOrEqual(boundOf(card, bound, classes));
    });
    fc.assert(property, { numRuns: 3000 });
  });

  it('the receipt replays, and its lines hold every token once', () => {
    const property = fc.property(anyCase, ({ card, usage }) => {
      const receipt = price(card, usage, NOVEMBER, 'measured');
      expect(replay(receipt)).toBe(receipt.costNanoUsd);
      const counted = receipt.lines.filter((line) => line.unit.endsWith('_mtok')).map((line) => line.quantity);
      expect(counted.reduce((a, b) => a + b, 0)).toBe(usage.inputTokens + usage.outputTokens);
    });
    fc.assert(property, { numRuns: 1000 });
  });

  it('more of anything never costs less', () => {
    const dearer = fc.constantFrom('inputTokens', 'outputTokens', 'webSearches');
    const property = fc.property(anyCase, dearer, fc.nat(100_000), ({ card, usage }, key, extra) => {
      fc.pre(card.model !== 'm-1'); // The hand-made card has a cheaper long tier.
      const more = { ...usage, [key]: (usage[key as keyof Usage] as number) + extra };
      const cost = (of: Usage) => price(card, of, NOVEMBER, 'measured').costNanoUsd;
      expect(cost(more)).toBeGreaterThanOrEqual(cost(usage));
    });
    fc.assert(property, { numRuns: 1000 });
  });

  it('the compiled bound is the bound, to the nano-dollar, however often it is asked', () => {
    const bounds = fc.array(anyBound, { minLength: 1, maxLength: 40 });
    const property = fc.property(anyCard, anyClasses, bounds, (card, classes, asked) => {
      const compiled = compileBound(card, classes);
      for (const bound of asked) expect(compiled(bound)).toBe(boundOf(card, bound, classes));
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('an output shortened to an amount costs at most the amount, and one token more would not fit', () => {
    const amounts = fc.oneof(fc.bigInt(0n, 10_000n), fc.bigInt(0n, 10n ** 10n), fc.bigInt(0n, 10n ** 13n));
    const shortened = fc
      .tuple(anyCard, anyBound, amounts, anyClasses)
      .map(([card, bound, amount, classes]) => {
        const outputTokens = outputWithin(card, bound, amount, classes);
        return { card, bound: { ...bound, ...(outputTokens !== undefined && { outputTokens }) }, amount, classes };
      })
      .chain((made) => usageWithin(made.card, made.bound).map((usage) => ({ ...made, usage })));
    const property = fc.property(shortened, ({ card, bound, amount, classes, usage }) => {
      const outputTokens = outputWithin(card, bound, amount, classes);
      fc.pre(outputTokens !== undefined);
      expect(boundOf(card, bound, classes)).toBeLessThanOrEqual(amount);
      expect(costOf(price(card, usage, NOVEMBER, 'measured'), classes)).toBeLessThanOrEqual(amount);
      if (outputTokens === MAX_USAGE_COUNT) return;
      expect(boundOf(card, { ...bound, outputTokens: outputTokens + 1 }, classes)).toBeGreaterThan(amount);
    });
    fc.assert(property, { numRuns: 2000 });
  });

  it('counts that cannot be have no compiled bound', () => {
    const compiled = compileBound(CARDS[0]!);
    for (const inputTokens of [-1, 0.5, Number.NaN, 1e11, '7' as unknown as number])
      expect(compiled({ inputTokens })).toBeUndefined();
    expect(compiled({ inputTokens: 1, choices: 0 })).toBeUndefined();
  });

  it('a larger request is never bounded lower', () => {
    const property = fc.property(anyCard, anyBound, fc.nat(100_000), (card, bound, extra) => {
      const before = boundOf(card, bound);
      const { inputTokens, outputTokens = outputBound(card, bound), choices = 1, webSearches = 0 } = bound;
      const unlimited = { ...bound, outputTokens: undefined };
      for (const larger of [
        { ...bound, inputTokens: inputTokens + extra },
        { ...bound, outputTokens: outputTokens + extra },
        { ...bound, webSearches: webSearches + extra },
        { ...bound, unseenInput: true as const },
        { ...bound, audio: true },
        { ...bound, cacheWrite1h: true },
      ])
        expect(boundOf(card, larger)).toBeGreaterThanOrEqual(before);
      const moreChoices = { ...unlimited, choices: choices + 1 };
      expect(boundOf(card, moreChoices)).toBeGreaterThanOrEqual(boundOf(card, unlimited));
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('nothing but a listed price of 0 is free', () => {
    const property = fc.property(anyCase, ({ card, usage }) => {
      for (const line of price(card, usage, NOVEMBER, 'measured').lines) {
        const listed = card.units[line.unit];
        expect(line.nanoUsdPerMillion > 0n || listed?.base === 0n).toBe(true);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('a card and a receipt survive JSON', () => {
    const property = fc.property(anyCase, ({ card, usage }) => {
      const copy = parseCard(JSON.parse(JSON.stringify(serialiseCard(card))));
      expect(copy).toEqual(card);
      const receipt = price(copy!, usage, NOVEMBER, 'measured');
      expect(receipt).toEqual(price(card, usage, NOVEMBER, 'measured'));
      expect(parseReceipt(JSON.parse(JSON.stringify(serialiseReceipt(receipt))))).toEqual(receipt);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
