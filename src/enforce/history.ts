/**
 * A new or changed budget starts from its window's ledger history, never at 0: booked settlements of the window are posted
 * to its instances, each once, and calls in flight are adopted. Which definitions are in force is written in the ledger, so
 * that this happens when one comes into force and goes on after a crash.
 */
import type { BudgetInstance } from '../domain/budget.ts';
import { wholeCapOf } from '../domain/evaluate.ts';
import type { EpochMs } from '../domain/time.ts';
import { sinceAt, windowAt } from '../domain/window.ts';
import type { Ledger, Posting, Settlement } from '../ledger/ledger.ts';
import { costOf } from '../pricing/price.ts';
import { type Definition, definitionIdOf, definitionsOf, Marks } from './definitions.ts';
import { accountOf } from './plan.ts';
import type { Policy } from './policy.ts';

const PAGE = 1_000;

/**
 * `before` is the policy in force until now; at the start the ledger alone knows. Answers what writes down, last of all, which
 * definitions are in force. Errors: `LedgerUnavailable`; what was posted until then is not posted twice.
 */
export async function fillFromHistory(
  ledger: Ledger,
  policy: Policy,
  now: EpochMs,
  before?: Policy,
): Promise<(by: string) => Promise<void>> {
  const marks = await Marks.read(ledger);
  const earlier = before && new Set(definitionsOf(before).map(({ id }) => id));
  const definitions = definitionsOf(policy);
  const fresh = definitions.filter(({ id }) => !marks.isFilled(id) || (earlier && !earlier.has(id)));
  if (fresh.length > 0) await fill(ledger, policy, now, fresh);
  return (by) => marks.write(ledger, new Set(definitions.map(({ id }) => id)), now, by);
}

async function fill(ledger: Ledger, policy: Policy, now: EpochMs, fresh: readonly Definition[]): Promise<void> {
  const ids = new Set(fresh.map(({ id }) => id));
  const isFresh = (instance: BudgetInstance): boolean => ids.has(definitionIdOf(instance));
  const from = Math.min(...fresh.map(({ window }) => sinceAt(window, now)));
  let cursor: string | undefined;
  do {
    const page = await ledger.settlements({ from, limit: PAGE, ...(cursor !== undefined && { cursor }) });
    const postings = page.items.flatMap((settlement) => postingsOf(policy, settlement, now, isFresh));
    if (postings.length > 0) await ledger.backfill(postings, now);
    cursor = page.next;
  } while (cursor !== undefined);
  await adoptOpen(ledger, policy, now, isFresh);
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
