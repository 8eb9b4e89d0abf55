/**
 * What the worker can be asked for, by name. Replies leave out what the asking thread has already: a plain grant answers
 * its admission time only, a plain settlement its booking. A generator is a long read, run in slices.
 */
import type { NanoUsd } from '../../domain/money.ts';
import type { EpochMs } from '../../domain/time.ts';
import type { Book } from '../book.ts';
import { decodeDraws, decodePostings } from '../codec.ts';
import type { Booking, Hold, Reserved, ReserveOp, Settled, SettleOp, Split, SplitOp } from '../entries.ts';
import type { AccountBalance, AccountDemand, LoseSelector, Page, Posting, Revision, UsageQuery } from '../ledger.ts';
import {
  readAccounts,
  readSettlements,
  readUsage,
  type SettlementRow,
  type SettlementsQuery,
  settlementAt,
} from './queries.ts';
import type { Detail, More, SqliteEntries } from './store.ts';
import { verifyEntries } from './verify.ts';

export type ReservedReply =
  | { outcome: 'granted'; admittedAt: EpochMs }
  | { outcome: 'replayed'; hold: Hold<Detail> }
  | Exclude<Reserved<Detail>, { outcome: 'granted' }>;

export type SettledReply =
  /** `postings` only where the book added some. */
  | { outcome: 'settled'; booking: Omit<Booking, 'postings'>; postings?: readonly Posting[] }
  | { outcome: 'duplicate'; found: SettlementRow }
  | Extract<Settled, { outcome: 'conflict' }>;

/** Demands, draws and postings come as text: parsing it is cheaper than a structured clone of many small objects. */
export type ReserveText = Omit<ReserveOp<Detail>, 'demands'> & { demands: string };
export type SettleText = Omit<SettleOp<Detail, More>, 'postings' | 'split'> & {
  postings: string;
  split?: { draws: string; holdNanoUsd: NanoUsd };
};
export type SplitText = Omit<SplitOp<Detail>, 'draws'> & { draws: string };

const PROVEN_BYTES = 1_048_576;

export interface EventText {
  id: string;
  windowEnd: EpochMs;
  body: string;
}

export class Operations {
  readonly #book: Book<Detail, More>;
  readonly #entries: SqliteEntries;
  readonly #flush: () => void;

  /** `flush` writes down changed balances, so that reads of the same transaction see them. */
  constructor(book: Book<Detail, More>, entries: SqliteEntries, flush: () => void) {
    this.#book = book;
    this.#entries = entries;
    this.#flush = flush;
  }

  latestTime(): EpochMs {
    return this.#book.latest;
  }

  reserve(texts: readonly ReserveText[], now: EpochMs): ReservedReply[] {
    return texts.map((text) => {
      const reserved = this.#book.reserve({ ...text, demands: this.#entries.readDemands(text.demands) }, now);
      if (reserved.outcome !== 'granted') return reserved;
      const { hold, replayed } = reserved;
      return replayed ? { outcome: 'replayed', hold } : { outcome: 'granted', admittedAt: hold.admittedAt };
    });
  }

