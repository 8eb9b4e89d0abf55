/**
 * Rate cards for every model that is asked for: contract price, then overlay, then genai-prices at the event's time, then
 * the ceiling. Compiled once for each provider, model and stretch of time in which no price changes.
 */
import { createHash } from 'node:crypto';
import type { ContractPrice, PriceCeiling } from '../config/config.ts';
import { withoutProvider } from '../domain/provider.ts';
import type { EpochMs } from '../domain/time.ts';
import { checkContracts, contractAt } from './contract.ts';
import { maxOutputTokensOf } from './max-output.ts';
import { freeUnits, modifiersOf, overlaid, overlayRow, overlayText, type Units } from './overlay.ts';
import type { Catalogue, RateCard, UnitRate } from './pricing.ts';
import { GENAI_PRICES_VERSION, providerId, publicPrices } from './public-prices.ts';
import { isInstead, UNITS } from './units.ts';

export interface CatalogueOptions {
  contracts: readonly ContractPrice[];
  ceiling: PriceCeiling;
}

/** Model names come from callers, so the cache is emptied when it grows past this many cards. */
const MAX_CARDS = 4096;
/** Prices by time of day change several times a day; nobody asks for last week's for long. */
const MAX_CARDS_OF_A_MODEL = 8;
/** ECMAScript's own limit of a date. */
const MAX_EPOCH_MS = 8.64e15;

interface Known {
  row: string;
  units: Units;
  source: RateCard['source'];
  modifiers: RateCard['modifiers'];
  contextWindow?: number;
}
interface Entry {
  from: EpochMs;
  until: EpochMs;
  card: RateCard;
}

/** Errors: `RangeError` for contract prices that the config should have refused. */
export function createCatalogue(options: CatalogueOptions): Catalogue {
  checkContracts(options.contracts);
  const version = versionOf(options);
  const cards = new Map<string, Entry[]>();
  let size = 0;
  return {
    version,
    card(provider, model, at) {
      if (!(Math.abs(at) <= MAX_EPOCH_MS)) throw new RangeError(`no price has the time ${at}`);
      const key = `${provider}\n${model}`;
      const found = cards.get(key)?.find((entry) => entry.from <= at && at < entry.until);
      if (found) return found.card;
      if (size >= MAX_CARDS) {
        cards.clear();
        size = 0;
      }
      const entry = known(options, version, { provider, model, at });
      cards.set(key, [entry, ...(cards.get(key) ?? [])].slice(0, MAX_CARDS_OF_A_MODEL));
      size++;
      return entry.card;
    },
  };
}

interface Asked {
  provider: string;
  model: string;
  at: EpochMs;
}

/** Gateways put the provider's name before the model's (`openai/gpt-4.1`), and some providers' own models have a slash. */
function known(options: CatalogueOptions, version: string, asked: Asked): Entry {
  const entry = compile(options, version, asked);
  const bare = entry.card.source === 'ceiling' ? withoutProvider(asked.provider, asked.model) : undefined;
  if (bare === undefined) return entry;
  const other = compile(options, version, { ...asked, model: bare });
  return other.card.source === 'ceiling' ? entry : other;
}

function compile({ contracts, ceiling }: CatalogueOptions, version: string, { provider, model, at }: Asked): Entry {
  const id = providerId(provider);
  const listed = publicPrices(id, model, at);
  const known = listed ? knownOf(listed, model) : missedBy(id, model);
  const { contract, ...agreed } = contractAt(contracts, id, model, at);
  const from = Math.max(agreed.from, listed?.from ?? Number.NEGATIVE_INFINITY);
  const until = Math.min(agreed.until, listed?.until ?? Number.POSITIVE_INFINITY);
  const prices = contract ? withContract(contract, known, ceiling) : (known ?? atCeiling(provider, model, ceiling));
  const contextWindow = known?.contextWindow;
  const card: RateCard = {
    provider,
    model: known?.row ?? model,
    catalogue: version,
    source: prices.source,
    units: prices.units,
    ...('assumed' in prices && { assumed: prices.assumed }),
    ...('notes' in prices && { notes: prices.notes }),
    ...(known?.modifiers && { modifiers: known.modifiers }),
    ...(contextWindow !== undefined && { contextWindow }),
    maxOutputTokens: maxOutput(prices.units, known?.row ?? model, contextWindow, ceiling),
    ...(until !== Number.POSITIVE_INFINITY && { validUntil: until }),
  };
  return { from, until, card };
}

/** Undefined when the row has no price that usage could be billed at: pages, or nothing at all. */
function knownOf(listed: NonNullable<ReturnType<typeof publicPrices>>, model: string): Known | undefined {
  const { provider, row, contextWindow } = listed;
  const listedUnits = listed.empty ? freeUnits(provider, row) : listed.units;
  if (!listedUnits || !hasPrice(listedUnits)) return missedBy(provider, model);
  const units = overlaid(provider, row, listedUnits);
  const source = units === listed.units ? 'genai-prices' : 'overlay';
  return { row, units, source, modifiers: modifiersOf(provider, row), contextWindow };
}

function missedBy(provider: string, model: string): Known | undefined {
  const found = overlayRow(provider, model);
  return found && { ...found, source: 'overlay', modifiers: modifiersOf(provider, found.row) };
}

/** The contract's prices over the public ones. Where nobody else knows the model, the ceiling stands in for the rest. */
function withContract(contract: ContractPrice, known: Known | undefined, ceiling: PriceCeiling) {
  const units: Units = { ...(known?.units ?? ceilingUnits(ceiling)) };
  const assumed: Record<string, string> = {};
  if (!known) for (const key of Object.keys(units)) assumed[key] = 'not in the contract, priced at the ceiling';
  for (const [key, rate] of Object.entries(contract.nanoUsdPerMillion)) {
    units[key] = { base: rate, tiers: [] };
    delete assumed[key];
  }
  return { units, source: 'contract' as const, ...(Object.keys(assumed).length > 0 && { assumed }) };
}

function atCeiling(provider: string, model: string, ceiling: PriceCeiling) {
  const notes = [`nobody knows a price of ${provider}/${model}: priced at the ceiling`];
  return { units: ceilingUnits(ceiling), source: 'ceiling' as const, notes };
}

function ceilingUnits(ceiling: PriceCeiling): Units {
  const flat = (base: bigint): UnitRate => ({ base, tiers: [] });
  return { input_mtok: flat(ceiling.inputNanoUsdPerMillion), output_mtok: flat(ceiling.outputNanoUsdPerMillion) };
}

/** 0 for models that are not billed for output (embeddings); otherwise the family's, within the context window. */
function maxOutput(units: Units, model: string, contextWindow: number | undefined, ceiling: PriceCeiling): number {
  if (!UNITS.some((unit) => unit.side === 'output' && Object.hasOwn(units, unit.key))) return 0;
  return Math.min(maxOutputTokensOf(model) ?? ceiling.maxOutputTokens, contextWindow ?? Number.POSITIVE_INFINITY);
}

/** By the token, or by what such models are billed by instead. */
function hasPrice(units: Units): boolean {
  return UNITS.some((unit) => Object.hasOwn(units, unit.key) && (unit.side !== 'fee' || isInstead(unit.key)));
}

function versionOf({ contracts, ceiling }: CatalogueOptions): string {
  const text = JSON.stringify([contracts, ceiling], (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  const digest = createHash('sha256').update(text).update(overlayText()).digest('hex').slice(0, 12);
  return `genai-prices@${GENAI_PRICES_VERSION}+${digest}`;
}
