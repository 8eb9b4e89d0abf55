import type { ContractPrice, PriceCeiling } from '../../src/config/config.ts';
import type { CostClass } from '../../src/domain/budget.ts';
import { parseUsd } from '../../src/domain/money.ts';
import type { Usage } from '../../src/domain/usage.ts';
import { createCatalogue } from '../../src/pricing/catalogue.ts';
import type { RateCard, UnitRate } from '../../src/pricing/pricing.ts';
import { type PriceKey, perMillion } from '../../src/pricing/units.ts';

export const NOVEMBER = Date.parse('2026-11-22T12:00:00Z');

export const CEILING: PriceCeiling = {
  inputNanoUsdPerMillion: parseUsd('30'),
  outputNanoUsdPerMillion: parseUsd('180'),
  maxOutputTokens: 128_000,
};

export function catalogueWith(...contracts: ContractPrice[]) {
  return createCatalogue({ contracts, ceiling: CEILING });
}

export const PUBLIC = catalogueWith();

export function cardOf(id: string, at = NOVEMBER): RateCard {
  const slash = id.indexOf('/');
  return PUBLIC.card(id.slice(0, slash), id.slice(slash + 1), at);
}

/** USD per million (or per thousand, for fees) as text; `base, start:rate, …` with tiers. */
export function rate(text: string, perMillion = 1n): UnitRate {
  const [base, ...tiers] = text.split(', ');
  return {
    base: parseUsd(base!) * perMillion,
    tiers: tiers.map((tier) => {
      const [start, usd] = tier.split(':');
      return { start: Number(start), rate: parseUsd(usd!) * perMillion };
    }),
  };
}

export function handMade(units: Record<string, string>, more: Partial<RateCard> = {}): RateCard {
  const entries = Object.entries(units).map(([key, usd]) => [
    key,
    key.endsWith('_hours')
      ? { base: perMillion(key as PriceKey, parseUsd(usd)), tiers: [] }
      : rate(usd, perMillion(key as PriceKey, 1n)),
  ]);
  const card = { provider: 'acme', model: 'm-1', catalogue: 'test', source: 'genai-prices' as const };
  return { ...card, units: Object.fromEntries(entries), ...more };
}

export const tokens = (inputTokens: number, outputTokens: number, more: Partial<Usage> = {}): Usage => ({
  inputTokens,
  outputTokens,
  ...more,
});

export const EVERY_CLASS: readonly CostClass[] = [
  'input',
  'cached_read',
  'cache_write',
  'output',
  'audio',
  'image',
  'fee',
];
