import { describe, expect, it } from 'vitest';
import type { CostClass } from '../../src/domain/budget.ts';
import { formatUsd } from '../../src/domain/money.ts';
import type { UsageBound } from '../../src/domain/usage.ts';
import { bound, boundOf, boundProblem, inputBound, outputBound } from '../../src/pricing/bound.ts';
import { cardOf, handMade } from './support.ts';

const M = 1_000_000;
const upTo = (inputTokens: number, outputTokens?: number, more: Partial<UsageBound> = {}): UsageBound => ({
  inputTokens,
  ...(outputTokens !== undefined && { outputTokens }),
  ...more,
});

describe('the worst case before an attempt', () => {
  it.each<[string, string, UsageBound, string]>([
    ['input and output', 'openai/gpt-4.1', upTo(5120, 800), '0.01664'],
    ["the model's maximum when the request sets none", 'openai/gpt-4.1', upTo(0), '0.262144'],
    ['as many maxima as choices', 'openai/gpt-4.1', upTo(0, undefined, { choices: 3 }), '0.786432'],
    ["choices are in the request's own bound", 'openai/gpt-4.1', upTo(0, 1000, { choices: 3 }), '0.008'],
    ['no output of an embedding', 'openai/text-embedding-3-small', upTo(M), '0.02'],
    ['web searches', 'openai/gpt-4.1', upTo(0, 0, { webSearches: 3 }), '0.03'],
    ['web searches without a price', 'openai/gpt-4.1-nano', upTo(0, 0, { webSearches: 1 }), '0.035'],
    ['a batch at half, its searches in full', 'openai/gpt-4.1', upTo(M, M, { batch: true, webSearches: 1 }), '5.01'],
    ['flex may be served as standard', 'openai/gpt-4.1', upTo(M, M, { serviceTier: 'flex' }), '10'],
    ['priority may be served', 'openai/gpt-4.1', upTo(M, M, { serviceTier: 'priority' }), '17.5'],
    ['auto may be served as priority', 'openai/gpt-4.1', upTo(M, M, { serviceTier: 'auto' }), '17.5'],
    ['a batch tier that was only asked for', 'openai/gpt-4.1', upTo(M, M, { serviceTier: 'batch' }), '10'],
    ['default is default', 'openai/gpt-4.1', upTo(M, M, { serviceTier: 'default' }), '10'],
    ['the premium of a five-minute write', 'anthropic/claude-haiku-4-5', upTo(M, 0), '1.25'],
    ['of a one-hour write if asked for', 'anthropic/claude-haiku-4-5', upTo(M, 0, { cacheWrite1h: true }), '2'],
    ['the US', 'anthropic/claude-opus-4-7', upTo(M, 0, { inferenceGeo: 'us' }), '6.875'],
    ['fast mode', 'anthropic/claude-opus-4-7', upTo(M, 0, { serviceTier: 'fast' }), '37.5'],
    ['a region', 'google/claude-opus-4-7', upTo(100_000, 0, { inferenceGeo: 'regional' }), '0.6875'],
    ['at the threshold of the long tier', 'anthropic/claude-sonnet-4-5', upTo(200_000, 0), '0.75'],
    ['past it, output too', 'anthropic/claude-sonnet-4-5', upTo(200_001, 1000), '1.5225075'],
    ['audio, when nobody says there is none', 'google/gemini-2.5-flash', upTo(M, 0), '1'],
    ['no audio', 'google/gemini-2.5-flash', upTo(M, 0, { audio: false }), '0.3'],
    ['audio out', 'openai/gpt-audio', upTo(0, M), '64'],
    ['no audio out', 'openai/gpt-audio', upTo(0, M, { audio: false }), '10'],
    ['images in and out', 'openai/gpt-image-1', upTo(M, M), '50'],
    ['the context window for input that nobody saw', 'openai/gpt-4.1', upTo(100, 0, { unseenInput: true }), '2'],
    ['the request where it is larger still', 'openai/gpt-4', upTo(10_000, 0, { unseenInput: true }), '0.3'],
    ['the ceiling', 'openai/sora-2', upTo(M, M), '210'],
    ["the ceiling's maximum", 'openai/sora-2', upTo(0), '23.04'],
  ])('%s: %s', (_what, id, usageBound, usd) => {
    expect(formatUsd(bound(cardOf(id), usageBound))).toBe(usd);
  });

  it('is rounded up', () => {
    const card = handMade({ input_mtok: '0.0001', output_mtok: '0.0001' });
    expect(bound(card, upTo(1, 0))).toBe(1n);
    expect(bound(card, upTo(0, 0))).toBe(0n);
  });

  it('takes a cheaper long tier for what it is: the short one stays in reach', () => {
    expect(bound(handMade({ input_mtok: '9, 100:1', output_mtok: '0' }), upTo(1000, 0))).toBe(9_000_000n);
  });

  it('assumes a large model when the card knows no maximum', () => {
    const card = handMade({ input_mtok: '1', output_mtok: '1' });
    expect(outputBound(card, upTo(0))).toBe(128_000);
    expect(outputBound({ ...card, contextWindow: 5000 }, upTo(0, undefined, { choices: 2 }))).toBe(10_000);
    expect(inputBound(card, upTo(1, 0, { unseenInput: true }))).toBe(1_050_000);
  });
});

describe('the worst case of some classes', () => {
  it.each<[CostClass[], string]>([
    [['input'], '1'],
    [['cached_read'], '0.1'],
    [['cache_write'], '1.25'],
    [['output'], '5'],
    [['input', 'output'], '6'],
    [['fee'], '0.02'],
    [['cache_write', 'output', 'fee'], '6.27'],
    [[], '0'],
  ])('%j', (classes, usd) => {
    const most = upTo(M, M, { webSearches: 2 });
    expect(formatUsd(boundOf(cardOf('anthropic/claude-haiku-4-5'), most, classes))).toBe(usd);
  });
});

describe('a bound that cannot be', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ inputTokens: -1 }, 'inputTokens is -1; it must be an integer from 0 to 10000000000'],
    [{ inputTokens: undefined }, 'inputTokens is undefined; it must be an integer from 0 to 10000000000'],
    [{ outputTokens: 0.5 }, 'outputTokens is 0.5; it must be an integer from 0 to 10000000000'],
    [{ outputTokens: 1e11 }, 'outputTokens is 100000000000; it must be an integer from 0 to 10000000000'],
    [{ webSearches: Number.NaN }, 'webSearches is NaN; it must be an integer from 0 to 10000000000'],
    [{ choices: 0 }, 'choices is 0; it must be an integer from 1 to 1024'],
    [{ choices: 1025 }, 'choices is 1025; it must be an integer from 1 to 1024'],
  ])('%j', (values, problem) => {
    const broken = { inputTokens: 1, ...values } as UsageBound;
    expect(boundProblem(broken)).toBe(problem);
    expect(() => bound(cardOf('openai/gpt-4.1'), broken)).toThrow(
      new RangeError(`bound of openai/gpt-4.1: ${problem}`),
    );
  });
});
