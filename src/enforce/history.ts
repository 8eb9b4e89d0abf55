/**
 * A new or changed budget starts from its window's ledger history, never at 0. Its instances have keys that no posting
 * has used, so booked settlements of the window are posted to them once, and calls in flight are adopted. Which
 * definitions have been filled is written in the ledger, so that this happens once and goes on after a crash.
 */
import type { Budget, BudgetInstance } from '../domain/budget.ts';
import { definitionOf } from '../domain/definition.ts';
import { wholeCapOf } from '../domain/evaluate.ts';
import type { EpochMs } from '../domain/time.ts';
import { sinceAt, type WindowSpec, windowAt } from '../domain/window.ts';
import type { Ledger, Posting, Settlement } from '../ledger/ledger.ts';
import { costOf } from '../pricing/price.ts';
import { accountOf } from './plan.ts';
import type { Policy } from './policy.ts';

const PAGE = 1_000;

interface Definition {
  id: string;
  window: WindowSpec;
}

/** Errors: `LedgerUnavailable`; what was posted until then is not posted twice. */
export async function fillFromHistory(ledger: Ledger, policy: Policy, now: EpochMs, by: string): Promise<void> {
  const filled = new Set((await ledger.revisions()).map(({ hash }) => hash));
  const fresh = policy.config.budgets.flatMap(definitionsOf).filter(({ id }) => !filled.has(id));
  if (fresh.length === 0) return;
  const ids = new Set(fresh.map(({ id }) => id));
  const isFresh = (instance: BudgetInstance): boolean => ids.has(idOf(instance.budget, instance.window));
  const from = Math.min(...fresh.map(({ window }) => sinceAt(window, now)));
  let cursor: string | undefined;
  do {
    const page = await ledger.settlements({ from, limit: PAGE, ...(cursor !== undefined && { cursor }) });
    const postings = page.items.flatMap((settlement) => postingsOf(policy, settlement, now, isFresh));
    if (postings.length > 0) await ledger.backfill(postings, now);
    cursor = page.next;
  } while (cursor !== undefined);
  await adoptOpen(ledger, policy, now, isFresh);
  for (const { id } of fresh) await ledger.recordRevision({ hash: id, at: now, by });
}

function definitionsOf(budget: Budget): Definition[] {
  const windows = [budget.window, ...budget.overrides.flatMap(({ terms }) => terms.window ?? [])];
  return windows.map((window) => ({ id: idOf(budget, window), window }));
}

function idOf(budget: Budget, window: WindowSpec): string {
  return `definition:${budget.name}:${definitionOf(budget, window)}`;
}

function postingsOf(
  policy: Policy,
  settlement: Settlement,
  now: EpochMs,
  isFresh: (instance: BudgetInstance) => boolean,
): (Posting & { seq: number })[] {
  const { seq, attribution, model, admittedAt, receipt } = settlement;
  const asked = policy.match(attribution);
  const served = model === attribution.model ? [] : policy.match({ ...attribution, model });
  const extra = served.filter(({ budget }) => !asked.some((instance) => instance.budget.name === budget.name));
  return [...asked, ...extra]
    .filter(
      (instance) => isFresh(instance) && windowAt(instance.window, admittedAt).end > sinceAt(instance.window, now),
    )
    .map((instance) => ({
      seq,
      ...accountOf(instance, admittedAt),
      amountNanoUsd: costOf(receipt, instance.budget.classes),
    }));
}

/** Calls in flight count for the new accounts as well, at their whole worst case. */
async function adoptOpen(
  ledger: Ledger,
  policy: Policy,
  now: EpochMs,
  isFresh: (instance: BudgetInstance) => boolean,
): Promise<void> {
  const demands = (await ledger.openHolds()).flatMap(({ attemptId, attribution, amountNanoUsd, admittedAt }) =>
    policy
      .match(attribution)
      .filter(isFresh)
      .flatMap((instance) => {
        const cap = wholeCapOf(instance);
        if (!cap) return [];
        const account = accountOf(instance, admittedAt);
        return [{ attemptId, demand: { ...account, amountNanoUsd, capNanoUsd: cap.capNanoUsd } }];
      }),
  );
  if (demands.length > 0) await ledger.adopt(demands, now);
}
