/** What `holds: expected` goes by is learned from each settlement, and after a start from the newest that are booked. */
import type { Ledger, Settlement } from '../ledger/ledger.ts';
import { habitOf, type Learned } from './learned.ts';

/** Enough for the percentiles of what calls often; read in well under a second. */
const NEWEST = 5_000;
const PAGE = 500;

type Told = Pick<Settlement, 'attribution' | 'costNanoUsd' | 'source' | 'status' | 'bookedAt'>;

/**
 * `worstNanoUsd`: the attempt's whole worst case. Absent for one that went out unasked, which teaches nothing; neither
 * does one that failed or was broken off, because what it would have cost is not known.
 */
export function learnFrom(learned: Learned, settlement: Told, worstNanoUsd: bigint | undefined): void {
  const { attribution, costNanoUsd, source, status, bookedAt } = settlement;
  if (worstNanoUsd === undefined || source !== 'measured' || status !== 'ok') return;
  learned.learn(habitOf(attribution), worstNanoUsd, costNanoUsd, bookedAt);
}

/** Errors: `LedgerUnavailable`. */
export async function relearn(learned: Learned, ledger: Ledger): Promise<void> {
  let cursor = String(Math.max(0, (await lastSeq(ledger)) - NEWEST));
  for (;;) {
    const { items, next } = await ledger.settlements({ cursor, limit: PAGE });
    const holds = await ledger.holds(items.map(({ attemptId }) => attemptId));
    for (const [index, settlement] of items.entries()) learnFrom(learned, settlement, holds[index]?.amountNanoUsd);
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
