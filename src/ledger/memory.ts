/** A ledger that forgets when its process ends: for tests, `check` and trying out. It keeps every entry in maps. */
import type { AlertEvent } from '../domain/alert.ts';
import type { Attribution } from '../domain/attribution.ts';
import type { EpochMs } from '../domain/time.ts';
import { Book, EMPTY_START } from './book.ts';
import { readCursor } from './check.ts';
import { checked } from './checked.ts';
import { type AttemptDetail, holdRecord, reserveOp, settlementOf, settleOp, splitOp } from './convert.ts';
import type { Account, Booking, Entries, Hold, SettleOp } from './entries.ts';
import {
  type AccountBalance,
  type Ledger,
  LedgerUnavailable,
  type Page,
  type ReserveOutcome,
  type ReserveRequest,
  type Revision,
  type Settlement,
  type SettleOutcome,
  type SettleRequest,
  type SplitOutcome,
  type SplitRequest,
  type UsageQuery,
  type UsageRow,
  type VerifyReport,
} from './ledger.ts';
import { Recount } from './recount.ts';
import { sliceProblem } from './slices.ts';
import { groupOf, UsageTotals, usageSums } from './totals.ts';

type Detail = AttemptDetail<Attribution>;
const same = (attribution: Attribution): Attribution => attribution;

class MemoryEntries implements Entries<Detail, SettleRequest> {
  readonly holds = new Map<string, Hold<Detail>>();
  /** The one with sequence number n is at n - 1. */
  readonly settlements: { digest: string; settlement: Settlement }[] = [];
  readonly postings = new Map<string, { account: number; amountNanoUsd: bigint }>();

  hold(attemptId: string): Hold<Detail> | undefined {
    return this.holds.get(attemptId);
  }
  addHold(hold: Hold<Detail>): void {
    this.holds.set(hold.attemptId, hold);
  }
  changeHold(hold: Hold<Detail>): void {
    this.holds.set(hold.attemptId, hold);
  }
  changeDemands(hold: Hold<Detail>): void {
    this.holds.set(hold.attemptId, hold);
  }
  digestOf(seq: number): string | undefined {
    return this.settlements[seq - 1]?.digest;
  }
  addSettlement(op: SettleOp<Detail, SettleRequest>, booking: Booking): void {
    this.settlements.push({ digest: op.digest, settlement: settlementOf(op.more, booking) });
  }
  addPosting(seq: number, account: Account, { amountNanoUsd }: { amountNanoUsd: bigint }): void {
    this.postings.set(`${seq} ${account.id}`, { account: account.id, amountNanoUsd });
  }
  addBackfill(seq: number, account: Account, posting: { amountNanoUsd: bigint }): void {
    this.addPosting(seq, account, posting);
  }
  isPosted(seq: number, account: Account): boolean {
    return this.postings.has(`${seq} ${account.id}`);
  }
  accounts(): Account[] {
    return [];
  }
}

class MemoryLedger implements Ledger {
  readonly #entries = new MemoryEntries();
  readonly #book = new Book<Detail, SettleRequest>(this.#entries, EMPTY_START);
  readonly #events = new Map<string, AlertEvent>();
  readonly #revisions = new Map<string, Revision>();
  #closed = false;

  async latestTime(): Promise<EpochMs> {
    return this.#use().latest;
  }

  async reserveMany(requests: readonly ReserveRequest[], now: EpochMs): Promise<ReserveOutcome[]> {
    const book = this.#use();
    return requests.map((request) => {
      const reserved = book.reserve(reserveOp(request, same), now);
      if (!('hold' in reserved)) return { ...reserved, demand: request.demands[reserved.demand]! };
      return { ...reserved, hold: holdRecord(reserved.hold, same) };
    });
  }

