import { NANO_PER_USD } from '../domain/money.ts';
import { parseCard } from '../pricing/card.ts';
import type { PricerOptions } from './pricer.ts';

/**
 * Dearer than any public model, for the worst case of one that nobody knows, while the server, which knows the configured
 * ceiling, is away.
 */
const CEILING = {
  inputNanoUsdPerMillion: 200n * NANO_PER_USD,
  outputNanoUsdPerMillion: 800n * NANO_PER_USD,
  maxOutputTokens: 128_000,
};

/** The pricing room as this process uses it; the catalogue's data is imported on the first miss only. */
export const localPrices: PricerOptions = {
  parse: parseCard,
  async load() {
    const { createCatalogue } = await import('../pricing/catalogue.ts');
    const catalogue = createCatalogue({ contracts: [], ceiling: CEILING });
    return (provider, model, at) => catalogue.card(provider, model, at);
  },
};
