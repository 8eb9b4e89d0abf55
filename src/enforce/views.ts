import type { BudgetInstance } from '../domain/budget.ts';
import { isCrossed, stateOf, wholeCapOf } from '../domain/evaluate.ts';
import type { EpochMs } from '../domain/time.ts';
import { sinceAt, windowAt } from '../domain/window.ts';
import type { AccountBalance, Balance } from '../ledger/ledger.ts';
import type { BudgetView } from './enforcer.ts';
import type { Policy } from './policy.ts';
import type { Room } from './room.ts';

/** Every known instance with its balance, as the ledger says it now. */
export async function budgetViews(room: Room): Promise<BudgetView[]> {
  const now = room.clock.now();
  const accounts = Map.groupBy(await room.ledger.accounts(oldestSince(room.policy, now)), ({ instance }) => instance);
  return [...room.policy.instances()].map((instance) =>
    viewOf(room, instance, accounts.get(instance.account) ?? [], now),
  );
}

/** Accounts that end after this are all that any instance counts now. */
export function oldestSince(policy: Policy, now: EpochMs): EpochMs {
  let oldest = now;
  for (const instance of policy.instances()) oldest = Math.min(oldest, sinceAt(instance.window, now));
  return oldest;
}

function viewOf(room: Room, instance: BudgetInstance, accounts: readonly AccountBalance[], now: EpochMs): BudgetView {
  const balance = balanceOf(instance, accounts, now);
  const already = room.standing.already(instance, now, balance.spentNanoUsd);
  const cap = wholeCapOf(instance);
  return {
    instance,
    window: windowAt(instance.window, now),
    state: stateOf(instance, { spentNanoUsd: balance.spentNanoUsd, deniedWhileNearCap: already.has(0) }),
    spentNanoUsd: balance.spentNanoUsd,
    reservedNanoUsd: balance.heldNanoUsd,
    unresolvedNanoUsd: balance.unresolvedNanoUsd,
    ...(cap && { capNanoUsd: cap.capNanoUsd }),
    crossed: instance.thresholds.map(({ atBasisPoints }) => ({
      atBasisPoints,
      crossed: isCrossed(instance, atBasisPoints, balance.spentNanoUsd),
    })),
    openAlerts: room.standing.events(instance, now).length,
  };
}

function balanceOf(instance: BudgetInstance, accounts: readonly AccountBalance[], now: EpochMs): Balance {
  const balance = { spentNanoUsd: 0n, heldNanoUsd: 0n, unresolvedNanoUsd: 0n };
  const since = sinceAt(instance.window, now);
  const { start } = windowAt(instance.window, now);
  for (const account of accounts) {
    const counts = instance.window.kind === 'rolling' ? account.window.end > since : account.window.start === start;
    if (!counts) continue;
    balance.spentNanoUsd += account.spentNanoUsd;
    balance.heldNanoUsd += account.heldNanoUsd;
    balance.unresolvedNanoUsd += account.unresolvedNanoUsd;
  }
  return balance;
}
