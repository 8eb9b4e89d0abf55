import { calcPrice } from '@pydantic/genai-prices';
import { describe, expect, it } from 'vitest';
import { formatUsd } from '../../src/domain/money.ts';
import type { Usage } from '../../src/domain/usage.ts';
import { price, replay } from '../../src/pricing/price.ts';
import { cardOf, NOVEMBER, tokens } from './support.ts';

const M = 1_000_000;

/** Worked out by hand from the providers' price pages; the model's own price per million stands in the comment. */
const CASES: [id: string, what: string, usage: Usage, usd: string][] = [
  // 2 / cached 0.5 / 8
  ['openai/gpt-4.1', 'input and output', tokens(5120, 800), '0.01664'],
  ['openai/gpt-4.1', 'cached input', tokens(1200, 340, { cachedReadTokens: 1024 }), '0.003584'],
  ['openai/gpt-4.1', 'a dated snapshot', tokens(0, 0), '0'],
  ['openai/gpt-4.1-2025-04-14', 'a dated snapshot', tokens(M, M), '10'],
  ['openai/gpt-4.1', 'two web searches at 10 a thousand', tokens(1000, 1000, { webSearches: 2 }), '0.03'],
  [
    'openai/gpt-4.1',
    'batch, where a search costs what it costs',
    tokens(M, M, { batch: true, webSearches: 1 }),
    '5.01',
  ],
  ['openai/gpt-4.1', 'flex', tokens(M, M, { serviceTier: 'flex' }), '5'],
  [
    'openai/gpt-4.1',
    'the batch tier and the batch flag once',
    tokens(M, M, { batch: true, serviceTier: 'batch' }),
    '5',
  ],
  [
    'openai/gpt-4.1',
    'priority at 3.5, 0.875 and 14',
    tokens(2 * M, M, { cachedReadTokens: M, serviceTier: 'priority' }),
    '18.375',
  ],
  ['openai/gpt-4.1', 'asked for priority and served the default', tokens(M, M, { serviceTier: 'default' }), '10'],
  ['openai/gpt-4.1-mini', '0.4 / 0.1 / 1.6', tokens(M, M, { cachedReadTokens: 250_000 }), '1.925'],
  ['openai/gpt-4.1-nano', 'priority at twice', tokens(M, M, { serviceTier: 'priority' }), '1'],
  ['openai/gpt-4o', 'priority at 4.25 and 17', tokens(M, M, { serviceTier: 'priority' }), '21.25'],
  ['openai/gpt-4o-mini', 'priority at 0.25 and 1', tokens(M, M, { serviceTier: 'priority' }), '1.25'],
  ['openai/gpt-5', '1.25 / 10, reasoning as output', tokens(1000, 5000, { reasoningTokens: 4000 }), '0.05125'],
  ['openai/gpt-5', 'cached at a tenth', tokens(M, 0, { cachedReadTokens: M }), '0.125'],
  ['openai/gpt-5-codex', 'its own name, the same row', tokens(M, M), '11.25'],
  ['openai/gpt-5-mini', 'priority at 0.45 and 3.6', tokens(M, M, { serviceTier: 'priority' }), '4.05'],
  ['openai/gpt-5-nano', '0.05 / 0.4', tokens(M, M), '0.45'],
  ['openai/gpt-5.5', 'priority at 2.5 times 5 and 30', tokens(200_000, M, { serviceTier: 'priority' }), '77.5'],
  ['openai/o3', '2 / 0.5 / 8', tokens(M, M, { cachedReadTokens: M, reasoningTokens: 900_000 }), '8.5'],
  ['openai/o4-mini', '1.1 / 0.275 / 4.4', tokens(M, M, { cachedReadTokens: M }), '4.675'],
  ['openai/o4-mini', 'priority at 2 and 8', tokens(M, M, { serviceTier: 'priority' }), '10'],
  ['openai/text-embedding-3-small', '0.02', tokens(M, 0), '0.02'],
  ['openai/text-embedding-3-small', 'batch', tokens(M, 0, { batch: true }), '0.01'],
  ['openai/text-embedding-3-large', 'one token, rounded once', tokens(1, 0), '0.00000013'],
  [
    'openai/gpt-4o-audio-preview',
    'audio at 40 and 80',
    tokens(M, M, { inputAudioTokens: M, outputAudioTokens: M }),
    '120',
  ],
  [
    'openai/gpt-realtime',
    'audio 32 / cached 0.4 / 64',
    tokens(M, M, { inputAudioTokens: M, cachedReadTokens: 500_000, cachedAudioTokens: 500_000, outputAudioTokens: M }),
    '80.2',
  ],
  [
    'openai/gpt-image-1',
    'text 5, pictures in 10, out 40',
    tokens(2 * M, M, { inputImageTokens: M, outputImageTokens: M }),
    '55',
  ],
  ['openai/ft:gpt-4.1-mini-2025-04-14:acme::9x', '0.8 / 0.2 / 3.2', tokens(M, M, { cachedReadTokens: 500_000 }), '3.7'],
  ['openai/ft:gpt-4o-mini-2024-07-18:acme::9x', '0.3 / 1.2', tokens(M, M), '1.5'],
  ['openai/tts-1', '15 a million characters', tokens(0, 0, { inputCharacters: 4096 }), '0.06144'],
  ['openai/tts-1-hd-1106', '30 a million characters', tokens(0, 0, { inputCharacters: M }), '30'],
  ['azure/tts-hd', '30 a million characters', tokens(0, 0, { inputCharacters: M }), '30'],
  ['openai/whisper-1', '0.36 an hour', tokens(0, 0, { inputAudioSeconds: 90 }), '0.009'],
  ['azure/whisper', '0.36 an hour', tokens(0, 0, { inputAudioSeconds: 3600 }), '0.36'],
  ['groq/whisper-large-v3-turbo', '0.04 an hour', tokens(0, 0, { inputAudioSeconds: 3600 }), '0.04'],
  ['openai/dall-e-3', '0.12 a picture at the dearest', tokens(0, 0, { outputImages: 2 }), '0.24'],
  ['openai/davinci-002', '2 / 2', tokens(M, M), '4'],
  [
    'openai/chatgpt-image-latest',
    'text 5, pictures 8 / 32',
    tokens(2 * M, M, { inputImageTokens: M, outputImageTokens: M }),
    '45',
  ],
  ['openai/omni-moderation-latest', 'given away', tokens(M, 0), '0'],
  ['azure.ai.openai/gpt-4.1', "OpenAI's price", tokens(M, M), '10'],

  ['google/imagen-4.0-fast-generate-001', '0.02 a picture', tokens(0, 0, { outputImages: 4 }), '0.08'],
  ['google/imagen-4.0-generate-001', '0.04 a picture', tokens(0, 0, { outputImages: 4 }), '0.16'],
  [
    'google/imagen-4.0-generate-preview-06-06',
    'the same before its release',
    tokens(0, 0, { outputImages: 1 }),
    '0.04',
  ],
  ['google/imagen-4.0-ultra-generate-001', '0.06 a picture', tokens(0, 0, { outputImages: 4 }), '0.24'],
  ['google/imagen-4.0-upscale-preview', '0.06 a picture enlarged', tokens(0, 0, { outputImages: 1 }), '0.06'],
  ['google/imagen-3.0-fast-generate-001', '0.02 a picture', tokens(0, 0, { outputImages: 4 }), '0.08'],
  ['google/imagen-3.0-generate-002', '0.04 a picture', tokens(0, 0, { outputImages: 4 }), '0.16'],
  ['google/imagen-3.0-capability-001', '0.04 a picture edited', tokens(0, 0, { outputImages: 1 }), '0.04'],
  ['google/imagen-4.0-generate-001', 'nothing where all were filtered', tokens(0, 0), '0'],

  ['cohere/command-a-03-2025', '2.5 / 10', tokens(M, M), '12.5'],
  ['cohere/rerank-v4.0-pro', '2.5 a thousand units', tokens(0, 0, { webSearches: 1000 }), '2.5'],
  ['cohere/rerank-v3.5', '2 a thousand units', tokens(0, 0, { webSearches: 1000 }), '2'],
  ['cohere/embed-v4.0', 'text 0.12, pictures 0.47', tokens(2 * M, 0, { inputImageTokens: M }), '0.59'],
  ['cohere/embed-english-v3.0', '0.1', tokens(M, 0), '0.1'],
  ['ollama/llama3.2:3b', 'on the own machine', tokens(M, M), '0'],

  // 3 / cache 3.75, 6, 0.3 / 15; from 200,001 tokens on 6 / 7.5, 12, 0.6 / 22.5
  ['anthropic/claude-sonnet-4-5', 'input and output', tokens(1000, 500), '0.0105'],
  [
    'anthropic/claude-sonnet-4-5',
    'writes of both lifetimes and reads',
    tokens(100_000, 0, { cacheWrite5mTokens: 10_000, cacheWrite1hTokens: 20_000, cachedReadTokens: 30_000 }),
    '0.2865',
  ],
  ['anthropic/claude-sonnet-4-5', 'exactly 200,000 tokens are short', tokens(200_000, 1000), '0.615'],
  ['anthropic/claude-sonnet-4-5', '200,001 tokens are long, output too', tokens(200_001, 1000), '1.222506'],
  [
    'anthropic/claude-sonnet-4-5',
    'cached tokens count towards the size',
    tokens(300_000, 0, { cachedReadTokens: 300_000 }),
    '0.18',
  ],
  ['anthropic/claude-sonnet-4-5-20250929', 'a dated snapshot', tokens(M / 10, 0), '0.3'],
  ['anthropic/claude-opus-4-1', '15 / 75', tokens(100_000, 100_000), '9'],
  ['anthropic/claude-opus-4-7', 'flat over a million', tokens(M, M), '30'],
  ['anthropic/claude-opus-4-7', 'in the US at 1.1', tokens(M, M, { inferenceGeo: 'us' }), '33'],
  ['anthropic/claude-opus-4-6', 'fast at 30 and 150', tokens(M, M, { serviceTier: 'fast' }), '180'],
  ['anthropic/claude-opus-5', 'fast at 10 and 50', tokens(M, M, { serviceTier: 'fast' }), '60'],
  ['anthropic/claude-opus-5', 'fast in the US', tokens(M, M, { serviceTier: 'fast', inferenceGeo: 'us' }), '66'],
  ['google/claude-haiku-4-5@20251001', 'on Vertex AI, global', tokens(M, M), '6'],
  ['google/claude-haiku-4-5@20251001', 'in a region at 1.1', tokens(M, M, { inferenceGeo: 'regional' }), '6.6'],
  ['google/claude-3-5-haiku@20241022', 'in a region, before 4.5', tokens(M, M, { inferenceGeo: 'regional' }), '4.8'],
  ['google/claude-opus-5-5', 'searches on Vertex AI', tokens(0, 0, { webSearches: 2 }), '0.02'],
  ['anthropic/claude-opus-4-7', 'anywhere', tokens(M, M, { inferenceGeo: 'global' }), '30'],
  [
    'anthropic/claude-opus-4-7',
    'batch in the US',
    tokens(M, M, { inferenceGeo: 'us', batch: true, webSearches: 1 }),
    '16.51',
  ],
  [
    'anthropic/claude-opus-4-7',
    'batch of cached tokens',
    tokens(M, 0, { serviceTier: 'batch', cachedReadTokens: M }),
    '0.25',
  ],
  [
    'anthropic/claude-haiku-4-5',
    '1 / write 1.25 and 2 / read 0.1 / 5',
    tokens(4 * M, M, { cacheWrite5mTokens: M, cacheWrite1hTokens: M, cachedReadTokens: M }),
    '9.35',
  ],
  ['anthropic/claude-haiku-4-5', 'ten searches at 10 a thousand', tokens(0, 0, { webSearches: 10 }), '0.1'],

  ['google/gemini-2.5-pro', 'exactly 200,000 tokens are short', tokens(200_000, 0), '0.25'],
  ['google/gemini-2.5-pro', '200,001 tokens are long', tokens(200_001, 1000), '0.5150025'],
  ['google/models/gemini-2.5-pro', 'its resource name', tokens(200_000, 0), '0.25'],
  [
    'google/gemini-2.5-flash',
    'audio at 1, cached audio at 0.1',
    tokens(3 * M, M, { inputAudioTokens: 2 * M, cachedReadTokens: M, cachedAudioTokens: M }),
    '3.9',
  ],
  [
    'google/gemini-2.5-flash',
    'batch, cached tokens as ever',
    tokens(2 * M, M, { batch: true, cachedReadTokens: M }),
    '1.43',
  ],
  [
    'google/gemini-3.8-flash',
    'priority at 1.8 times the introductory 0.75 and 3.75',
    tokens(M, M, { serviceTier: 'priority' }),
    '8.1',
  ],
  ['google/gemini-2.5-flash', 'grounding at 35 a thousand', tokens(0, 0, { webSearches: 2 }), '0.07'],
  ['google/gemini-3-pro-preview', 'grounding at 14 a thousand', tokens(0, 0, { webSearches: 2 }), '0.028'],
  [
    'google/gemini-2.5-flash-image',
    'a picture of 1290 tokens at 30',
    tokens(10, 1290, { outputImageTokens: 1290 }),
    '0.038703',
  ],
  [
    'gcp.vertex_ai/claude-sonnet-4-6',
    'one-hour writes at twice the input',
    tokens(M, 0, { cacheWrite1hTokens: M }),
    '6',
  ],

  ['aws/us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'regional at 1.1', tokens(M, M), '19.8'],
  ['aws.bedrock/global.anthropic.claude-sonnet-4-5-20250929-v1:0', 'global', tokens(M, M), '18'],
  [
    'aws/us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    'one-hour writes at twice the input',
    tokens(M, 0, { cacheWrite1hTokens: M }),
    '6.6',
  ],
  [
    'aws/arn:aws:bedrock:us-east-1:1:inference-profile/global.anthropic.claude-haiku-4-5-20251001-v1:0',
    'an ARN',
    tokens(M, M, { batch: true }),
    '3',
  ],
];

describe('what the providers bill', () => {
  it.each(CASES)('%s: %s', (id, _what, usage, usd) => {
    const receipt = price(cardOf(id), usage, NOVEMBER, 'measured');
    expect(formatUsd(receipt.costNanoUsd)).toBe(usd);
    expect(receipt).toMatchObject({ status: 'exact', pricedAt: NOVEMBER });
    expect(replay(receipt)).toBe(receipt.costNanoUsd);
  });
});

describe('the long-context tier of GPT-5.4', () => {
  it.each([
    [271_999, '0.6799975'],
    [272_000, '0.68'],
    [272_001, '1.360005'],
  ])('%i input tokens', (input, usd) => {
    const receipt = price(cardOf('openai/gpt-5.4'), tokens(input, 0), NOVEMBER, 'measured');
    expect(formatUsd(receipt.costNanoUsd)).toBe(usd);
  });
});

/** Where genai-prices is right, we agree with it to a float's precision and half a nano-dollar. */
describe('genai-prices', () => {
  const MODELS: [provider: string, model: string][] = [
    ['openai', 'gpt-4.1'],
    ['openai', 'gpt-4.1-mini'],
    ['openai', 'gpt-5'],
    ['openai', 'gpt-5.6-sol'],
    ['openai', 'o3'],
    ['openai', 'text-embedding-3-small'],
    ['anthropic', 'claude-sonnet-4-5'],
    ['anthropic', 'claude-opus-4-5'],
    ['anthropic', 'claude-haiku-4-5'],
    ['google', 'gemini-2.5-pro'],
    ['google', 'gemini-2.5-flash'],
    ['aws', 'us.anthropic.claude-opus-4-6-v1:0'],
    ['mistral', 'mistral-large-latest'],
    ['groq', 'llama-3.3-70b-versatile'],
    ['x-ai', 'grok-4.3'],
    ['deepseek', 'deepseek-chat'],
    ['perplexity', 'sonar-pro'],
  ];
  const USAGES = [tokens(1, 0), tokens(1234, 0), tokens(199_999, 0), tokens(400_000, 0)];
  it.each(MODELS)('agrees on %s %s', (providerId, model) => {
    const card = cardOf(`${providerId}/${model}`);
    for (const base of USAGES) {
      const cached = card.units.cache_read_mtok ? Math.floor(base.inputTokens / 3) : 0;
      const usage = { ...base, cachedReadTokens: cached, outputTokens: card.units.output_mtok ? 777 : 0 };
      const theirs = calcPrice(
        { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens, cache_read_tokens: cached },
        model,
        { providerId, timestamp: new Date(NOVEMBER) },
      );
      const ours = Number(price(card, usage, NOVEMBER, 'measured').costNanoUsd) / 1e9;
      expect(ours).toBeGreaterThan(0);
      expect(Math.abs(ours - theirs!.total_price)).toBeLessThanOrEqual(0.5e-9 + theirs!.total_price * 1e-12);
    }
  });
});
