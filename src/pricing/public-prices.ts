/** The only door to genai-prices, which takes some 45 ms to load: nothing but the catalogue comes through here. */
import { type ConditionalPrice, calcPrice, type ModelPrice } from '@pydantic/genai-prices';
import { providerNamed } from '../domain/provider.ts';
import type { EpochMs } from '../domain/time.ts';
import { nanoUsdOf } from './decimal.ts';
import type { UnitRate } from './pricing.ts';
import { PRICE_KEYS, perMillion } from './units.ts';

/** As installed; a test holds it against package.json. */
export const GENAI_PRICES_VERSION = '0.1.8';

const DAY_MS = 86_400_000;

/** Names of providers in the OTel conventions, of gateways and elsewhere → genai-prices' ids. */
export function providerId(provider: string): string {
  return providerNamed(provider) ?? provider.trim().toLowerCase();
}

export interface PublicPrices {
  provider: string;
  row: string;
  units: Record<string, UnitRate>;
  /** The row lists no price of any kind: free, or forgotten. */
  empty: boolean;
  contextWindow?: number;
  /** The prices hold in `[from, until)`. */
  from: EpochMs;
  until: EpochMs;
}

/**
 * What the public catalogue says at a time; undefined when it does not know the model. The catalogue does not know when
 * a model was launched: an instant before a row's first date gets the row's first price.
 */
export function publicPrices(provider: string, model: string, at: EpochMs): PublicPrices | undefined {
  // No usage: only the row is wanted, the arithmetic is ours.
  const found = calcPrice({}, bareModel(model), { providerId: provider, timestamp: new Date(at) });
  if (!found) return undefined;
  return {
    provider: found.provider.id,
    row: found.model.id,
    units: unitsOf(found.model_price),
    empty: Object.keys(found.model_price).length === 0,
    ...(found.model.context_window !== undefined && { contextWindow: found.model.context_window }),
    ...validity(found.model.prices, at),
  };
}

/** Google's resource names (`models/gemini-…`, `publishers/google/models/…`) without their collections. */
function bareModel(model: string): string {
  const index = model.lastIndexOf('models/');
  return index < 0 ? model : model.slice(index + 'models/'.length);
}

/** Units that usage cannot be counted in (hours of audio, pages) are left out. */
function unitsOf(prices: ModelPrice): Record<string, UnitRate> {
  const units: Record<string, UnitRate> = {};
  for (const key of PRICE_KEYS) {
    const listed = prices[key];
    if (listed === undefined) continue;
    const rate = (usd: number) => perMillion(key, nanoUsdOf(usd));
    if (typeof listed === 'number') units[key] = { base: rate(listed), tiers: [] };
    else {
      const tiers = listed.tiers.map(({ start, price }) => ({ start, rate: rate(price) }));
      units[key] = { base: rate(listed.base), tiers: tiers.sort((a, b) => a.start - b.start) };
    }
  }
  return units;
}

/** The nearest instants at which any of a row's conditions may change, on both sides of `at`. */
function validity(prices: ConditionalPrice[] | ModelPrice, at: EpochMs): { from: EpochMs; until: EpochMs } {
  let from = Number.NEGATIVE_INFINITY;
  let until = Number.POSITIVE_INFINITY;
  for (const instant of Array.isArray(prices) ? prices.flatMap((price) => changes(price, at)) : []) {
    if (instant <= at) from = Math.max(from, instant);
    else until = Math.min(until, instant);
  }
  return { from, until };
}

function changes({ constraint }: ConditionalPrice, at: EpochMs): EpochMs[] {
  if (!constraint) return [];
  if (constraint.type === 'start_date') return [Date.parse(constraint.start_date)];
  const midnight = Math.floor(at / DAY_MS) * DAY_MS;
  return [constraint.start_time, constraint.end_time].flatMap((time) => {
    const ofDay = (Date.parse(`1970-01-01T${time}`) + DAY_MS) % DAY_MS;
    return [midnight + ofDay - DAY_MS, midnight + ofDay, midnight + ofDay + DAY_MS];
  });
}
