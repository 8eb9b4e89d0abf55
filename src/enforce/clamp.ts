/**
 * Where an attempt does not fit, its output may be shortened to what the budgets can still pay for, if every budget in the
 * way allows it (`clamp_output`). What is held then is the whole worst case of the shortened attempt, in `expected` too: an
 * answer that is cut short is likely to use all that it may.
 */
import type { NanoUsd } from '../domain/money.ts';
import type { AccountDemand, Balance } from '../ledger/ledger.ts';
import { boundOf, outputBound } from '../pricing/bound.ts';
import { outputWithin } from '../pricing/clamp.ts';
import type { Plan } from './plan.ts';

/** Room in the account of a demand: as it is, and as it will be when everything that is held has ended at no cost. */
export function roomOf({ capNanoUsd }: AccountDemand, balance: Balance): { now: NanoUsd; atBest: NanoUsd } {
  const atBest = capNanoUsd - balance.spentNanoUsd - balance.unresolvedNanoUsd;
  return { now: atBest - balance.heldNanoUsd, atBest };
}

/**
 * The plan with an output with which this demand fits the room. Undefined where the budget does not allow it, where there is
 * no output to shorten (embeddings), or where it would be shorter than a budget in the way finds of use.
 */
export function shortened(plan: Plan, inTheWay: AccountDemand, roomNanoUsd: NanoUsd): Plan | undefined {
  const by = plan.instances.find(({ account }) => account === inTheWay.instance);
  if (by?.clampOutputTokens === undefined) return undefined;
  const { card, bound } = plan;
  const choices = bound.choices ?? 1;
  const affordable = outputWithin(card, bound, roomNanoUsd, by.budget.classes);
  if (affordable === undefined) return undefined;
  const perChoice = Math.floor(affordable / choices);
  const least = Math.max(by.clampOutputTokens, plan.leastOutputTokens ?? 0);
  if (perChoice < least || perChoice >= Math.floor(outputBound(card, bound) / choices)) return undefined;
  const shorter = { ...bound, outputTokens: perChoice * choices };
  const amountNanoUsd = boundOf(card, shorter);
  const demands = plan.demands.map((demand) => {
    const classes = plan.instances.find(({ account }) => account === demand.instance)?.budget.classes;
    return { ...demand, amountNanoUsd: classes ? boundOf(card, shorter, classes) : amountNanoUsd };
  });
  return {
    ...plan,
    bound: shorter,
    amountNanoUsd,
    demands,
    held: demands.map(() => undefined),
    leastOutputTokens: least,
    decision: 'downgrade',
    by,
    rewrite: { ...plan.rewrite, maxOutputTokens: perChoice },
  };
}

/** Half of the output that may be had by waiting is better had now; less of it is worth the wait. */
export function isWorthTaking(now: Plan, later: Plan | undefined): boolean {
  return later === undefined || 2 * outputBound(now.card, now.bound) >= outputBound(later.card, later.bound);
}
