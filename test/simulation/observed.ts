import type {
  HoldRecord,
  Ledger,
  ReleaseOutcome,
  ReserveOutcome,
  ReserveRequest,
  SettleOutcome,
  SettleRequest,
  SplitOutcome,
} from '../../src/ledger/ledger.ts';
import type { Judge } from './judge.ts';

/** A ledger whose committed steps the judge sees, each with the balances as they were right after it. */
export function observed(ledger: Ledger, judge: () => Judge): Ledger {
  return {
    ...ledger,
    async reserveMany(requests: readonly ReserveRequest[], now) {
      // Both run at once and to their end: the memory ledger waits for nothing.
      const [step, accounts] = [ledger.reserveMany(requests, now), ledger.accounts(oldestOf(requests))];
      const outcomes: ReserveOutcome[] = await step;
      const balances = await accounts;
      for (const [index, outcome] of outcomes.entries()) judge().reserved(requests[index]!, outcome, balances, now);
      return outcomes;
    },
    async settleMany(requests: readonly SettleRequest[], now) {
      const outcomes: SettleOutcome[] = await ledger.settleMany(requests, now);
      for (const [index, outcome] of outcomes.entries()) judge().settled(requests[index]!, outcome);
      return outcomes;
    },
    async releaseMany(attemptIds, now) {
      const outcomes: ReleaseOutcome[] = await ledger.releaseMany(attemptIds, now);
      for (const [index, { outcome }] of outcomes.entries()) judge().released(attemptIds[index]!, outcome);
      return outcomes;
    },
    async splitMany(requests, now) {
      const outcomes: SplitOutcome[] = await ledger.splitMany(requests, now);
      for (const { outcome, hold } of outcomes) if (outcome === 'split') judge().split(hold);
      return outcomes;
    },
    async lose(selector, reason, now) {
      const lost: HoldRecord[] = await ledger.lose(selector, reason, now);
      judge().lost(lost, reason);
      return lost;
    },
    async writeOff(attemptIds, by, reason, now) {
      const outcomes: ReleaseOutcome[] = await ledger.writeOff(attemptIds, by, reason, now);
      for (const [index, { outcome }] of outcomes.entries()) judge().closed(attemptIds[index]!, outcome);
      return outcomes;
    },
  };
}

function oldestOf(requests: readonly ReserveRequest[]): number {
  return Math.min(...requests.flatMap(({ demands }) => demands.map(({ since }) => since)), Number.MAX_SAFE_INTEGER);
}
