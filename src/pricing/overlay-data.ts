/**
 * What genai-prices gets wrong or leaves out, as data. Providers are its provider ids, models are patterns of its row
 * ids, prices are USD text. Rows are ours to keep right: each names the page to hold it against. A ratio that could not be
 * found published for the very model is dearer than the true one can be and carries an `assumption`.
 */
import { type PriceKey, TOKEN_CLASSES } from './units.ts';

interface Rule {
  provider: string;
  model: string;
}

/** A price that the row lacks, in USD per million tokens or per thousand fees. First match wins for each unit. */
export const MISSING: readonly (Rule & { units: Partial<Record<PriceKey, string>> })[] = [
  // developers.openai.com/api/docs/pricing, audio tokens and search models.
  { provider: 'openai', model: 'gpt-4o-audio-preview', units: { input_audio_mtok: '40', output_audio_mtok: '80' } },
  {
    provider: 'openai',
    model: 'gpt-4o-mini-audio-preview',
    units: { input_audio_mtok: '10', output_audio_mtok: '20' },
  },
  { provider: 'openai', model: 'gpt-4o-search-preview', units: { web_searches_kcount: '25' } },
  // ai.google.dev/gemini-api/docs/pricing, grounding with Google Search, beyond the free allowance.
  { provider: 'google', model: 'gemini-3*', units: { web_searches_kcount: '14' } },
  { provider: 'google', model: 'gemini-*', units: { web_searches_kcount: '35' } },
  // platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool: the same on every cloud that has it.
  { provider: 'google', model: 'claude*', units: { web_searches_kcount: '10' } },
  // cohere.com/pricing, Embed 4: pictures.
  { provider: 'cohere', model: 'embed-v4*', units: { input_image_mtok: '0.47' } },
];

/** A price that the row lacks because the provider states it as a multiple of another one. */
export const DERIVED: readonly (Rule & {
  unit: PriceKey;
  from: PriceKey;
  times: bigint;
  /** Leaves the row alone when it has this price. */
  unless?: PriceKey;
})[] = [
  // platform.claude.com/docs/en/build-with-claude/prompt-caching: one-hour writes cost twice the input on every cloud.
  { provider: 'aws', model: '*claude*', unit: 'cache_write_1h_mtok', from: 'input_mtok', times: 2n },
  { provider: 'google', model: 'claude*', unit: 'cache_write_1h_mtok', from: 'input_mtok', times: 2n },
  // ai.google.dev/gemini-api/docs/pricing: audio costs what text costs where it has no price of its own.
  {
    provider: 'google',
    model: 'gemini-*',
    unit: 'cache_audio_read_mtok',
    from: 'cache_read_mtok',
    times: 1n,
    unless: 'input_audio_mtok',
  },
  { provider: 'google', model: 'gemini-*', unit: 'input_audio_mtok', from: 'input_mtok', times: 1n },
  // These models write nothing but speech or pictures, and the row has that as plain output.
  { provider: 'google', model: 'gemini-*-tts', unit: 'output_audio_mtok', from: 'output_mtok', times: 1n },
  { provider: 'openai', model: '*-tts', unit: 'output_audio_mtok', from: 'output_mtok', times: 1n },
  { provider: 'openai', model: 'gpt-image-*', unit: 'output_image_mtok', from: 'output_mtok', times: 1n },
];

/**
 * Whole rows, by the model as it was asked for, in lower case: what genai-prices misses.
 * Source where none is named: developers.openai.com/api/docs/pricing, fine-tuned models (o4-mini without data sharing, the
 * dearer price).
 */
