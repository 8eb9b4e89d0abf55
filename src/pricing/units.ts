import type { CostClass } from '../domain/budget.ts';
import { divideRounded } from '../domain/money.ts';
import type { Usage, UsageBound } from '../domain/usage.ts';

/**
 * The units that usage is billed in, under the price keys of genai-prices. Each token belongs to exactly one of them;
 * `split` fills an array in this order.
 */
export const UNITS = [
  { key: 'input_mtok', class: 'input', side: 'input' },
  { key: 'cache_read_mtok', class: 'cached_read', side: 'input' },
  { key: 'cache_write_mtok', class: 'cache_write', side: 'input' },
  { key: 'cache_write_1h_mtok', class: 'cache_write', side: 'input' },
  { key: 'input_audio_mtok', class: 'audio', side: 'input' },
  { key: 'cache_audio_read_mtok', class: 'cached_read', side: 'input' },
  { key: 'input_image_mtok', class: 'image', side: 'input' },
  { key: 'output_mtok', class: 'output', side: 'output' },
  { key: 'output_reasoning_mtok', class: 'output', side: 'output' },
  { key: 'output_audio_mtok', class: 'audio', side: 'output' },
  { key: 'output_image_mtok', class: 'image', side: 'output' },
  { key: 'web_searches_kcount', class: 'fee', side: 'fee', count: 'webSearches' },
  { key: 'input_characters_mcount', class: 'input', side: 'fee', count: 'inputCharacters' },
  { key: 'input_audio_hours', class: 'audio', side: 'fee', count: 'inputAudioSeconds' },
  { key: 'output_images_kcount', class: 'image', side: 'fee', count: 'outputImages' },
  { key: 'requests_kcount', class: 'fee', side: 'fee' },
] as const satisfies readonly Unit[];

interface Unit {
  key: string;
  class: CostClass;
  /** `fee`: not by the token. */
  side: 'input' | 'output' | 'fee';
  /** Of a fee, what it is asked for. Absent: once for each request. */
  count?: FeeCount;
}

/** What is counted in usage and bounds alike, and is not tokens. */
export type FeeCount = Exclude<keyof Usage & keyof UsageBound, 'inputTokens' | 'outputTokens'> &
  ('webSearches' | 'inputCharacters' | 'inputAudioSeconds' | 'outputImages');

/** Whether a price takes the place of those by the token, where a card has no other. */
export function isInstead(key: string): boolean {
  return key === 'input_characters_mcount' || key === 'input_audio_hours' || key === 'output_images_kcount';
}

export const FEE_COUNTS: readonly FeeCount[] = UNITS.flatMap((unit) => ('count' in unit ? [unit.count] : []));

export type PriceKey = (typeof UNITS)[number]['key'];

/** What a contract price may name. */
export const PRICE_KEYS: readonly PriceKey[] = UNITS.map((unit) => unit.key);

/** Everything that is counted in tokens: what service tiers and geographies change the price of. */
export const TOKEN_CLASSES: readonly CostClass[] = ['input', 'cached_read', 'cache_write', 'output', 'audio', 'image'];

/**
 * Nano-USD per million units, from a price as it is published: per million, per thousand (`…_kcount`), or per hour of what is
 * counted in seconds, rounded up.
 */
export function perMillion(key: PriceKey, nanoUsd: bigint): bigint {
  if (key.endsWith('_hours')) return divideRounded(nanoUsd * 1_000_000n, 3600n, 'up');
  return key.endsWith('_kcount') ? nanoUsd * 1000n : nanoUsd;
}
