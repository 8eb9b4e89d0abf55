/** The durable ledger of one machine: node:sqlite in a worker thread, with group commit. */
import type { AlertEvent } from '../domain/alert.ts';
import type { Attribution } from '../domain/attribution.ts';
import type { EpochMs } from '../domain/time.ts';
import { readCursor } from './check.ts';
import { checked } from './checked.ts';
import {
  decodeBody,
  decodeEvent,
  encodeBody,
  encodeDemands,
  encodeDraws,
  encodeEvent,
  encodePostings,
} from './codec.ts';
import { holdRecord, reserveOp, settlementOf, settleOp, splitOp } from './convert.ts';
import type { Hold } from './entries.ts';
import type {
  HoldRecord,
  Ledger,
  LoseSelector,
  Page,
  ReserveOutcome,
  ReserveRequest,
  Revision,
  Settlement,
  SettleOutcome,
  SettleRequest,
  SplitOutcome,
  SplitRequest,
  UsageQuery,
} from './ledger.ts';
import { RecentHolds } from './recent-holds.ts';
import { grantedSlice } from './slices.ts';
import type { CoreOptions, Lost } from './sqlite/core.ts';
import { WorkerLink } from './sqlite/link.ts';
import type { ReservedReply, SettledReply } from './sqlite/operations.ts';
import type { SettlementRow } from './sqlite/queries.ts';
import type { Detail } from './sqlite/store.ts';
import { usageSums } from './totals.ts';

export interface SqliteLedgerOptions extends CoreOptions {
  /** Called once when it decides nothing any more: close it and open it again. */
  onLost?: (lost: Lost) => void;
}

/** Errors: `LedgerLocked` when the file is in use, `LedgerOpenError` with its reason otherwise. */
export async function openSqliteLedger({ onLost = () => {}, ...options }: SqliteLedgerOptions): Promise<Ledger> {
  // The compiler rewrites import endings but no strings: from source the worker is .ts, from dist .js.
  const worker = import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './sqlite-worker.js';
  return checked(new SqliteLedger(await WorkerLink.open(new URL(worker, import.meta.url), options, onLost)));
}

class SqliteLedger implements Ledger {
  readonly #link: WorkerLink;
  /** The file is locked for this ledger's life: nobody else changes it. */
  readonly #recent = new RecentHolds();

  constructor(link: WorkerLink) {
    this.#link = link;
  }

  latestTime(): Promise<EpochMs> {
    return this.#link.call('latestTime');
  }

  async reserveMany(requests: readonly ReserveRequest[], now: EpochMs): Promise<ReserveOutcome[]> {
    const texts = requests.map((request) => {
      const op = reserveOp(request, JSON.stringify);
      return { ...op, demands: encodeDemands(op.demands) };
    });
    this.#recent.ask(requests);
    try {
      const replies = await this.#link.call('reserve', texts, now);
      return replies.map((reply, index) => this.#reserved(requests[index]!, reply));
    } finally {
      for (const request of requests) this.#recent.answer(request, undefined);
    }
  }

  #reserved(request: ReserveRequest, reply: ReservedReply): ReserveOutcome {
    const outcome = reserveOutcome(request, reply);
    if (reply.outcome === 'granted' && outcome.outcome === 'granted' && !request.slice) {
      this.#recent.answer(request, outcome.hold);
    }
    return outcome;
  }

  async settleMany(requests: readonly SettleRequest[], now: EpochMs): Promise<SettleOutcome[]> {
    const texts = requests.map((request) => {
      const more = { body: encodeBody(request), sums: usageSums(request) };
      const { split, postings, ...op } = settleOp(request, JSON.stringify, more);
      const text = { ...op, postings: encodePostings(postings) };
      return split ? { ...text, split: { ...split, draws: encodeDraws(split.draws) } } : text;
    });
    for (const { attemptId } of requests) this.#recent.forget(attemptId);
    const replies = await this.#link.call('settle', texts, now);
    return replies.map((reply, index) => settleOutcome(requests[index]!, reply));
  }

  releaseMany(attemptIds: readonly string[], now: EpochMs) {
    for (const attemptId of attemptIds) this.#recent.forget(attemptId);
    return this.#link.call('release', attemptIds, now);
  }

  async splitMany(requests: readonly SplitRequest[], now: EpochMs): Promise<SplitOutcome[]> {
    const texts = requests.map((request) => {
      const op = splitOp(request, JSON.stringify);
      return { ...op, draws: encodeDraws(op.draws) };
    });
    for (const { attemptId } of requests) this.#recent.forget(attemptId);
    const replies = await this.#link.call('split', texts, now);
    return replies.map(({ outcome, hold }) => ({ outcome, hold: recordOf(hold) }));
  }

  closeSlices(closes: Parameters<Ledger['closeSlices']>[0], now: EpochMs) {
    return this.#link.call('closeSlices', closes, now);
  }

  forgive(unresolvedBefore: EpochMs, now: EpochMs) {
    return this.#link.call('forgive', unresolvedBefore, now);
  }

