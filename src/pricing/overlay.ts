import { matchesPattern } from '../domain/attribution.ts';
import { parseUsd } from '../domain/money.ts';
import { DERIVED, FREE, MISSING, MODIFIERS, type ModifierRow, ROWS, TIER_STARTS } from './overlay-data.ts';
import type { Modifier, UnitRate } from './pricing.ts';
import { times } from './rate.ts';
import { type PriceKey, perMillion, TOKEN_CLASSES } from './units.ts';

export type Units = Record<string, UnitRate>;

/** The public row with what it lacks put in and what is wrong put right. The same object when there is nothing to do. */
export function overlaid(provider: string, row: string, units: Units): Units {
  const out: Units = {};
  let changed = false;
  for (const [key, rate] of Object.entries(units)) {
    out[key] = corrected(rate);
    changed ||= out[key] !== rate;
  }
  const missing = (key: PriceKey) => !Object.hasOwn(out, key);
  for (const rule of DERIVED) {
    const from = out[rule.from];
    if (!applies(rule, provider, row) || !missing(rule.unit) || !from || (rule.unless && !missing(rule.unless)))
      continue;
    out[rule.unit] = times(from, rule.times);
    changed = true;
  }
  for (const rule of MISSING) {
    if (!applies(rule, provider, row)) continue;
    for (const [key, rate] of Object.entries(flatUnits(rule.units))) {
      if (!missing(key as PriceKey)) continue;
      out[key] = rate;
      changed = true;
    }
  }
  return changed ? out : units;
}

/** A row that genai-prices misses, by the model as it was asked for. */
export function overlayRow(provider: string, model: string): { row: string; units: Units } | undefined {
  const found = ROWS.find((rule) => applies(rule, provider, model.toLowerCase()));
  return found && { row: found.model === '*' ? model : found.model.replace('*', ''), units: flatUnits(found.units) };
}

/** The prices of a public row that lists none: zero where the provider gives it away, otherwise not known. */
export function freeUnits(provider: string, row: string): Units | undefined {
  const free = FREE.some((rule) => applies(rule, provider, row));
  return free ? flatUnits({ input_mtok: '0', cache_read_mtok: '0', output_mtok: '0' }) : undefined;
}

export function modifiersOf(provider: string, row: string): Modifier[] {
  const found = new Map<string, Modifier>();
  for (const rule of MODIFIERS) {
    const key = `${rule.on} ${rule.value}`;
    if (applies(rule, provider, row) && !found.has(key)) found.set(key, modifier(rule));
  }
  return [...found.values()];
}

/** For the catalogue's version: it changes when any of the data does. */
export function overlayText(): string {
  const text = (_key: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value);
  return JSON.stringify([MISSING, DERIVED, ROWS, FREE, TIER_STARTS, MODIFIERS], text);
}

function applies(rule: { provider: string; model: string }, provider: string, model: string): boolean {
  return (rule.provider === '*' || rule.provider === provider) && matchesPattern(rule.model, model);
}

function modifier({ on, value, ratio: [numerator, denominator], classes, assumption }: ModifierRow): Modifier {
  const name = `${on === 'geo' ? `${value}-geo` : value} ${numerator}/${denominator}`;
  return {
    name,
    on,
    value,
    numerator,
    denominator,
    classes: classes ?? TOKEN_CLASSES,
    ...(assumption && { assumption }),
  };
}

function corrected(rate: UnitRate): UnitRate {
  const wrong = (start: number) => TIER_STARTS.find(({ listed }) => listed === start);
  if (!rate.tiers.some((tier) => wrong(tier.start))) return rate;
  return { ...rate, tiers: rate.tiers.map((tier) => ({ ...tier, start: wrong(tier.start)?.start ?? tier.start })) };
}

function flatUnits(prices: Partial<Record<PriceKey, string>>): Units {
  const units: Units = {};
  for (const [key, usd] of Object.entries(prices)) {
    units[key] = { base: perMillion(key as PriceKey, parseUsd(usd)), tiers: [] };
  }
  return units;
}
