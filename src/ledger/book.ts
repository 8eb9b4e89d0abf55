/**
 * The deciding core of every ledger: holds, settlements and balances, synchronous and deterministic, with time as an
 * argument. An operation checks everything before it changes anything, so that it happens whole or not at all; when
 * writing its entries fails, the batch is rolled back, this book is thrown away and a new one is loaded.
 *
 * Time never goes back: a `now` before the latest one is lifted to it, so that entries are in time order whatever a
 * clock did.
 */
import { MAX_NANO_USD } from '../domain/money.ts';
import type { EpochMs } from '../domain/time.ts';
import { Balances } from './balances.ts';
import type { Account, Entries, Hold, Reserved, ReserveOp, Settled, SettleOp } from './entries.ts';
import type { AccountDemand, AccountRef, LoseSelector, Posting, ReleaseOutcome } from './ledger.ts';

export interface BookStart<D> {
  latest: EpochMs;
  /** The highest sequence number given. */
  seq: number;
  /** Holds that are open, as `isOpen` says. */
  open: readonly Hold<D>[];
  accounts: readonly Account[];
  /** All accounts that end after this are in `accounts`. */
  accountsAfter: EpochMs;
  lastAccountId: number;
}

export const EMPTY_START: BookStart<never> = {
  latest: 0,
  seq: 0,
  open: [],
  accounts: [],
  accountsAfter: 0,
  lastAccountId: 0,
};

/** A hold is open while money is set aside for it: live, unresolved, or settled with an unresolved remainder. */
export function isOpen(hold: Hold<unknown>): boolean {
  return hold.state.state === 'held' || hold.state.state === 'unresolved' || hold.remainderNanoUsd > 0n;
}

export class Book<D, M> {
  readonly balances: Balances;
  readonly #entries: Entries<D, M>;
  readonly #open = new Map<string, Hold<D>>();
  #latest: EpochMs;
  #seq: number;

  constructor(entries: Entries<D, M>, start: BookStart<D>) {
    this.#entries = entries;
    this.#latest = start.latest;
    this.#seq = start.seq;
    for (const hold of start.open) this.#open.set(hold.attemptId, hold);
    const { accounts, accountsAfter: floor, lastAccountId: lastId } = start;
    this.balances = new Balances({ accounts, floor, lastId }, entries.accounts.bind(entries));
  }

  get latest(): EpochMs {
    return this.#latest;
  }

  get seq(): number {
    return this.#seq;
  }

  advance(now: EpochMs): EpochMs {
    if (now > this.#latest) this.#latest = now;
    return this.#latest;
  }

  hold(attemptId: string): Hold<D> | undefined {
    return this.#open.get(attemptId) ?? this.#entries.hold(attemptId);
  }

  open(): IterableIterator<Hold<D>> {
    return this.#open.values();
  }

  reserve(op: ReserveOp<D>, now: EpochMs): Reserved<D> {
    const admittedAt = this.advance(now);
    const known = this.hold(op.attemptId);
    if (known) return replay(known, op.digest);
    const refusal = this.#refusal(op.demands);
    if (refusal) return refusal;
    const { expiresAt, ...asked } = op;
    const hold: Hold<D> = { ...asked, admittedAt, remainderNanoUsd: 0n, state: { state: 'held', expiresAt } };
    for (const demand of op.demands) {
      this.balances.change(this.balances.obtain(demand), { heldNanoUsd: demand.amountNanoUsd });
    }
    this.#open.set(hold.attemptId, hold);
    this.#entries.addHold(hold);
    return { outcome: 'granted', hold, replayed: false };
  }

  /** Exhausted anywhere wins over contended: waiting would not help. */
  #refusal(demands: readonly AccountDemand[]): Reserved<D> | undefined {
    let contended: Reserved<D> | undefined;
    for (const [index, demand] of demands.entries()) {
      const { spentNanoUsd, heldNanoUsd, unresolvedNanoUsd } = this.balances.counted(demand, this.#latest);
      const balance = { spentNanoUsd, heldNanoUsd, unresolvedNanoUsd };
      const firm = spentNanoUsd + unresolvedNanoUsd + demand.amountNanoUsd;
      if (firm > demand.capNanoUsd) return { outcome: 'exhausted', demand: index, balance };
      if (firm + heldNanoUsd > demand.capNanoUsd) contended ??= { outcome: 'contended', demand: index, balance };
    }
    return contended;
  }

  /** Books the true cost, whatever the hold was: the provider has charged already, so it cannot be refused. */
  settle(op: SettleOp<D, M>, now: EpochMs): Settled {
    const bookedAt = this.advance(now);
    const hold = this.hold(op.attemptId);
    if (hold && hold.state.state !== 'held' && hold.state.state !== 'unresolved') return this.#again(op, hold);
    const postings = completePostings(op, hold?.demands ?? []);
    const tooMuch = this.#overflow(postings);
    if (tooMuch) return { outcome: 'conflict', reason: tooMuch };
    const booking = {
      seq: this.#seq + 1,
      bookedAt,
      admittedAt: hold?.admittedAt ?? op.admittedAt,
      overageNanoUsd: hold ? positive(op.costNanoUsd - hold.amountNanoUsd) : 0n,
      unknownHold: !hold,
      postings,
    };
    this.#seq = booking.seq;
    this.#entries.addSettlement(op, booking);
    for (const [position, posting] of postings.entries()) {
      const account = this.balances.obtain(posting);
      this.balances.change(account, { spentNanoUsd: posting.amountNanoUsd });
      this.#entries.addPosting(booking.seq, account, posting, position);
    }
    if (hold) this.#endSettled(hold, op, booking);
    else this.#entries.addHold({ ...standIn(op), seq: booking.seq });
    return { outcome: 'settled', booking };
  }

  #again(op: SettleOp<D, M>, hold: Hold<D>): Settled {
    if (hold.seq === undefined)
      return { outcome: 'conflict', reason: `the hold was ${hold.state.state.replace('_', ' ')}` };
    if (this.#entries.digestOf(hold.seq) === op.digest) return { outcome: 'duplicate', seq: hold.seq };
    return { outcome: 'conflict', reason: `another settlement of this attempt is booked as ${hold.seq}` };
  }

  #overflow(postings: readonly Posting[]): string | undefined {
    for (const posting of postings) {
      const spent = this.balances.find(posting)?.spentNanoUsd ?? 0n;
      if (spent + posting.amountNanoUsd < MAX_NANO_USD) continue;
      return `account ${posting.instance} would reach ${MAX_NANO_USD} nano-USD, more than an account may hold`;
    }
    return undefined;
  }

