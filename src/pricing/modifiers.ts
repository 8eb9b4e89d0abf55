/** Which of a card's modifiers apply: to usage that was served, and to a request that may be served in several ways. */
import type { Usage, UsageBound } from '../domain/usage.ts';
import type { Modifier, RateCard } from './pricing.ts';

/** Names of standard service. `auto` in an answer means that the provider did not say. */
const STANDARD = new Set(['default', 'standard', 'standard_only', 'on_demand', 'auto']);
const ANYWHERE = new Set(['global', 'not_available']);
const MAX_SHOWN = 64;

type Served = Pick<Usage, 'batch' | 'serviceTier' | 'inferenceGeo'>;

/** Adds to `notes` what had no known ratio: an unknown tier costs the standard rate, an unknown place the dearest. */
export function servedModifiers(card: RateCard, usage: Served, notes: string[]): readonly Modifier[] {
  const service = serviceOf(usage);
  const geo = geoOf(usage);
  if (!service && !geo) return [];
  const found: Modifier[] = [];
  if (service) {
    const modifier = find(card, 'service', service);
    if (modifier) found.push(modifier);
    else notes.push(`service tier "${service.slice(0, MAX_SHOWN)}" has no known price: standard rates`);
  }
  if (geo) {
    const modifier = find(card, 'geo', geo) ?? raising(card, 'geo');
    if (modifier) found.push(modifier);
    if (modifier?.value !== geo) notes.push(`inference geography "${geo.slice(0, MAX_SHOWN)}" has no known price`);
  }
  for (const modifier of found) if (modifier.assumption) notes.push(`${modifier.name}: ${modifier.assumption}`);
  return found;
}

/**
 * Discounts only when they are certain (sent to a batch endpoint), surcharges as soon as they may be served. A request that names no tier
 * or place is taken at its word: standard service; one that asks for `auto` leaves the choice to the provider.
 */
export function worstModifiers(card: RateCard, bound: UsageBound): readonly Modifier[] {
  const service = serviceOf(bound);
  const geo = geoOf(bound);
  const auto = bound.serviceTier?.toLowerCase() === 'auto' && !bound.batch;
  if (!service && !geo && !auto) return [];
  const found: Modifier[] = [];
  const tier = auto ? raising(card, 'service') : service && find(card, 'service', service);
  if (tier && (raises(tier) || (bound.batch && service === 'batch'))) found.push(tier);
  const place = geo && (find(card, 'geo', geo) ?? raising(card, 'geo'));
  if (place && raises(place)) found.push(place);
  return found;
}

/** Undefined: standard. A tier that is named wins over the batch flag, so that no attempt is discounted twice. */
function serviceOf(usage: Served): string | undefined {
  const tier = usage.serviceTier?.toLowerCase();
  if (tier && !STANDARD.has(tier)) return tier;
  return usage.batch ? 'batch' : undefined;
}

function geoOf(usage: Served): string | undefined {
  const geo = usage.inferenceGeo?.toLowerCase();
  return geo && !ANYWHERE.has(geo) ? geo : undefined;
}

function find(card: RateCard, on: Modifier['on'], value: string): Modifier | undefined {
  return card.modifiers?.find((modifier) => modifier.on === on && modifier.value === value);
}

/** The card's dearest modifier of a kind that costs more than the standard. */
function raising(card: RateCard, on: Modifier['on']): Modifier | undefined {
  let top: Modifier | undefined;
  for (const modifier of card.modifiers ?? []) {
    if (modifier.on !== on || !raises(modifier)) continue;
    if (!top || modifier.numerator * top.denominator > top.numerator * modifier.denominator) top = modifier;
  }
  return top;
}

const raises = (modifier: Modifier) => modifier.numerator > modifier.denominator;
