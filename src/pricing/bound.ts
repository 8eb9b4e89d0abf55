/**
 * The most that a request can cost, known before it is sent. For every usage within the bound, `price` ≤ `bound`: each
 * token is billed on one line, so the count bounds times the dearest reachable rates bound the sum of the lines.
 */
import type { CostClass } from '../domain/budget.ts';
import { divideRounded, type NanoUsd } from '../domain/money.ts';
import type { UsageBound } from '../domain/usage.ts';
import { worstModifiers } from './modifiers.ts';
import type { Bound, RateCard } from './pricing.ts';
import { larger, modified, peakRate } from './rate.ts';
import { type ResolvedUnit, unitsOf } from './substitutes.ts';
import { FEE_COUNTS, type FeeCount } from './units.ts';
import { boundProblem } from './usage-problem.ts';

export { boundProblem } from './usage-problem.ts';

/** For a card that knows neither its maximum nor its context window; the catalogue's cards always know. */
const MAX_OUTPUT_TOKENS = 128_000;
/** For input that nobody saw on a model whose context window is not known: the largest of the current families. */
const MAX_CONTEXT_TOKENS = 1_050_000;

/** Errors: `RangeError` for counts that cannot be, as `boundProblem` puts it. */
export const bound: Bound = (card, usageBound) => boundOf(card, usageBound);

/** The worst case of the lines that a class-narrowed budget counts, rounded up. Absent classes: of all. */
export function boundOf(card: RateCard, usageBound: UsageBound, classes?: readonly CostClass[]): NanoUsd {
  const problem = boundProblem(usageBound);
  if (problem) throw new RangeError(`bound of ${card.provider}/${card.model}: ${problem}`);
  const inputTokens = inputBound(card, usageBound);
  const peak = peakRates(card, usageBound, inputTokens, classes);
  const tokens = BigInt(inputTokens) * peak.input + BigInt(outputBound(card, usageBound)) * peak.output;
  return divideRounded(tokens + feesOf(peak, usageBound), 1_000_000n, 'up');
}

/** Nano-USD per million: of the dearest input and output token, of a request, and of what else is counted. */
export interface PeakRates {
  input: bigint;
  output: bigint;
  request: bigint;
  counted: Readonly<Partial<Record<FeeCount, bigint>>>;
}

/** Of a request: its own fee, and one for each search, picture and so on that it may come to. */
export function feesOf({ request, counted }: PeakRates, usageBound: UsageBound): bigint {
  let sum = request;
  for (const count of FEE_COUNTS) {
    const most = usageBound[count];
    if (most !== undefined) sum += (counted[count] ?? 0n) * BigInt(most);
  }
  return sum;
}

/** The dearest rates that a request within the bound can reach, with that many input tokens at the most. */
export function peakRates(
  card: RateCard,
  usageBound: UsageBound,
  inputTokens: number,
  classes?: readonly CostClass[],
): PeakRates {
  const modifiers = worstModifiers(card, usageBound);
  const counted: Partial<Record<FeeCount, bigint>> = {};
  const peak: PeakRates = { input: 0n, output: 0n, request: 0n, counted };
  for (const unit of unitsOf(card)) {
    if (classes && !classes.includes(unit.class)) continue;
    if (unit.key === 'cache_write_1h_mtok' && !usageBound.cacheWrite1h) continue;
    if (usageBound.audio === false && isAudioToken(unit)) continue;
    const rate = modified(peakRate(unit.rate, inputTokens), unit.class, modifiers, 'up');
    if (unit.side === 'input') peak.input = larger(peak.input, rate);
    else if (unit.side === 'output') peak.output = larger(peak.output, rate);
    else if (unit.count) counted[unit.count] = rate;
    else peak.request += rate;
  }
  return peak;
}

function isAudioToken({ key, class: unitClass, side }: ResolvedUnit): boolean {
  return side !== 'fee' && (unitClass === 'audio' || key === 'cache_audio_read_mtok');
}

/** Input tokens of every kind: what the request contains, or the whole context window when the provider adds to it. */
export function inputBound(card: RateCard, usageBound: UsageBound): number {
  if (!usageBound.unseenInput) return usageBound.inputTokens;
  return Math.max(usageBound.inputTokens, card.contextWindow ?? MAX_CONTEXT_TOKENS);
}

/** Output tokens over all choices: the request's own bound, or what the model can write at the most. */
export function outputBound(card: RateCard, usageBound: UsageBound): number {
  if (usageBound.outputTokens !== undefined) return usageBound.outputTokens;
  return (usageBound.choices ?? 1) * (card.maxOutputTokens ?? card.contextWindow ?? MAX_OUTPUT_TOKENS);
}
