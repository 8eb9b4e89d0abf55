import { serialiseCard } from '../pricing/card.ts';
import type { RateCard } from '../pricing/pricing.ts';
import type { WireRateCard } from '../protocol/wire.ts';

const MOST = 100;

const serialised = new WeakMap<RateCard, unknown>();

/** `model` as it was asked for; the card names the catalogue's row. */
export function wireCard(provider: string, model: string, card: RateCard): WireRateCard {
  const written = serialised.get(card) ?? serialiseCard(card);
  serialised.set(card, written);
  return { provider, model, catalogue: card.catalogue, card: written };
}

/** Rate cards of the models asked for most recently: what a new session will most likely need. */
export class RecentCards {
  readonly #cards = new Map<string, RateCard>();

  use(provider: string, model: string, card: RateCard): void {
    const key = `${provider}/${model}`;
    if (this.#cards.get(key) === card) return;
    this.#cards.delete(key);
    this.#cards.set(key, card);
    if (this.#cards.size > MOST) this.#cards.delete(this.#cards.keys().next().value!);
  }

  /** Those of one catalogue; after a reload older ones are not handed out. */
  recent(catalogue: string): WireRateCard[] {
    const current = [...this.#cards].filter(([, card]) => card.catalogue === catalogue);
    return current.map(([key, card]) => {
      const slash = key.indexOf('/');
      return wireCard(key.slice(0, slash), key.slice(slash + 1), card);
    });
  }
}
