/** What `holds: expected` goes by is learned from each settlement, and after a start from the newest that are booked. */
import type { Ledger, Settlement } from '../ledger/ledger.ts';
import { habitOf, type Learned } from './learned.ts';
import type { Policy } from './policy.ts';

/** Enough for the percentiles of what calls often; read in well under a second. */
const NEWEST = 5_000;
const PAGE = 500;

/**
 * `budgets`: those that held something of the attempt; `worstNanoUsd`: its whole worst case, absent for one that went out
 * unasked. One that failed or was broken off teaches nothing: what it would have cost is not known.
 */
export function learnFrom(
  { policy, learned }: { policy: Pick<Policy, 'expects'>; learned: Learned },
  { attribution, costNanoUsd, source, status, bookedAt }: Settlement,
  budgets: readonly { budget: string }[],
  worstNanoUsd: bigint | undefined,
): void {
  if (worstNanoUsd === undefined || source !== 'measured' || status !== 'ok') return;
  if (budgets.some(({ budget }) => policy.expects.has(budget))) {
    learned.learn(habitOf(attribution), worstNanoUsd, costNanoUsd, bookedAt);
  }
}

/** Errors: `LedgerUnavailable`. */
export async function relearn(learned: Learned, policy: Policy, ledger: Ledger, newest = NEWEST): Promise<void> {
  if (policy.expects.size === 0) return;
  let cursor = String(Math.max(0, (await lastSeq(ledger)) - newest));
  for (;;) {
    const { items, next } = await ledger.settlements({ cursor, limit: PAGE });
    const holds = await ledger.holds(items.map(({ attemptId }) => attemptId));
    for (const [index, settlement] of items.entries()) {
      const hold = holds[index];
      if (hold) learnFrom({ policy, learned }, settlement, hold.demands, hold.amountNanoUsd);
    }
    if (next === undefined) return;
    cursor = next;
  }
}

/** Sequence numbers are dense, so the last is found by halving: some forty looks at one row. */
async function lastSeq(ledger: Ledger): Promise<number> {
  const isThere = async (seq: number): Promise<boolean> =>
    (await ledger.settlements({ cursor: String(seq - 1), limit: 1 })).items.length > 0;
  let beyond = 1;
  while (await isThere(beyond)) beyond *= 2;
  let last = Math.floor(beyond / 2);
  while (beyond - last > 1) {
    const middle = Math.floor((last + beyond) / 2);
    if (await isThere(middle)) last = middle;
    else beyond = middle;
  }
  return last;
}