  async lose(selector: LoseSelector, reason: string, now: EpochMs): Promise<HoldRecord[]> {
    this.#recent.lose(selector);
    return (await this.#link.call('lose', selector, reason, now)).map(recordOf);
  }

  writeOff(attemptIds: readonly string[], by: string, reason: string, now: EpochMs) {
    for (const attemptId of attemptIds) this.#recent.forget(attemptId);
    return this.#link.call('writeOff', attemptIds, by, reason, now);
  }

  async holds(attemptIds: readonly string[]): Promise<(HoldRecord | undefined)[]> {
    const known = attemptIds.map((attemptId) => this.#recent.find(attemptId));
    const others = attemptIds.filter((_, index) => known[index] === undefined);
    if (others.length === 0) return known;
    const read = (await this.#link.call('holds', others)).map((hold) => hold && recordOf(hold));
    let next = 0;
    return known.map((hold) => hold ?? read[next++]);
  }

  async openHolds(): Promise<HoldRecord[]> {
    return (await this.#link.call('openHolds')).map(recordOf);
  }

  accounts(endingAfter: EpochMs) {
    return this.#link.call('accounts', endingAfter);
  }

  async settlements(query: Parameters<Ledger['settlements']>[0]): Promise<Page<Settlement>> {
    const { cursor, ...rest } = query;
    const page = await this.#link.call('settlements', { ...rest, after: readCursor(cursor) });
    return { ...page, items: page.items.map(settlementFrom) };
  }

  usage(query: UsageQuery) {
    return this.#link.call('usage', query);
  }

  backfill(postings: Parameters<Ledger['backfill']>[0], now: EpochMs) {
    return this.#link.call('backfill', postings, now);
  }

  adopt(demands: Parameters<Ledger['adopt']>[0], now: EpochMs) {
    for (const { attemptId } of demands) this.#recent.forget(attemptId);
    return this.#link.call('adopt', demands, now);
  }

  /** In two commits: space that is given back within one is never written. */
  async prove(): Promise<void> {
    await this.#link.call('takeSpace');
    await this.#link.call('giveSpaceBack');
  }

  async recordEvents(events: readonly AlertEvent[], now: EpochMs): Promise<AlertEvent[]> {
    const texts = events.map((event) => ({ id: event.id, windowEnd: event.window.end, body: encodeEvent(event) }));
    const isNew = await this.#link.call('recordEvents', texts, now);
    return events.filter((_, index) => isNew[index]);
  }

  async events({ cursor, limit }: { cursor?: string; limit: number }): Promise<Page<AlertEvent>> {
    const page = await this.#link.call('events', readCursor(cursor), limit);
    return { ...page, items: page.items.map(decodeEvent) };
  }

  async liveEvents(endingAfter: EpochMs): Promise<AlertEvent[]> {
    return (await this.#link.call('liveEvents', endingAfter)).map(decodeEvent);
  }

  recordRevision(revision: Revision) {
    return this.#link.call('recordRevision', revision);
  }

  revisions() {
    return this.#link.call('revisions');
  }

  verify() {
    return this.#link.call('verify');
  }

  close() {
    this.#recent.clear();
    return this.#link.close();
  }
}

const recordOf = (hold: Hold<Detail>): HoldRecord => holdRecord(hold, (text): Attribution => JSON.parse(text));

/** A plain grant is told by its time alone: the rest is what was asked for. */
function reserveOutcome(request: ReserveRequest, reply: ReservedReply): ReserveOutcome {
  switch (reply.outcome) {
    case 'granted': {
      const { expiresAt, slice, ...asked } = request;
      const state = { state: 'held', expiresAt } as const;
      const hold: HoldRecord = { ...asked, admittedAt: reply.admittedAt, remainderNanoUsd: 0n, state };
      if (slice) hold.slice = grantedSlice(slice, request.amountNanoUsd);
      return { outcome: 'granted', hold, replayed: false };
    }
    case 'replayed':
      return { outcome: 'granted', hold: recordOf(reply.hold), replayed: true };
    case 'conflict':
      return { outcome: 'conflict', hold: recordOf(reply.hold) };
    default:
      return { ...reply, demand: request.demands[reply.demand]! };
  }
}

function settleOutcome(request: SettleRequest, reply: SettledReply): SettleOutcome {
  if (reply.outcome === 'conflict') return reply;
  if (reply.outcome === 'duplicate') return { outcome: 'duplicate', settlement: settlementFrom(reply.found) };
  const booking = { ...reply.booking, postings: reply.postings ?? request.postings };
  return { outcome: 'settled', settlement: settlementOf(request, booking) };
}

function settlementFrom({ row, postings }: SettlementRow): Settlement {
  return {
    attemptId: row.attempt_id as string,
    callId: row.call_id as string,
    session: row.session as string,
    admittedAt: Number(row.admitted_at),
    provider: row.provider as string,
    model: row.model as string,
    attribution: JSON.parse(row.attribution as string),
    ...decodeBody(row.body as string),
    postings: postings.map((posting) => ({
      instance: posting.instance as string,
      window: { start: Number(posting.starts_at), end: Number(posting.ends_at) },
      since: Number(posting.since),
      budget: posting.budget as string,
      amountNanoUsd: posting.amount as bigint,
    })),
    seq: Number(row.seq),
    bookedAt: Number(row.booked_at),
    costNanoUsd: row.cost as bigint,
    overageNanoUsd: row.overage as bigint,
    unknownHold: row.unknown_hold === 1n,
  };
}