  settle(texts: readonly SettleText[], now: EpochMs): SettledReply[] {
    return texts.map((text) => {
      const op = settleOpOf(text);
      const settled = this.#book.settle(op, now);
      if (settled.outcome === 'conflict') return settled;
      if (settled.outcome === 'duplicate') {
        this.#flush();
        return { outcome: 'duplicate', found: settlementAt(this.#entries, settled.seq) };
      }
      const { postings, ...booking } = settled.booking;
      return postings === op.postings ? { outcome: 'settled', booking } : { outcome: 'settled', booking, postings };
    });
  }

  release(attemptIds: readonly string[], now: EpochMs) {
    return attemptIds.map((attemptId) => this.#book.release(attemptId, now));
  }

  split(texts: readonly SplitText[], now: EpochMs): Split<Detail>[] {
    return texts.map((text) => this.#book.split({ ...text, draws: decodeDraws(text.draws) }, now));
  }

  closeSlices(closes: readonly { slice: string; drawnNanoUsd: NanoUsd }[], now: EpochMs) {
    return closes.map(({ slice, drawnNanoUsd }) => this.#book.close(slice, drawnNanoUsd, now));
  }

  forgive(unresolvedBefore: EpochMs, now: EpochMs): number {
    return this.#book.forgive(unresolvedBefore, now);
  }

  lose(selector: LoseSelector, reason: string, now: EpochMs): Hold<Detail>[] {
    return this.#book.lose(selector, reason, now);
  }

  writeOff(attemptIds: readonly string[], by: string, reason: string, now: EpochMs) {
    return attemptIds.map((attemptId) => this.#book.writeOff(attemptId, by, reason, now));
  }

  holds(attemptIds: readonly string[]): (Hold<Detail> | undefined)[] {
    return attemptIds.map((attemptId) => this.#book.hold(attemptId));
  }

  openHolds(): Hold<Detail>[] {
    return [...this.#book.open()];
  }

  accounts(endingAfter: EpochMs): AccountBalance[] {
    this.#flush();
    return readAccounts(this.#entries, endingAfter);
  }

  backfill(postings: readonly (Posting & { seq: number })[], now: EpochMs): number {
    return this.#book.backfill(postings, now);
  }

  adopt(demands: readonly { attemptId: string; demand: AccountDemand }[], now: EpochMs): number {
    return demands.filter(({ attemptId, demand }) => this.#book.adopt(attemptId, demand, now)).length;
  }

  /** For each event, whether it is new. */
  recordEvents(events: readonly EventText[], now: EpochMs): boolean[] {
    this.#book.advance(now);
    const sql = 'INSERT INTO events VALUES (NULL, ?, ?, ?) ON CONFLICT (id) DO NOTHING';
    return events.map(({ id, windowEnd, body }) => this.#entries.run(sql, id, windowEnd, body) === 1);
  }

  events(after: number, limit: number): Page<string> {
    const sql = 'SELECT seq, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?';
    const rows = this.#entries.all(sql, after, limit + 1);
    const items = rows.slice(0, limit).map((row) => row.body as string);
    return rows.length > limit ? { items, next: String(rows[limit - 1]!.seq) } : { items };
  }

  liveEvents(endingAfter: EpochMs): string[] {
    const rows = this.#entries.all('SELECT body FROM events WHERE window_end > ? ORDER BY seq', endingAfter);
    return rows.map((row) => row.body as string);
  }

  recordRevision({ hash, at, by }: Revision): void {
    this.#entries.run('INSERT INTO revisions VALUES (NULL, ?, ?, ?) ON CONFLICT (hash) DO NOTHING', hash, at, by);
  }

  /** Pages that stay with the file once they are given back, so that what comes next has room in it. */
  takeSpace(): void {
    this.#entries.run('CREATE TABLE IF NOT EXISTS space (taken BLOB)');
    this.#entries.run('INSERT INTO space VALUES (zeroblob(?))', PROVEN_BYTES);
  }

  giveSpaceBack(): void {
    this.#entries.run('DELETE FROM space');
  }

  revisions(): Revision[] {
    const rows = this.#entries.all('SELECT hash, at, "by" FROM revisions ORDER BY seq');
    return rows.map((row) => ({ hash: row.hash as string, at: Number(row.at), by: row.by as string }));
  }

  settlements(query: SettlementsQuery): Generator<void, Page<SettlementRow>> {
    return readSettlements(this.#entries, query);
  }

  usage(query: UsageQuery) {
    return readUsage(this.#entries, query);
  }

  verify() {
    return verifyEntries(this.#entries, this.#book);
  }
}

function settleOpOf({ postings, split, ...rest }: SettleText): SettleOp<Detail, More> {
  const op: SettleOp<Detail, More> = { ...rest, postings: decodePostings(postings) };
  if (split) op.split = { draws: decodeDraws(split.draws), holdNanoUsd: split.holdNanoUsd };
  return op;
}
