/** Reads the ledger of a run that is over, for the judge. */
import type { HoldRecord, Settlement } from '../../src/ledger/ledger.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';
import { groupOf, type OpenHold, type Settled } from './judge.ts';

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
  const { attemptId, responseId, attribution, model, source, costNanoUsd, overageNanoUsd, unknownHold } = settlement;
  return {
    attemptId,
    ...(responseId !== undefined && { responseId }),
    group: groupOf(attribution.service ?? '', model),
    measured: source === 'measured',
    costNanoUsd,
    overageNanoUsd,
    unknownHold,
  };
}

function openOf({ attemptId, attribution, model, state, amountNanoUsd, remainderNanoUsd }: HoldRecord): OpenHold {
  const isSettled = state.state !== 'held' && state.state !== 'unresolved';
  return {
    attemptId,
    group: groupOf(attribution.service ?? '', model),
    state: isSettled ? 'settled' : (state.state as 'held' | 'unresolved'),
    openNanoUsd: isSettled ? remainderNanoUsd : amountNanoUsd,
  };
}
