import type { ContractPrice } from '../config/config.ts';
import { matchesPattern } from '../domain/attribution.ts';
import type { EpochMs } from '../domain/time.ts';
import { providerId } from './public-prices.ts';
import { PRICE_KEYS } from './units.ts';

/** The first contract price for a model at a time; `[from, until)` is where that answer holds, with or without one. */
export function contractAt(
  contracts: readonly ContractPrice[],
  provider: string,
  model: string,
  at: EpochMs,
): { contract: ContractPrice | undefined; from: EpochMs; until: EpochMs } {
  let contract: ContractPrice | undefined;
  let from = Number.NEGATIVE_INFINITY;
  let until = Number.POSITIVE_INFINITY;
  for (const candidate of contracts) {
    if (providerId(candidate.provider) !== provider || !matchesPattern(candidate.model, model)) continue;
    for (const instant of [candidate.from, candidate.until]) {
      if (instant === undefined) continue;
      if (instant <= at) from = Math.max(from, instant);
      else until = Math.min(until, instant);
    }
    if ((candidate.from ?? at) <= at && at < (candidate.until ?? Number.POSITIVE_INFINITY)) contract ??= candidate;
  }
  return { contract, from, until };
}

/** Errors: `RangeError` for a price key that usage is not counted in, or a negative price; the config checks before. */
export function checkContracts(contracts: readonly ContractPrice[]): void {
  for (const { provider, model, nanoUsdPerMillion } of contracts) {
    for (const [key, rate] of Object.entries(nanoUsdPerMillion)) {
      if (!PRICE_KEYS.some((known) => known === key))
        throw new RangeError(`price of ${provider}/${model}: "${key}" is no price key; use ${PRICE_KEYS.join(', ')}`);
      if (rate < 0n) throw new RangeError(`price of ${provider}/${model}: ${key} is negative`);
    }
  }
}
