/**
 * What attempts have cost of their worst case of late, for budgets with `holds: expected`.
 *
 * It is learned for each provider, model, service and workflow: what an attempt uses of what it asks for is a habit of the
 * code that asks (its prompts, its `max_tokens`), and another code's habit says nothing of it. So there is no coarser group
 * to fall back on: of what is not known well enough, the whole worst case is held.
 *
 * Two numbers are learned, and the larger is held. A share of the worst case alone would hold too little of an attempt
 * whose bound is tighter than usual (its output shortened, its input counted): it costs what they all cost, but its worst
 * case is smaller. What attempts cost alone would hold too little of one that is larger than usual.
 *
 * The n values seen are taken for exchangeable with the next one: then it is at or below the ⌈(n + 1) p⌉-th smallest with
 * probability p or more (split conformal prediction), and where there is no such value, n is too small for that p. Old ones
 * lose half their weight in a day, and each newer one takes a little as well, so that a change shows soon.
 */
import type { Attribution } from '../domain/attribution.ts';
import { type HeldShare, WHOLE_PPM } from '../domain/held-share.ts';
import type { NanoUsd } from '../domain/money.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import { Histogram } from './histogram.ts';

const MIN_SAMPLES = 200;
const MAX_KEYS = 1_000;
const HALF_LIFE_MS: DurationMs = 24 * 3_600_000;
/** So many samples back a sample has lost two thirds of its weight. */
const MEMORY = 10_000;
/** Weights are brought down before they lose precision. */
const MAX_WEIGHT = 1e12;
/** A thousandth of a cent, and a thousand dollars. */
const COST_RANGE = [1e4, 1e12] as const;

interface Habit {
  ratios: Histogram;
  costs: Histogram;
  /** Sum of all weights, and the weight of a sample at `at`. */
  total: number;
  weight: number;
  at: EpochMs;
}

export class Learned {
  /** Those learned of last at the end. */
  readonly #habits = new Map<string, Habit>();

  get size(): number {
    return this.#habits.size;
  }

  learn(key: string, worstNanoUsd: NanoUsd, costNanoUsd: NanoUsd, now: EpochMs): void {
    if (worstNanoUsd <= 0n) return;
    const habit = this.#habits.get(key) ?? newHabit(now);
    this.#habits.delete(key);
    this.#habits.set(key, habit);
    if (this.#habits.size > MAX_KEYS) this.#habits.delete(this.#habits.keys().next().value!);
    habit.weight = weightAt(habit, now) * (1 + 1 / MEMORY);
    habit.at = Math.max(habit.at, now);
    habit.total += habit.weight;
    habit.ratios.add(Number((costNanoUsd * WHOLE_PPM) / worstNanoUsd) + 1, habit.weight);
    habit.costs.add(Number(costNanoUsd), habit.weight);
    if (habit.weight > MAX_WEIGHT) bringDown(habit);
  }

  /** Undefined while too little is known: the whole worst case is held. */
  share(key: string, basisPoints: number, now: EpochMs): HeldShare | undefined {
    const habit = this.#habits.get(key);
    if (!habit) return undefined;
    const unit = weightAt(habit, now);
    const samples = habit.total / unit;
    const rank = ((samples + 1) * basisPoints) / 10_000;
    if (samples < MIN_SAMPLES || rank > samples) return undefined;
    const above = (samples - rank) * unit;
    const ppm = habit.ratios.valueBelow(above);
    const atLeast = habit.costs.valueBelow(above);
    // A value in the last bucket may be any above it.
    if (ppm >= Number(WHOLE_PPM) || !Number.isFinite(atLeast)) return undefined;
    return { ppm: BigInt(Math.ceil(ppm)), atLeastNanoUsd: BigInt(Math.ceil(atLeast)) };
  }
}

/** Whose habit an attempt follows. */
export function habitOf({ provider, model, service, workflow }: Attribution): string {
  return JSON.stringify([provider, model, service, workflow]);
}

function newHabit(now: EpochMs): Habit {
  return {
    ratios: new Histogram(10, Number(WHOLE_PPM)),
    costs: new Histogram(...COST_RANGE),
    total: 0,
    weight: 1,
    at: now,
  };
}

function weightAt({ weight, at }: Habit, now: EpochMs): number {
  return weight * 2 ** (Math.max(0, now - at) / HALF_LIFE_MS);
}

function bringDown(habit: Habit): void {
  const factor = 1 / habit.weight;
  habit.ratios.scale(factor);
  habit.costs.scale(factor);
  habit.total *= factor;
  habit.weight = 1;
}