  async settleMany(requests: readonly SettleRequest[], now: EpochMs): Promise<SettleOutcome[]> {
    const book = this.#use();
    return requests.map((request) => {
      const settled = book.settle(settleOp(request, same, request), now);
      if (settled.outcome === 'conflict') return settled;
      const seq = settled.outcome === 'settled' ? settled.booking.seq : settled.seq;
      return { outcome: settled.outcome, settlement: this.#entries.settlements[seq - 1]!.settlement };
    });
  }

  async releaseMany(attemptIds: readonly string[], now: EpochMs) {
    const book = this.#use();
    return attemptIds.map((attemptId) => book.release(attemptId, now));
  }

  async splitMany(requests: readonly SplitRequest[], now: EpochMs): Promise<SplitOutcome[]> {
    const book = this.#use();
    return requests.map((request) => {
      const { outcome, hold } = book.split(splitOp(request, same), now);
      return { outcome, hold: holdRecord(hold, same) };
    });
  }

  async closeSlices(closes: Parameters<Ledger['closeSlices']>[0], now: EpochMs) {
    const book = this.#use();
    return closes.map(({ slice, drawnNanoUsd }) => book.close(slice, drawnNanoUsd, now));
  }

  async forgive(unresolvedBefore: EpochMs, now: EpochMs): Promise<number> {
    return this.#use().forgive(unresolvedBefore, now);
  }

  async lose(selector: Parameters<Ledger['lose']>[0], reason: string, now: EpochMs) {
    const lost = this.#use().lose(selector, reason, now);
    return lost.map((hold) => holdRecord(hold, same));
  }

  async writeOff(attemptIds: readonly string[], by: string, reason: string, now: EpochMs) {
    const book = this.#use();
    return attemptIds.map((attemptId) => book.writeOff(attemptId, by, reason, now));
  }

  async holds(attemptIds: readonly string[]) {
    const book = this.#use();
    return attemptIds.map((attemptId) => {
      const hold = book.hold(attemptId);
      return hold && holdRecord(hold, same);
    });
  }

  async openHolds() {
    return [...this.#use().open()].map((hold) => holdRecord(hold, same));
  }

  async accounts(endingAfter: EpochMs): Promise<AccountBalance[]> {
    const live = [...this.#use().balances.all()].filter(({ end }) => end > endingAfter);
    return live.map(({ instance, start, end, spentNanoUsd, heldNanoUsd, unresolvedNanoUsd }) => {
      return { instance, window: { start, end }, spentNanoUsd, heldNanoUsd, unresolvedNanoUsd };
    });
  }

  async settlements(query: Parameters<Ledger['settlements']>[0]): Promise<Page<Settlement>> {
    const after = readCursor(query.cursor);
    this.#use();
    const found = this.#between(query).filter(({ seq }) => seq > after);
    return page(found, query.limit, (settlement) => settlement.seq);
  }

  async usage({ from, to, groupBy }: UsageQuery): Promise<UsageRow[]> {
    this.#use();
    const totals = new UsageTotals();
    for (const settlement of this.#between({ from, to })) {
      totals.add(groupOf(settlement, groupBy), usageSums(settlement));
    }
    return totals.rows();
  }

  #between({ from = 0, to = Number.POSITIVE_INFINITY }: { from?: EpochMs; to?: EpochMs }): Settlement[] {
    const all = this.#entries.settlements.map(({ settlement }) => settlement);
    return all.filter(({ admittedAt }) => admittedAt >= from && admittedAt < to);
  }

  async backfill(postings: Parameters<Ledger['backfill']>[0], now: EpochMs): Promise<number> {
    return this.#use().backfill(postings, now);
  }

  async adopt(demands: Parameters<Ledger['adopt']>[0], now: EpochMs): Promise<number> {
    const book = this.#use();
    return demands.filter(({ attemptId, demand }) => book.adopt(attemptId, demand, now)).length;
  }

  async recordEvents(events: readonly AlertEvent[], now: EpochMs): Promise<AlertEvent[]> {
    this.#use().advance(now);
    return events.filter((event) => {
      if (this.#events.has(event.id)) return false;
      this.#events.set(event.id, event);
      return true;
    });
  }

  async events(query: { cursor?: string; limit: number }): Promise<Page<AlertEvent>> {
    const after = readCursor(query.cursor);
    this.#use();
    const numbered = [...this.#events.values()].map((event, index) => ({ event, seq: index + 1 }));
    const { items, ...next } = page(numbered.slice(after), query.limit, ({ seq }) => seq);
    return { items: items.map(({ event }) => event), ...next };
  }

  async liveEvents(endingAfter: EpochMs): Promise<AlertEvent[]> {
    this.#use();
    return [...this.#events.values()].filter(({ window }) => window.end > endingAfter);
  }

  async recordRevision(revision: Revision): Promise<void> {
    this.#use();
    if (!this.#revisions.has(revision.hash)) this.#revisions.set(revision.hash, { ...revision });
  }

  async revisions(): Promise<Revision[]> {
    this.#use();
    return [...this.#revisions.values()];
  }

  async prove(): Promise<void> {
    this.#use();
  }

  async verify(): Promise<VerifyReport> {
    const accounts = [...this.#use().balances.all()];
    const recount = new Recount();
    const slices = [...this.#entries.holds.values()].map(sliceProblem).filter((problem) => problem !== undefined);
    for (const { account, amountNanoUsd } of this.#entries.postings.values()) recount.addSpent(account, amountNanoUsd);
    for (const hold of this.#entries.holds.values()) recount.addHold(hold);
    return {
      settlements: this.#entries.settlements.length,
      holds: this.#entries.holds.size,
      accounts: accounts.length,
      problems: [...slices, ...recount.compare(accounts)],
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #use(): Book<Detail, SettleRequest> {
    if (this.#closed) throw new LedgerUnavailable('the ledger is closed');
    for (const slice of this.#book.takeChangedSlices()) this.#entries.changeHold(slice);
    return this.#book;
  }
}

/** `items` in order after the cursor, one page of them. */
function page<T>(items: readonly T[], limit: number, seqOf: (item: T) => number): Page<T> {
  if (items.length <= limit) return { items };
  return { items: items.slice(0, limit), next: String(seqOf(items[limit - 1]!)) };
}

export function createMemoryLedger(): Ledger {
  return checked(new MemoryLedger());
}
