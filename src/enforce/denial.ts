import type { AlertEvent } from '../domain/alert.ts';
import type { BudgetInstance } from '../domain/budget.ts';
import type { Denial } from '../domain/decision.ts';
import { capOf, deniedEvent, stateOf } from '../domain/evaluate.ts';
import { displayUsd } from '../domain/money.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import { endsAt, windowAt } from '../domain/window.ts';
import type { AccountDemand, Balance } from '../ledger/ledger.ts';
import type { Plan } from './plan.ts';
import type { Standing } from './standing.ts';

/** Retry-After where only live holds were in the way: they end in seconds. */
const CONTENDED_RETRY_MS: DurationMs = 1_000;

interface Refused {
  outcome: 'exhausted' | 'contended';
  demand: AccountDemand;
  balance: Balance;
}

/** What the caller is told, and what the owner is when it is the first such denial of the window. */
export function denialOf(
  refused: Refused,
  plan: Plan,
  standing: Standing,
  attemptId: string,
  now: EpochMs,
): { denial: Denial; event?: AlertEvent } {
  const instance = plan.instances.find(({ account }) => account === refused.demand.instance)!;
  const { spentNanoUsd } = refused.balance;
  const already = standing.already(instance, now, spentNanoUsd);
  const window = windowAt(instance.window, now);
  const crossing = { instance, window, spentNanoUsd, already, at: now, attribution: plan.attribution, attemptId };
  const event = refused.outcome === 'exhausted' ? deniedEvent(crossing) : undefined;
  const deniedWhileNearCap = event !== undefined || already.has(0);
  const action = capOf(instance, plan.attribution)?.threshold.action ?? 'block';
  const retryAfterMs = retryAfter(refused.outcome, action, endsAt(instance.window, now) - now);
  const told = event ?? standing.events(instance, now).findLast(({ kind }) => kind === 'denied');
  return {
    denial: {
      code: refused.outcome,
      action,
      budget: instance.budget.name,
      instance: instance.key,
      limitNanoUsd: instance.limitNanoUsd,
      spentNanoUsd,
      state: stateOf(instance, { spentNanoUsd, deniedWhileNearCap }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(told && { alertId: told.id }),
      detail: detailOf(refused, instance),
    },
    ...(event && { event }),
  };
}

/** A block has no end that a caller should wait for; a pause ends with its window. */
function retryAfter(outcome: Refused['outcome'], action: string, untilRoomMs: DurationMs): DurationMs | undefined {
  if (outcome === 'contended') return CONTENDED_RETRY_MS;
  return action === 'pause' ? untilRoomMs : undefined;
}

function detailOf({ outcome, demand, balance }: Refused, instance: BudgetInstance): string {
  const cap = displayUsd(demand.capNanoUsd);
  const share = demand.capNanoUsd === instance.limitNanoUsd ? '' : ` (limit ${displayUsd(instance.limitNanoUsd)})`;
  const parts = [`${displayUsd(balance.spentNanoUsd)} of ${cap}${share} is spent`];
  if (balance.unresolvedNanoUsd > 0n) parts.push(`${displayUsd(balance.unresolvedNanoUsd)} is unresolved`);
  if (outcome === 'contended') parts.push(`${displayUsd(balance.heldNanoUsd)} is held by running calls and leases`);
  const needs = `this call may cost up to ${displayUsd(demand.amountNanoUsd)}`;
  return `Budget "${instance.key}" (owner: ${instance.owner}): ${parts.join(', ')}; ${needs}.`;
}

export function unmatchedDenial(): Denial {
  return {
    code: 'unmatched',
    action: 'block',
    budget: null,
    detail: 'No budget matches this call and the config says `unmatched: deny`.',
  };
}
