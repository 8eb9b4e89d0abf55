/** A rate card as it goes over the wire: bigints as decimal strings, nothing else changed. */
import { COST_CLASSES } from '../domain/budget.ts';
import * as read from './parse.ts';
import type { Modifier, RateCard, UnitRate } from './pricing.ts';

export const SOURCES = ['contract', 'genai-prices', 'overlay', 'ceiling'] as const satisfies RateCard['source'][];
const MAX_UNITS = 64;
const MAX_TIERS = 16;
const MAX_MODIFIERS = 32;
const MAX_NOTES = 32;

/** JSON-safe. */
export function serialiseCard(card: RateCard): unknown {
  const units = Object.entries(card.units).map(([key, { base, tiers }]) => [
    key,
    { base: base.toString(), tiers: tiers.map(({ start, rate }) => ({ start, rate: rate.toString() })) },
  ]);
  return { ...card, units: Object.fromEntries(units) };
}

/** Undefined for anything that `serialiseCard` would not have written; fields of a newer version are dropped. */
export function parseCard(value: unknown): RateCard | undefined {
  const from = read.fields(value);
  if (!from) return undefined;
  const provider = read.text(from.provider);
  const model = read.text(from.model);
  const catalogue = read.text(from.catalogue);
  const source = read.oneOf(from.source, SOURCES);
  const units = read.record(from.units, MAX_UNITS, unitRate);
  if (provider === undefined || model === undefined || catalogue === undefined || !source || !units) return undefined;
  const assumed = read.optional(from, 'assumed', (entry) => read.record(entry, MAX_UNITS, read.text));
  const modifiers = read.optional(from, 'modifiers', (entry) => read.list(entry, MAX_MODIFIERS, modifier));
  const notes = read.optional(from, 'notes', (entry) => read.list(entry, MAX_NOTES, read.text));
  const contextWindow = read.optional(from, 'contextWindow', read.count);
  const maxOutputTokens = read.optional(from, 'maxOutputTokens', read.count);
  const validUntil = read.optional(from, 'validUntil', read.integer);
  if (!assumed || !modifiers || !notes || !contextWindow || !maxOutputTokens || !validUntil) return undefined;
  const options = { ...assumed, ...modifiers, ...notes, ...contextWindow, ...maxOutputTokens, ...validUntil };
  return { provider, model, catalogue, source, units, ...options };
}

function unitRate(value: unknown): UnitRate | undefined {
  const from = read.fields(value);
  const base = read.bigintText(from?.base);
  const tiers = read.list(from?.tiers, MAX_TIERS, tier);
  if (base === undefined || !tiers) return undefined;
  const ascending = tiers.every(({ start }, index) => index === 0 || tiers[index - 1]!.start < start);
  return ascending ? { base, tiers } : undefined;
}

function tier(value: unknown): UnitRate['tiers'][number] | undefined {
  const from = read.fields(value);
  const start = read.count(from?.start);
  const rate = read.bigintText(from?.rate);
  return start === undefined || rate === undefined ? undefined : { start, rate };
}

function modifier(value: unknown): Modifier | undefined {
  const from = read.fields(value);
  if (!from) return undefined;
  const name = read.text(from.name);
  const on = read.oneOf(from.on, ['service', 'geo'] as const);
  const served = read.text(from.value);
  const numerator = read.count(from.numerator);
  const denominator = read.count(from.denominator);
  const classes = read.list(from.classes, COST_CLASSES.length, (entry) => read.oneOf(entry, COST_CLASSES));
  const assumption = read.optional(from, 'assumption', read.text);
  if (name === undefined || !on || served === undefined || numerator === undefined) return undefined;
  if (!denominator || !classes || !assumption) return undefined;
  return { name, on, value: served, numerator, denominator, classes, ...assumption };
}
