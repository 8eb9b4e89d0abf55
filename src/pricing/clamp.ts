/** The bound turned round: how much output a sum of money can pay for. */
import type { CostClass } from '../domain/budget.ts';
import type { NanoUsd } from '../domain/money.ts';
import { MAX_USAGE_COUNT, type UsageBound } from '../domain/usage.ts';
import { feesOf, inputBound, peakRates } from './bound.ts';
import type { RateCard } from './pricing.ts';

/**
 * The most output tokens over all choices with which the worst case of the request is within the amount. Undefined where
 * it is above even without output, or where output costs these classes nothing.
 */
export function outputWithin(
  card: RateCard,
  usageBound: UsageBound,
  amountNanoUsd: NanoUsd,
  classes?: readonly CostClass[],
): number | undefined {
  const inputTokens = inputBound(card, usageBound);
  const peak = peakRates(card, usageBound, inputTokens, classes);
  const left = amountNanoUsd * 1_000_000n - BigInt(inputTokens) * peak.input - feesOf(peak, usageBound);
  if (left < 0n || peak.output === 0n) return undefined;
  const tokens = left / peak.output;
  return tokens > BigInt(MAX_USAGE_COUNT) ? MAX_USAGE_COUNT : Number(tokens);
}
