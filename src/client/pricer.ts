/**
 * What a call costs as far as this process can tell: for span values and for the allowance while the server is away.
 * The ledger's receipt, made by the server, is what counts. Cards come from the server; the local catalogue is loaded
 * on the first miss only, for it is large.
 */
import type { NanoUsd } from '../domain/money.ts';
import type { Receipt } from '../domain/receipt.ts';
import type { Usage, UsageBound, UsageSource } from '../domain/usage.ts';
import { bound } from '../pricing/bound.ts';
import { price } from '../pricing/price.ts';
import type { RateCard } from '../pricing/pricing.ts';
import type { WireRateCard } from '../protocol/wire.ts';
import { warnOnce } from './warn.ts';

/** Always a card: at a ceiling where the model is not known. */
type Cards = (provider: string, model: string, at: number) => RateCard;

export interface PricerOptions {
  /** A card from its wire form; undefined for one that cannot be read. */
  parse: (card: unknown) => RateCard | undefined;
  /** Imports the local catalogue. */
  load: () => Promise<Cards>;
}

export class Pricer {
  readonly #options: PricerOptions;
  readonly #cards = new Map<string, RateCard>();
  #loading: Promise<void> | undefined;
  #local: Cards | undefined;

  constructor(options: PricerOptions) {
    this.#options = options;
  }

  take(cards: readonly WireRateCard[]): void {
    for (const { provider, model, card } of cards) {
      const parsed = this.#options.parse(card);
      if (parsed) this.#cards.set(`${provider}/${model}`, parsed);
      else
        warnOnce(
          'card',
          `the server's rate card of ${provider}/${model} cannot be read; is the server newer than this client?`,
        );
    }
  }

  /** A receipt, or a promise of one the first time that a model is not among the server's cards. */
  receipt(
    provider: string,
    model: string,
    usage: Usage,
    at: number,
    source: UsageSource,
  ): Receipt | undefined | Promise<Receipt | undefined> {
    const make = (card: RateCard | undefined) => card && priced(() => price(card, usage, at, source));
    const card = this.#served(provider, model, at);
    if (card) return make(card);
    // The ceiling is the server's to set, so a model that is not known has no cost here.
    const known = (): RateCard | undefined => {
      const local = this.#local?.(provider, model, at);
      return local?.source === 'ceiling' ? undefined : local;
    };
    return this.#local ? make(known()) : this.#load().then(() => make(known()));
  }

  /** Undefined when no price is known at all. */
  async worstCase(provider: string, model: string, worst: UsageBound, at: number): Promise<NanoUsd | undefined> {
    const served = this.#served(provider, model, at);
    if (!served) await this.#load();
    const card = served ?? this.#local?.(provider, model, at);
    return card && priced(() => bound(card, worst));
  }

  #served(provider: string, model: string, at: number): RateCard | undefined {
    const card = this.#cards.get(`${provider}/${model}`);
    return card && (card.validUntil === undefined || at < card.validUntil) ? card : undefined;
  }

  #load(): Promise<void> {
    this.#loading ??= this.#options.load().then(
      (cards) => {
        this.#local = cards;
      },
      (error: unknown) => {
        warnOnce(
          'catalogue',
          `prices are not known here (${(error as Error).message}); the server prices all the same`,
        );
      },
    );
    return this.#loading;
  }
}

function priced<T>(reckon: () => T): T | undefined {
  try {
    return reckon();
  } catch (error) {
    warnOnce('price', `a call could not be priced here (${(error as Error).message}); the server prices all the same`);
    return undefined;
  }
}