export const ROWS: readonly (Rule & { units: Partial<Record<PriceKey, string>> })[] = [
  {
    provider: 'openai',
    model: 'ft:gpt-4.1-mini*',
    units: { input_mtok: '0.8', cache_read_mtok: '0.2', output_mtok: '3.2' },
  },
  {
    provider: 'openai',
    model: 'ft:gpt-4.1-nano*',
    units: { input_mtok: '0.2', cache_read_mtok: '0.05', output_mtok: '0.8' },
  },
  { provider: 'openai', model: 'ft:gpt-4.1*', units: { input_mtok: '3', cache_read_mtok: '0.75', output_mtok: '12' } },
  { provider: 'openai', model: 'ft:o4-mini*', units: { input_mtok: '4', cache_read_mtok: '1', output_mtok: '16' } },
  // developers.openai.com/api/docs/pricing, legacy models and speech. Pictures of DALL·E at the dearest size and quality of each.
  { provider: 'openai', model: 'davinci-002', units: { input_mtok: '2', output_mtok: '2' } },
  { provider: 'openai', model: 'babbage-002', units: { input_mtok: '0.4', output_mtok: '0.4' } },
  { provider: 'openai', model: 'tts-1-hd*', units: { input_characters_mcount: '30' } },
  { provider: 'openai', model: 'tts-1*', units: { input_characters_mcount: '15' } },
  { provider: 'openai', model: 'dall-e-3', units: { output_images_kcount: '120' } },
  { provider: 'openai', model: 'dall-e-2', units: { output_images_kcount: '20' } },
  {
    provider: 'openai',
    model: 'chatgpt-image-latest',
    units: {
      input_mtok: '5',
      cache_read_mtok: '1.25',
      input_image_mtok: '8',
      output_mtok: '10',
      output_image_mtok: '32',
    },
  },
  // azure.microsoft.com/pricing/details/cognitive-services/openai-service: the same, under its own names of deployments' models.
  { provider: 'azure', model: 'tts*-hd', units: { input_characters_mcount: '30' } },
  { provider: 'azure', model: 'tts*', units: { input_characters_mcount: '15' } },
  { provider: 'azure', model: 'whisper*', units: { input_audio_hours: '0.36' } },
  { provider: 'azure', model: 'dall-e-3', units: { output_images_kcount: '120' } },
  // ai.google.dev/gemini-api/docs/pricing and cloud.google.com/vertex-ai/generative-ai/pricing, Imagen: a picture of any size. From
  // memory, as the pages were in 2025; a list that others keep had the same in 2026, but for enlarging, which it leaves out.
  { provider: 'google', model: 'imagen-4.0-fast-generate*', units: { output_images_kcount: '20' } },
  { provider: 'google', model: 'imagen-4.0-ultra-generate*', units: { output_images_kcount: '60' } },
  { provider: 'google', model: 'imagen-4.0-upscale*', units: { output_images_kcount: '60' } },
  { provider: 'google', model: 'imagen-4.0-generate*', units: { output_images_kcount: '40' } },
  { provider: 'google', model: 'imagen-3.0-fast-generate*', units: { output_images_kcount: '20' } },
  { provider: 'google', model: 'imagen-3.0-generate*', units: { output_images_kcount: '40' } },
  { provider: 'google', model: 'imagen-3.0-capability*', units: { output_images_kcount: '40' } },
  // cohere.com/pricing: reranking costs by the search unit and nothing by the token.
  { provider: 'cohere', model: 'rerank-v4.0-pro*', units: { input_mtok: '0', web_searches_kcount: '2.5' } },
  { provider: 'cohere', model: 'rerank-*', units: { input_mtok: '0', web_searches_kcount: '2' } },
  { provider: 'cohere', model: 'embed-*-v3.0', units: { input_mtok: '0.1' } },
  // aws.amazon.com/bedrock/pricing: Cohere and reranking, which genai-prices leaves out.
  { provider: 'aws', model: '*cohere.command-r-plus-v1*', units: { input_mtok: '3', output_mtok: '15' } },
  { provider: 'aws', model: '*cohere.command-r-v1*', units: { input_mtok: '0.5', output_mtok: '1.5' } },
  { provider: 'aws', model: '*cohere.embed-english-v3*', units: { input_mtok: '0.1' } },
  { provider: 'aws', model: '*cohere.embed-multilingual-v3*', units: { input_mtok: '0.1' } },
  { provider: 'aws', model: '*cohere.rerank-v3-5*', units: { input_mtok: '0', web_searches_kcount: '2' } },
  { provider: 'aws', model: '*amazon.rerank-v1*', units: { input_mtok: '0', web_searches_kcount: '1' } },
  // Models on the caller's own machine. Whoever wants theirs counted as money gives them a contract price.
  { provider: 'ollama', model: '*', units: { input_mtok: '0', cache_read_mtok: '0', output_mtok: '0' } },
];

/** Rows without any price are unpriced, except these, which their providers give away. */
export const FREE: readonly Rule[] = [
  { provider: 'openai', model: 'moderation' }, // developers.openai.com/api/docs/guides/moderation
  { provider: 'google', model: 'gemma-*' }, // ai.google.dev/gemini-api/docs/pricing
  { provider: 'openrouter', model: '*:free' }, // openrouter.ai/docs/api-reference/limits
];

/**
 * Tier starts that are one token too low. OpenAI (developers.openai.com/api/docs/models/gpt-5.4): prompts with MORE than
 * 272K input tokens cost the long-context rates. genai-prices reads the price table's "<272K" column the other way for
 * GPT-5.4 to 5.6, and as we do for GPT-6; the difference is prompts of exactly 272,000 tokens.
 */
export const TIER_STARTS: readonly { listed: number; start: number }[] = [{ listed: 271_999, start: 272_000 }];

export interface ModifierRow extends Rule {
  on: 'service' | 'geo';
  value: string;
  ratio: readonly [numerator: number, denominator: number];
  /** Absent: every class that is counted in tokens. Fees are never changed. */
  classes?: typeof TOKEN_CLASSES;
  assumption?: string;
}

