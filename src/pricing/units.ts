import type { CostClass } from '../domain/budget.ts';

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
  { key: 'web_searches_kcount', class: 'fee', side: 'fee' },
  { key: 'requests_kcount', class: 'fee', side: 'fee' },
] as const satisfies readonly { key: string; class: CostClass; side: 'input' | 'output' | 'fee' }[];

export type PriceKey = (typeof UNITS)[number]['key'];

/** What a contract price may name. */
export const PRICE_KEYS: readonly PriceKey[] = UNITS.map((unit) => unit.key);

/** Everything that is counted in tokens: what service tiers and geographies change the price of. */
export const TOKEN_CLASSES: readonly CostClass[] = ['input', 'cached_read', 'cache_write', 'output', 'audio', 'image'];

/** Rates are per million units; a price per thousand (`…_kcount`) is a thousand times that. */
export function millionths(key: PriceKey): bigint {
  return key.endsWith('_kcount') ? 1000n : 1n;
}
