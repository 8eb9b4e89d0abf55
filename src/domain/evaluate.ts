/**
 * The decision core: pure functions over an instance, what was spent of it, and an attempt. Thresholds compare spent money
 * (without holds) with the limit.
 */
import { STRICTNESS } from './cap.ts';
import type { Denial } from './decision.ts';

export { amountAt, type Cap, capOf, isCrossed, isStricter, wholeCapOf } from './cap.ts';
export { type Crossing, crossings, deniedEvent, eventId, firedStill, unpricedEvent } from './crossing.ts';
export { type Rewrite, rewriteOf, type SoftDecision, type SpentInstance, softDecision } from './rewrite.ts';
export { isNearCap, NEAR_CAP_BASIS_POINTS, stateOf } from './state.ts';

/**
 * The denial that speaks for all: one that waiting cannot mend before a contended one, then block > approve > pause, then
 * the budgets' order. `undefined` when there is none.
 */
export function strictest(denials: readonly Denial[]): Denial | undefined {
  let found: Denial | undefined;
  for (const denial of denials) if (!found || weight(denial) > weight(found)) found = denial;
  return found;
}

function weight(denial: Denial): number {
  return (denial.code === 'contended' ? 0 : 10) + STRICTNESS[denial.action];
}