const NOT_CACHED = TOKEN_CLASSES.filter((name) => name !== 'cached_read');

const batch = (provider: string): ModifierRow => ({
  provider,
  model: '*',
  on: 'service',
  value: 'batch',
  ratio: [1, 2],
});
const flex = (provider: string): ModifierRow => ({ provider, model: '*', on: 'service', value: 'flex', ratio: [1, 2] });
const priority = (provider: string, model: string, ratio: ModifierRow['ratio']): ModifierRow => ({
  provider,
  model,
  on: 'service',
  value: 'priority',
  ratio,
});

/** Anthropic's speed, read as a tier. */
const fast = (model: string, ratio: ModifierRow['ratio']): ModifierRow => ({
  provider: '*',
  model,
  on: 'service',
  value: 'fast',
  ratio,
});

/** First match wins for each value. */
export const MODIFIERS: readonly ModifierRow[] = [
  // developers.openai.com/api/docs/pricing: batch and flex at half; openai.com/api-priority-processing.
  batch('openai'),
  flex('openai'),
  priority('openai', 'gpt-4.1', [7, 4]),
  priority('openai', 'gpt-4.1-mini', [7, 4]),
  priority('openai', 'gpt-4.1-nano', [2, 1]),
  priority('openai', 'gpt-4o', [17, 10]),
  priority('openai', 'gpt-4o-2024-05-13', [7, 4]),
  priority('openai', 'gpt-4o-mini', [5, 3]),
  priority('openai', 'o3', [7, 4]),
  priority('openai', 'o4-mini', [20, 11]),
  priority('openai', 'gpt-5', [2, 1]),
  priority('openai', 'gpt-5-mini', [9, 5]),
  priority('openai', 'gpt-5.1', [2, 1]),
  priority('openai', 'gpt-5.2', [2, 1]),
  priority('openai', 'gpt-5.4', [2, 1]),
  priority('openai', 'gpt-5.4-mini', [2, 1]),
  priority('openai', 'gpt-5.5', [5, 2]),
  // learn.microsoft.com/azure/ai-foundry/openai/how-to/batch
  batch('azure'),
  // platform.claude.com/docs/en/about-claude/pricing: batch, data residency. Its priority tier is capacity bought ahead.
  batch('anthropic'),
  { provider: 'anthropic', model: '*', on: 'geo', value: 'us', ratio: [11, 10] },
  // cloud.google.com/vertex-ai/generative-ai/pricing, Claude models: regions and continents cost a tenth more from 4.5 on.
  { provider: 'google', model: 'claude-3*', on: 'geo', value: 'regional', ratio: [1, 1] },
  { provider: 'google', model: 'claude-4-*', on: 'geo', value: 'regional', ratio: [1, 1] },
  { provider: 'google', model: 'claude*', on: 'geo', value: 'regional', ratio: [11, 10] },
  {
    ...priority('anthropic', '*', [1, 1]),
    assumption: 'committed capacity is settled by contract, shown at standard rates',
  },
  // platform.claude.com/docs/en/build-with-claude/fast-mode. On Google Cloud it costs what it costs at Anthropic.
  fast('claude-opus-4-6', [6, 1]),
  fast('claude-opus-4-7', [6, 1]),
  fast('claude-opus-4-8', [2, 1]),
  fast('claude-opus-5', [2, 1]),
  { ...fast('claude-*', [6, 1]), assumption: 'no ratio is known for this model, the dearest one of fast mode is used' },
  // ai.google.dev/gemini-api/docs/optimization: batch and flex at half; cached tokens are taken to cost what they always
  // do. Priority costs 75 to 100 % more, 1.8 times on the models that genai-prices says so of.
  { ...batch('google'), classes: NOT_CACHED },
  { ...flex('google'), classes: NOT_CACHED },
  priority('google', 'gemini-3.7-flash', [9, 5]),
  priority('google', 'gemini-3.8-flash', [9, 5]),
  { ...priority('google', 'gemini-*', [2, 1]), assumption: 'published as 75 to 100 % more, the top of it is used' },
  // aws.amazon.com/bedrock/pricing: batch at half. What flex and priority cost differs by model and is not known here.
  batch('aws'),
  {
    provider: 'aws',
    model: '*',
    on: 'service',
    value: 'optimized',
    ratio: [5, 4],
    assumption: 'latency-optimized inference costs a quarter more where it is published (Nova Pro, Claude 3.5 Haiku)',
  },
  // mistral.ai/pricing, groq.com/pricing (flex costs the standard rate)
  batch('mistral'),
  batch('groq'),
  { ...flex('groq'), ratio: [1, 1] },
  // Whoever else serves priority asks no more than the dearest that is published, GPT-5.5's.
  { ...priority('*', '*', [5, 2]), assumption: 'no ratio is published, the dearest known one is used' },
];
