import { type Attribution, matches } from './attribution.ts';
import { type Action, type BudgetInstance, STOPPING_ACTIONS, type StoppingAction, type Threshold } from './budget.ts';
import type { NanoUsd } from './money.ts';

/** A threshold that stops calls, and its amount. */
export interface Cap {
  capNanoUsd: NanoUsd;
  threshold: Threshold & { action: StoppingAction };
}

/** A share of the limit, rounded down to a whole nano-USD. */
export function amountAt(limitNanoUsd: NanoUsd, basisPoints: number): NanoUsd {
  return (limitNanoUsd * BigInt(basisPoints)) / 10_000n;
}

/** Nothing spent crosses nothing, not even under a limit of zero. */
export function isCrossed(instance: BudgetInstance, basisPoints: number, spentNanoUsd: NanoUsd): boolean {
  return spentNanoUsd > 0n && spentNanoUsd >= amountAt(instance.limitNanoUsd, basisPoints);
}

/** The cap of an attempt: the lowest stopping threshold whose `when` matches it. Shadow budgets never act: none. */
export function capOf(instance: BudgetInstance, attribution: Attribution): Cap | undefined {
  if (instance.shadow) return undefined;
  return lowestCap(instance, ({ when }) => !when || matches(when, attribution));
}

/**
 * The cap of the instance as a whole, which its state and its gauges are about: the lowest stopping threshold without
 * `when`, in shadow budgets too. A conditional one stops some attempts only, so it makes the instance `soft`.
 */
export function wholeCapOf(instance: BudgetInstance): Cap | undefined {
  return lowestCap(instance, ({ when }) => !when);
}

function lowestCap(instance: BudgetInstance, applies: (threshold: Threshold) => boolean): Cap | undefined {
  let lowest: Cap['threshold'] | undefined;
  for (const threshold of instance.thresholds) {
    if (!isStopping(threshold) || !applies(threshold)) continue;
    const lower = lowest === undefined || threshold.atBasisPoints < lowest.atBasisPoints;
    const stricter = threshold.atBasisPoints === lowest?.atBasisPoints && isStricter(threshold.action, lowest.action);
    if (lower || stricter) lowest = threshold;
  }
  return lowest && { capNanoUsd: amountAt(instance.limitNanoUsd, lowest.atBasisPoints), threshold: lowest };
}

function isStopping(threshold: Threshold): threshold is Cap['threshold'] {
  return (STOPPING_ACTIONS as readonly (Action | undefined)[]).includes(threshold.action);
}

/** Order when several apply. */
export const STRICTNESS: Readonly<Record<Action, number>> = { block: 3, pause: 1, downgrade: 0 };

export function isStricter(action: Action, than: Action): boolean {
  return STRICTNESS[action] > STRICTNESS[than];
}
