/** Reads the ledger of a run that is over, for the judge. */
import type { HoldRecord, Settlement } from '../../src/ledger/ledger.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';
import type { OpenHold, Settled } from './judge.ts';

export async function readLedger(path: string): Promise<{ settled: Settled[]; open: OpenHold[] }> {
  const ledger = await openSqliteLedger({ path });
  try {
    const settled: Settled[] = [];
    let cursor: string | undefined;
    do {
      const page = await ledger.settlements({ limit: 1_000, ...(cursor !== undefined && { cursor }) });
      settled.push(...page.items.map(settledOf));
      cursor = page.next;
    } while (cursor !== undefined);
    return { settled, open: (await ledger.openHolds()).map(openOf) };
  } finally {
    await ledger.close();
  }
}

function settledOf(settlement: Settlement): Settled {
  const { attemptId, responseId, attribution, source, costNanoUsd, overageNanoUsd, unknownHold } = settlement;
  return {
    attemptId,
    ...(responseId !== undefined && { responseId }),
    client: attribution.service ?? '',
    measured: source === 'measured',
    costNanoUsd,
    overageNanoUsd,
    unknownHold,
  };
}

/** A slice is money of one account, so what is open is counted on the one account that everything counts for. */
function openOf({ attemptId, attribution, state, demands, remainderNanoUsd }: HoldRecord): OpenHold {
  const held = demands.find(({ budget }) => budget === 'cap')?.amountNanoUsd ?? 0n;
  const isEnded = state.state !== 'held' && state.state !== 'unresolved';
  return {
    attemptId,
    client: attribution.service ?? '',
    state: isEnded ? 'settled' : (state.state as 'held' | 'unresolved'),
    openNanoUsd: isEnded ? remainderNanoUsd : held,
  };
}
