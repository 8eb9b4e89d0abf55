/**
 * When a tighter bound is worth its time. The input of an attempt is bounded by its bytes, three to six times its tokens;
 * a client that has a tokenizer can count them instead. While headroom is plentiful that is wasted time, and where output
 * makes the worst case, or the provider adds what nobody sees, it is of no use.
 */
import type { NanoUsd } from '../domain/money.ts';
import type { AccountDemand } from '../ledger/ledger.ts';
import { boundOf } from '../pricing/bound.ts';
import type { WireBound } from '../protocol/wire.ts';
import type { Plan } from './plan.ts';

/** Headroom is short when one worst case is more than a fiftieth of it. */
const SHORT = 50n;
/** Counting is worth its time when the input is at least a tenth of the worst case. */
const WORTH = 10n;

/** For a grant: attempts like this one should be counted from now on. */
export function isTight(plan: Plan, said: WireBound, spentOf: (account: string) => NanoUsd): boolean {
  if (said.counted || said.unseen_input) return false;
  const isShort = plan.demands.some(
    ({ instance, capNanoUsd, amountNanoUsd }) => amountNanoUsd * SHORT > capNanoUsd - spentOf(instance),
  );
  return isShort && isCountable(plan, said);
}

/** Whether counted tokens would make the worst case notably smaller. */
export function isCountable(plan: Plan, said: WireBound): boolean {
  if (said.counted || said.unseen_input) return false;
  return (plan.amountNanoUsd - worstWithoutInput(plan)) * WORTH >= plan.amountNanoUsd;
}

/** For a denial: with fewer input tokens, were it none at all, it would fit. */
export function mayFitCounted(plan: Plan, said: WireBound, inTheWay: AccountDemand, roomNanoUsd: NanoUsd): boolean {
  if (!isCountable(plan, said)) return false;
  const classes = plan.instances.find(({ account }) => account === inTheWay.instance)?.budget.classes;
  return boundOf(plan.card, { ...plan.bound, inputTokens: 0 }, classes) <= roomNanoUsd;
}

function worstWithoutInput({ card, bound }: Plan): NanoUsd {
  return boundOf(card, { ...bound, inputTokens: 0 });
}
