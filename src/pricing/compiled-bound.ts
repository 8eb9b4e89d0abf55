/**
 * The bound of a card, worked out ahead for the hot path: the same numbers as `boundOf`, from a few rates instead of a walk
 * over the card. What a request asks for beside its counts (tier, place, cache writes, audio) makes a variant; a variant
 * has one set of rates for each range of input tokens.
 */
import type { CostClass } from '../domain/budget.ts';
import type { NanoUsd } from '../domain/money.ts';
import type { UsageBound } from '../domain/usage.ts';
import { feesOf, inputBound, outputBound, type PeakRates, peakRates } from './bound.ts';
import type { RateCard } from './pricing.ts';
import { unitsOf } from './substitutes.ts';
import { boundProblem } from './usage-problem.ts';

/** Undefined for counts that cannot be. */
export type CompiledBound = (bound: UsageBound) => NanoUsd | undefined;

interface Step extends PeakRates {
  /** Holds above this many input tokens. */
  above: number;
}

interface Variant {
  serviceTier: string | undefined;
  inferenceGeo: string | undefined;
  batch: boolean;
  cacheWrite1h: boolean;
  audio: boolean;
  steps: readonly Step[];
}

/** Tiers and places are what callers write, so their number has no end. */
const MAX_VARIANTS = 32;
const MILLION = 1_000_000n;

/** Errors: `RangeError` when the card has no token price at all. */
export function compileBound(card: RateCard, classes?: readonly CostClass[]): CompiledBound {
  const starts = [...new Set(unitsOf(card).flatMap(({ rate }) => rate.tiers.map(({ start }) => start)))];
  const above = [-1, ...starts.sort((a, b) => a - b)];
  let variants: Variant[] = [];

  function add(bound: UsageBound): Variant {
    const { serviceTier, inferenceGeo, batch, cacheWrite1h, audio } = bound;
    const steps = above.map((start) => ({ above: start, ...peakRates(card, bound, start + 1, classes) }));
    const variant: Variant = {
      serviceTier,
      inferenceGeo,
      batch: batch === true,
      cacheWrite1h: cacheWrite1h === true,
      audio: audio !== false,
      steps,
    };
    if (variants.length >= MAX_VARIANTS) variants = [];
    variants.push(variant);
    return variant;
  }

  return (bound) => {
    if (boundProblem(bound)) return undefined;
    const inputTokens = inputBound(card, bound);
    const rates = stepAt((variants.find((variant) => isOf(variant, bound)) ?? add(bound)).steps, inputTokens);
    const tokens = BigInt(inputTokens) * rates.input + BigInt(outputBound(card, bound)) * rates.output;
    const sum = tokens + feesOf(rates, bound);
    return (sum + (MILLION - 1n)) / MILLION;
  };
}

function isOf(variant: Variant, bound: UsageBound): boolean {
  return (
    variant.serviceTier === bound.serviceTier &&
    variant.inferenceGeo === bound.inferenceGeo &&
    variant.audio === (bound.audio !== false) &&
    variant.cacheWrite1h === (bound.cacheWrite1h === true) &&
    variant.batch === (bound.batch === true)
  );
}

function stepAt(steps: readonly Step[], inputTokens: number): Step {
  let at = steps.length - 1;
  while (at > 0 && inputTokens <= steps[at]!.above) at -= 1;
  return steps[at]!;
}