  #endSettled(hold: Hold<D>, op: SettleOp<D, M>, booking: { seq: number; postings: readonly Posting[] }): void {
    const remainder = remainderOf(hold, op, booking.postings);
    for (const [index, demand] of hold.demands.entries()) {
      this.#free(hold, demand, remainder.remainders?.[index] ?? 0n);
    }
    const state = { state: 'settled', costNanoUsd: op.costNanoUsd, estimated: op.estimated } as const;
    this.#replace({ ...hold, ...remainder, seq: booking.seq, state });
  }

  release(attemptId: string, now: EpochMs): ReleaseOutcome {
    const at = this.advance(now);
    const hold = this.hold(attemptId);
    if (!hold) return { outcome: 'unknown' };
    if (hold.state.state === 'released') return { outcome: 'already_released' };
    if (hold.state.state !== 'held') return { outcome: 'conflict' };
    for (const demand of hold.demands) this.#free(hold, demand);
    this.#replace({ ...hold, state: { state: 'released', at } });
    return { outcome: 'released' };
  }

  lose(selector: LoseSelector, reason: string, now: EpochMs): Hold<D>[] {
    const since = this.advance(now);
    return this.#selected(selector).map((hold) => {
      for (const demand of hold.demands) this.#free(hold, demand, demand.amountNanoUsd);
      return this.#replace({ ...hold, state: { state: 'unresolved', since, reason } });
    });
  }

  #selected(selector: LoseSelector): Hold<D>[] {
    const live = (hold: Hold<D> | undefined): hold is Hold<D> => hold?.state.state === 'held';
    if ('attemptIds' in selector) return [...new Set(selector.attemptIds)].map((id) => this.#open.get(id)).filter(live);
    const sessions = 'sessions' in selector ? new Set(selector.sessions) : undefined;
    const until = 'expiredAt' in selector ? selector.expiredAt : 0;
    return [...this.#open.values()].filter(({ state, session }) => {
      if (state.state !== 'held') return false;
      return sessions ? sessions.has(session) : state.expiresAt <= until;
    });
  }

  /** Closes what is unresolved at $0: the whole hold, or the remainder of an estimated settlement. */
  writeOff(attemptId: string, by: string, reason: string, now: EpochMs): ReleaseOutcome {
    const at = this.advance(now);
    const hold = this.hold(attemptId);
    if (!hold) return { outcome: 'unknown' };
    if (hold.state.state === 'written_off' || hold.remainderClosed) return { outcome: 'already_released' };
    if (hold.state.state === 'unresolved') {
      for (const demand of hold.demands) this.#free(hold, demand);
      this.#replace({ ...hold, state: { state: 'written_off', at, by, reason } });
      return { outcome: 'released' };
    }
    if (hold.remainderNanoUsd === 0n) return { outcome: 'conflict' };
    for (const [index, demand] of hold.demands.entries()) {
      const account = this.balances.obtain(demand);
      this.balances.change(account, { unresolvedNanoUsd: -(hold.remainders?.[index] ?? 0n) });
    }
    const remainderClosed = { amountNanoUsd: hold.remainderNanoUsd, at, by, reason };
    const { remainders: _, ...closed } = hold;
    this.#replace({ ...closed, remainderNanoUsd: 0n, remainderClosed });
    return { outcome: 'released' };
  }

  /** Answers how many were new. Errors: `RangeError`, with nothing changed, when a settlement does not exist. */
  backfill(postings: readonly (Posting & { seq: number })[], now: EpochMs): number {
    const stranger = postings.find(({ seq }) => seq > this.#seq);
    if (stranger) throw new RangeError(`there is no settlement ${stranger.seq} to backfill from`);
    const backfilledAt = this.advance(now);
    return postings.filter((posting) => this.#backfillOne(posting, backfilledAt)).length;
  }

  #backfillOne(posting: Posting & { seq: number }, backfilledAt: EpochMs): boolean {
    const existing = this.balances.find(posting);
    if (existing && this.#entries.isPosted(posting.seq, existing)) return false;
    const account = existing ?? this.balances.obtain(posting);
    this.balances.change(account, { spentNanoUsd: posting.amountNanoUsd });
    this.#entries.addBackfill(posting.seq, account, posting, backfilledAt);
    return true;
  }

  /** Adds a demand to a live hold without asking for room. */
  adopt(attemptId: string, demand: AccountDemand, now: EpochMs): boolean {
    this.advance(now);
    const hold = this.#open.get(attemptId);
    if (!hold || (hold.state.state !== 'held' && hold.state.state !== 'unresolved')) return false;
    if (hold.demands.some((known) => sameAccount(known, demand))) return false;
    const key = hold.state.state === 'held' ? 'heldNanoUsd' : 'unresolvedNanoUsd';
    this.balances.change(this.balances.obtain(demand), { [key]: demand.amountNanoUsd });
    const wider = { ...hold, demands: [...hold.demands, demand] };
    this.#open.set(attemptId, wider);
    this.#entries.changeDemands(wider);
    return true;
  }

  /** Takes the hold's money off an account, and leaves `unresolved` of it there. */
  #free(hold: Hold<D>, demand: AccountDemand, unresolved = 0n): void {
    const account = this.balances.obtain(demand);
    const amount = demand.amountNanoUsd;
    if (hold.state.state === 'held') {
      this.balances.change(account, { heldNanoUsd: -amount, unresolvedNanoUsd: unresolved });
    } else this.balances.change(account, { unresolvedNanoUsd: unresolved - amount });
  }

  #replace(hold: Hold<D>): Hold<D> {
    if (isOpen(hold)) this.#open.set(hold.attemptId, hold);
    else this.#open.delete(hold.attemptId);
    this.#entries.changeHold(hold);
    return hold;
  }
}

