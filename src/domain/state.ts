import type { BudgetInstance } from './budget.ts';
import { amountAt, isCrossed, wholeCapOf } from './cap.ts';
import type { BudgetState } from './decision.ts';
import type { NanoUsd } from './money.ts';

/** From here on, an exhausted denial makes an instance `hard` and tells its owner. */
export const NEAR_CAP_BASIS_POINTS = 9000;

/**
 * - `hard`: the whole cap is reached, less than 1 % of the limit is left below it, or an exhausted denial came while at
 *   least 90 % was spent and that much still is (a raised limit or a rolling window gives way again)
 * - `soft`: any threshold is crossed, conditional ones included
 */
export function stateOf(
  instance: BudgetInstance,
  now: { spentNanoUsd: NanoUsd; deniedWhileNearCap: boolean },
): BudgetState {
  const { spentNanoUsd: spent, deniedWhileNearCap } = now;
  const cap = wholeCapOf(instance)?.capNanoUsd;
  if (cap !== undefined && (spent >= cap || (cap - spent) * 100n < instance.limitNanoUsd)) return 'hard';
  if (deniedWhileNearCap && isNearCap(instance, spent)) return 'hard';
  return instance.thresholds.some(({ atBasisPoints }) => isCrossed(instance, atBasisPoints, spent)) ? 'soft' : 'ok';
}

/** Whether at least 90 % of the limit is spent. */
export function isNearCap(instance: BudgetInstance, spentNanoUsd: NanoUsd): boolean {
  return spentNanoUsd >= amountAt(instance.limitNanoUsd, NEAR_CAP_BASIS_POINTS);
}
