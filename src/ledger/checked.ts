import {
  checkClose,
  checkDemand,
  checkGroupBy,
  checkLimit,
  checkPosting,
  checkReserve,
  checkSettle,
  checkSplit,
  checkTime,
  readCursor,
} from './check.ts';
import type { Ledger } from './ledger.ts';

/** Guards a ledger's doors: a caller's bug rejects with `RangeError` before anything is queued, on every ledger alike. */
export function checked(ledger: Ledger): Ledger {
  return {
    latestTime: () => ledger.latestTime(),
    // These two come with every attempt: no promise of their own around the ledger's.
    reserveMany(requests, now) {
      try {
        checkTime('now', now);
        for (const request of requests) checkReserve(request);
      } catch (error) {
        return Promise.reject(error);
      }
      return ledger.reserveMany(requests, now);
    },
    settleMany(requests, now) {
      try {
        checkTime('now', now);
        for (const request of requests) checkSettle(request);
      } catch (error) {
        return Promise.reject(error);
      }
      return ledger.settleMany(requests, now);
    },
    async releaseMany(attemptIds, now) {
      checkTime('now', now);
      return ledger.releaseMany(attemptIds, now);
    },
    async splitMany(requests, now) {
      checkTime('now', now);
      requests.forEach(checkSplit);
      return ledger.splitMany(requests, now);
    },
    async closeSlices(closes, now) {
      checkTime('now', now);
      closes.forEach(checkClose);
      return ledger.closeSlices(closes, now);
    },
    async forgive(unresolvedBefore, now) {
      checkTime('now', now);
      if (!Number.isSafeInteger(unresolvedBefore))
        throw new RangeError(`unresolvedBefore ${unresolvedBefore} is no time`);
      return ledger.forgive(unresolvedBefore, now);
    },
    async lose(selector, reason, now) {
      checkTime('now', now);
      return ledger.lose(selector, reason, now);
    },
    async writeOff(attemptIds, by, reason, now) {
      checkTime('now', now);
      return ledger.writeOff(attemptIds, by, reason, now);
    },
    holds: (attemptIds) => ledger.holds(attemptIds),
    openHolds: () => ledger.openHolds(),
    accounts: (endingAfter) => ledger.accounts(endingAfter),
    async settlements(query) {
      checkLimit(query.limit);
      readCursor(query.cursor);
      return ledger.settlements(query);
    },
    async usage(query) {
      checkGroupBy(query.groupBy);
      return ledger.usage(query);
    },
    async backfill(postings, now) {
      checkTime('now', now);
      for (const posting of postings) checkPosting(`settlement ${posting.seq}`, posting);
      return ledger.backfill(postings, now);
    },
    async adopt(demands, now) {
      checkTime('now', now);
      for (const { attemptId, demand } of demands) checkDemand(attemptId, demand);
      return ledger.adopt(demands, now);
    },
    async recordEvents(events, now) {
      checkTime('now', now);
      for (const { id, window } of events) checkTime(`event ${id}: window end`, window.end);
      return ledger.recordEvents(events, now);
    },
    async events(query) {
      checkLimit(query.limit);
      readCursor(query.cursor);
      return ledger.events(query);
    },
    liveEvents: (endingAfter) => ledger.liveEvents(endingAfter),
    async recordRevision(revision) {
      checkTime(`revision ${revision.hash}: at`, revision.at);
      return ledger.recordRevision(revision);
    },
    revisions: () => ledger.revisions(),
    prove: () => ledger.prove(),
    verify: () => ledger.verify(),
    close: () => ledger.close(),
  };
}