function replay<D>(hold: Hold<D>, digest: string): Reserved<D> {
  const live = hold.state.state === 'held' || hold.state.state === 'unresolved';
  return live && hold.digest === digest ? { outcome: 'granted', hold, replayed: true } : { outcome: 'conflict', hold };
}

/** The accounts of a hold are frozen at admission: one that the postings leave out gets the whole cost. */
function completePostings(op: SettleOp<unknown, unknown>, demands: readonly AccountDemand[]): readonly Posting[] {
  const missing = demands.filter((demand) => !op.postings.some((posting) => sameAccount(posting, demand)));
  if (missing.length === 0) return op.postings;
  const added = missing.map(({ instance, window, since, budget }) => {
    return { instance, window, since, budget, amountNanoUsd: op.costNanoUsd };
  });
  return [...op.postings, ...added];
}

/** What stays unresolved after an estimate, never more than the settlement leaves of the hold. */
function remainderOf(
  hold: Hold<unknown>,
  op: SettleOp<unknown, unknown>,
  postings: readonly Posting[],
): Pick<Hold<unknown>, 'remainderNanoUsd' | 'remainders'> {
  const remainderNanoUsd = atMost(op.remainderNanoUsd, positive(hold.amountNanoUsd - op.costNanoUsd));
  if (remainderNanoUsd === 0n) return { remainderNanoUsd };
  const remainders = hold.demands.map((demand) => {
    const posted = postings.find((posting) => sameAccount(posting, demand))?.amountNanoUsd ?? 0n;
    return atMost(remainderNanoUsd, positive(demand.amountNanoUsd - posted));
  });
  return { remainderNanoUsd, remainders };
}

/** Stands for the hold that a settled attempt never had, so that its attempt id is taken. */
function standIn<D>(op: SettleOp<D, unknown>): Hold<D> {
  const { attemptId, session, detail, admittedAt, costNanoUsd, estimated } = op;
  const state = { state: 'settled', costNanoUsd, estimated } as const;
  const none = { digest: '', amountNanoUsd: 0n, demands: [], remainderNanoUsd: 0n };
  return { attemptId, session, detail, admittedAt, ...none, state };
}

const sameAccount = (a: AccountRef, b: AccountRef): boolean =>
  a.instance === b.instance && a.window.start === b.window.start && a.window.end === b.window.end;
const positive = (amount: bigint): bigint => (amount > 0n ? amount : 0n);
const atMost = (amount: bigint, limit: bigint): bigint => (amount < limit ? amount : limit);
