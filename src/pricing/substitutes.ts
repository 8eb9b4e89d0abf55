/**
 * Every unit's rate on a card: its own, or a stated stand-in that is not cheaper. A unit without a price is never $0.
 * Worked out once for each card object and kept as long as the card lives.
 */
import { parseUsd } from '../domain/money.ts';
import type { RateCard, UnitRate } from './pricing.ts';
import { dearest, times } from './rate.ts';
import { type FeeCount, isInstead, type PriceKey, perMillion, UNITS } from './units.ts';

export interface ResolvedUnit {
  key: PriceKey;
  class: (typeof UNITS)[number]['class'];
  side: (typeof UNITS)[number]['side'];
  rate: UnitRate;
  /** What it is asked for, where not by the token or the request. */
  count?: FeeCount;
  /** The card has this price itself. */
  own: boolean;
  /** Why using it makes a receipt `partial`. */
  note?: string;
}

/**
 * A web search on a model that lists none, per thousand: the dearest published search fee, Gemini 2's grounding.
 * Source: ai.google.dev/gemini-api/docs/pricing.
 */
const SEARCHES_USD_PER_THOUSAND = '35';

/** What else is not billed by the token, on a model that does not list it: OpenAI's dearest (tts-1-hd, whisper-1, dall-e-3). */
const CHARACTERS_USD_PER_MILLION = '30';
const AUDIO_USD_PER_HOUR = '0.36';
const IMAGES_USD_PER_THOUSAND = '120';

/** Of a model that is billed by the second, say, and tells of tokens all the same: not known, and not free. */
const TOKENS_OF_NONE: UnitRate = { base: parseUsd('30'), tiers: [] };

interface Substitute {
  rate(own: (key: PriceKey) => UnitRate | undefined, any: UnitRate): UnitRate;
  /** How receipts name the stand-in. Absent: this is how providers bill, and nothing is doubtful about it. */
  as?: string;
}

const input: Substitute['rate'] = (own, any) => own('input_mtok') ?? any;
const output: Substitute['rate'] = (own, any) => own('output_mtok') ?? any;

function flat(key: PriceKey, usd: string, per: string): Substitute {
  const rate = { base: perMillion(key, parseUsd(usd)), tiers: [] };
  return { rate: () => rate, as: `${usd} USD ${per}` };
}

const SUBSTITUTES: Readonly<Record<PriceKey, Substitute>> = {
  input_mtok: { rate: (_own, any) => any, as: "the card's dearest token price" },
  output_mtok: { rate: (_own, any) => any, as: "the card's dearest token price" },
  cache_read_mtok: { rate: input, as: 'uncached input' },
  cache_write_mtok: { rate: input, as: 'input' },
  cache_write_1h_mtok: {
    // Where one-hour writes are sold they cost twice the input.
    rate: (own, any) => dearest([times(input(own, any), 2n), own('cache_write_mtok') ?? input(own, any)]),
    as: 'twice the input',
  },
  input_audio_mtok: { rate: input, as: 'input' },
  cache_audio_read_mtok: {
    rate: (own, any) => own('input_audio_mtok') ?? own('cache_read_mtok') ?? input(own, any),
    as: 'uncached audio, or cached text where audio has no price',
  },
  // Vision models count images as input tokens, and reasoning is billed as output everywhere.
  input_image_mtok: { rate: input },
  output_reasoning_mtok: { rate: output },
  output_audio_mtok: {
    rate: (own, any) => dearest([output(own, any), own('output_image_mtok') ?? output(own, any)]),
    as: 'the dearest other output',
  },
  output_image_mtok: { rate: output, as: 'output' },
  web_searches_kcount: flat('web_searches_kcount', SEARCHES_USD_PER_THOUSAND, 'per thousand'),
  input_characters_mcount: flat('input_characters_mcount', CHARACTERS_USD_PER_MILLION, 'per million'),
  input_audio_hours: flat('input_audio_hours', AUDIO_USD_PER_HOUR, 'per hour'),
  output_images_kcount: flat('output_images_kcount', IMAGES_USD_PER_THOUSAND, 'per thousand'),
  // Only few providers ask for a fee per request, and those list it.
  requests_kcount: { rate: () => ({ base: 0n, tiers: [] }) },
};

const resolved = new WeakMap<RateCard, readonly ResolvedUnit[]>();

/** In the order of `UNITS`. Errors: `RangeError` when the card has no token price at all. */
export function unitsOf(card: RateCard): readonly ResolvedUnit[] {
  let units = resolved.get(card);
  if (!units) {
    units = resolve(card);
    resolved.set(card, units);
  }
  return units;
}

function resolve(card: RateCard): readonly ResolvedUnit[] {
  const own = (key: PriceKey) => (Object.hasOwn(card.units, key) ? card.units[key] : undefined);
  const priced = UNITS.filter((unit) => unit.side !== 'fee').flatMap((unit) => own(unit.key) ?? []);
  if (priced.length === 0 && !Object.keys(card.units).some(isInstead))
    throw new RangeError(`rate card ${card.provider}/${card.model} has no token price`);
  const any = priced.length > 0 ? dearest(priced) : TOKENS_OF_NONE;
  return UNITS.map((unit) => {
    const rate = own(unit.key);
    const substitute = SUBSTITUTES[unit.key];
    const note = rate ? card.assumed?.[unit.key] : substitute.as && `no price of its own, priced as ${substitute.as}`;
    return {
      ...unit,
      rate: rate ?? substitute.rate(own, any),
      own: rate !== undefined,
      ...(note && { note: `${unit.key}: ${note}` }),
    };
  });
}
