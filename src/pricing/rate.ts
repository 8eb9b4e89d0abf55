import { divideRounded, type Rounding } from '../domain/money.ts';
import type { Modifier, UnitRate } from './pricing.ts';

/** The rate of a request with that many input tokens. A tier starts above its `start`, not at it. */
export function rateAt(rate: UnitRate, inputTokens: number): bigint {
  let found = rate.base;
  for (const tier of rate.tiers) {
    if (inputTokens <= tier.start) break;
    found = tier.rate;
  }
  return found;
}

/** The dearest rate of any request with at most that many input tokens. */
export function peakRate(rate: UnitRate, inputTokens: number): bigint {
  let found = rate.base;
  for (const tier of rate.tiers) {
    if (inputTokens <= tier.start) break;
    found = larger(found, tier.rate);
  }
  return found;
}

/** At every request size the dearest of several rates. */
export function dearest(rates: readonly UnitRate[]): UnitRate {
  const top = (inputTokens: number) => rates.map((rate) => rateAt(rate, inputTokens)).reduce(larger, 0n);
  const starts = new Set(rates.flatMap((rate) => rate.tiers.map((tier) => tier.start)));
  const tiers = [...starts].sort((a, b) => a - b).map((start) => ({ start, rate: top(start + 1) }));
  return { base: top(0), tiers };
}

export function larger(a: bigint, b: bigint): bigint {
  if (a < b) return b;
  return a;
}

/** A rate times an integer, tiers included. */
export function times(rate: UnitRate, factor: bigint): UnitRate {
  return { base: rate.base * factor, tiers: rate.tiers.map((tier) => ({ ...tier, rate: tier.rate * factor })) };
}

/** A rate with the ratios of every modifier for its class, rounded once. */
export function modified(
  rate: bigint,
  unitClass: Modifier['classes'][number],
  modifiers: readonly Modifier[],
  rounding: Rounding,
): bigint {
  let numerator = rate;
  let denominator = 1n;
  for (const modifier of modifiers) {
    if (!modifier.classes.includes(unitClass)) continue;
    numerator *= BigInt(modifier.numerator);
    denominator *= BigInt(modifier.denominator);
  }
  return denominator === 1n ? numerator : divideRounded(numerator, denominator, rounding);
}
