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
import type { Account, Entries, Hold, Reserved, ReserveOp, Settled, SettleOp, Split, SplitOp } from './entries.ts';
import { adoptedBy, completePostings, forgivenOf, replay, setAsideOf, settledOf, splitHold, standIn } from './forms.ts';
import { heldOn, isOpen, positive, sameAccount, unresolvedOn } from './holds.ts';
import type { AccountDemand, LoseSelector, Posting, ReleaseOutcome } from './ledger.ts';
import { OpenHolds } from './open-holds.ts';
import {
  admittedWithin,
  afterClose,
  afterSplit,
  emptied,
  endedIfEmpty,
  grantedSlice,
  type Share,
  shareOf,
} from './slices.ts';

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

export class Book<D, M> {
  readonly balances: Balances;
  readonly #entries: Entries<D, M>;
  readonly #open = new OpenHolds<D>();
  /** Slices changed since they were taken to be written: one that fifty attempts are split off is written once. */
  readonly #unwritten = new Map<string, Hold<D>>();
  #latest: EpochMs;
  #seq: number;

  constructor(entries: Entries<D, M>, start: BookStart<D>) {
    this.#entries = entries;
    this.#latest = start.latest;
    this.#seq = start.seq;
    for (const hold of start.open) this.#open.put(hold);
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
    return this.#open.get(attemptId) ?? this.#unwritten.get(attemptId) ?? this.#entries.hold(attemptId);
  }

  get openHolds(): number {
    return this.#open.size;
  }

  open(): IterableIterator<Hold<D>> {
    return this.#open.values();
  }

  /** The slices changed since the last call, to be written down. */
  takeChangedSlices(): Hold<D>[] {
    if (this.#unwritten.size === 0) return [];
    const changed = [...this.#unwritten.values()];
    this.#unwritten.clear();
    return changed;
  }

  reserve(op: ReserveOp<D>, now: EpochMs): Reserved<D> {
    const admittedAt = this.advance(now);
    const known = this.hold(op.attemptId);
    if (known) return replay(known, op.digest);
    const refusal = this.#refusal(op.demands);
    if (refusal) return refusal;
    const { expiresAt, slice, ...asked } = op;
    const hold: Hold<D> = { ...asked, admittedAt, remainderNanoUsd: 0n, state: { state: 'held', expiresAt } };
    if (slice) hold.slice = grantedSlice(slice, op.amountNanoUsd);
    this.#add(hold);
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

  /** Asks for no room: the slices have it, and the attempt was admitted from them. */
  split(op: SplitOp<D>, now: EpochMs): Split<D> {
    const at = this.advance(now);
    const known = this.hold(op.attemptId);
    if (known) return { outcome: 'known', hold: known };
    const share = this.#share(op.draws);
    const hold = splitHold(op, share, admittedWithin(share.found.values(), op.admittedAt, at));
    hold.state =
      share.unresolved === undefined
        ? { state: 'held', expiresAt: op.expiresAt }
        : { state: 'unresolved', since: at, reason: share.unresolved };
    this.#take(share, at);
    this.#add(hold);
    return { outcome: 'split', hold };
  }

  #share(draws: SplitOp<D>['draws']): Share<D> {
    return shareOf(draws, (slice) => this.hold(slice));
  }

  #take({ found, takes }: Share<D>, at: EpochMs): void {
    for (const [id, amountNanoUsd] of takes) {
      const slice = found.get(id)!;
      this.#replace(slice, afterSplit(slice, amountNanoUsd, at));
    }
  }

  close(slice: string, drawnNanoUsd: bigint, now: EpochMs): ReleaseOutcome {
    const at = this.advance(now);
    const known = this.hold(slice);
    if (!known) return { outcome: 'unknown' };
    if (!known.slice) return { outcome: 'conflict' };
    const closed = afterClose(known, drawnNanoUsd, at);
    if (!closed) return { outcome: 'already_released' };
    this.#replace(known, closed);
    return { outcome: 'released' };
  }

  /** Books the true cost, whatever the hold was: the provider has charged already, so it cannot be refused. */
  settle(op: SettleOp<D, M>, now: EpochMs): Settled {
    const bookedAt = this.advance(now);
    const known = this.hold(op.attemptId);
    if (known?.slice) return { outcome: 'conflict', reason: 'it is a slice, not an attempt' };
    if (known?.seq !== undefined) return this.#again(op, known.seq);
    const share = known || !op.split ? undefined : this.#share(op.split.draws);
    const hold = known ?? (share && this.#heldOf(op, share));
    const postings = completePostings(op, hold?.demands ?? []);
    const tooMuch = this.#overflow(postings);
    if (tooMuch) return { outcome: 'conflict', reason: tooMuch };
    const booking = {
      seq: this.#seq + 1,
      bookedAt,
      admittedAt: hold?.admittedAt ?? op.admittedAt,
      overageNanoUsd: hold ? positive(op.costNanoUsd - setAsideOf(hold)) : 0n,
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
    if (share) this.#take(share, bookedAt);
    const settled = hold ? settledOf(hold, op, booking) : { ...standIn(op), seq: booking.seq };
    if (known) this.#replace(known, settled);
    else this.#add(settled);
    return { outcome: 'settled', booking };
  }

  /** The hold that an attempt would have had that is split off and settled in one step; undefined where no slice is known. */
  #heldOf(op: SettleOp<D, M>, share: Share<D>): Hold<D> | undefined {
    if (share.found.size === 0) return undefined;
    const admittedAt = admittedWithin(share.found.values(), op.admittedAt, this.#latest);
    return splitHold({ ...op, amountNanoUsd: op.split!.holdNanoUsd }, share, admittedAt);
  }

  #again(op: SettleOp<D, M>, seq: number): Settled {
    if (this.#entries.digestOf(seq) === op.digest) return { outcome: 'duplicate', seq };
    return { outcome: 'conflict', reason: `another settlement of this attempt is booked as ${seq}` };
  }

  #overflow(postings: readonly Posting[]): string | undefined {
    for (const posting of postings) {
      const spent = this.balances.find(posting)?.spentNanoUsd ?? 0n;
      if (spent + posting.amountNanoUsd < MAX_NANO_USD) continue;
      return `account ${posting.instance} would reach ${MAX_NANO_USD} nano-USD, more than an account may hold`;
    }
    return undefined;
  }

  release(attemptId: string, now: EpochMs): ReleaseOutcome {
    const at = this.advance(now);
    const hold = this.hold(attemptId);
    if (!hold) return { outcome: 'unknown' };
    if (hold.state.state === 'released') return { outcome: 'already_released' };
    if (hold.state.state !== 'held') return { outcome: 'conflict' };
    this.#end(hold, { state: 'released', at });
    return { outcome: 'released' };
  }

  lose(selector: LoseSelector, reason: string, now: EpochMs): Hold<D>[] {
    const since = this.advance(now);
    const live = this.#selected(selector).filter(({ state }) => state.state === 'held');
    return live.map((hold) => {
      return this.#replace(hold, endedIfEmpty({ ...hold, state: { state: 'unresolved', since, reason } }, since));
    });
  }

  #selected(selector: LoseSelector): Hold<D>[] {
    if ('expiredAt' in selector) return this.#open.expired(selector.expiredAt);
    if ('sessions' in selector) return this.#open.ofSessions(selector.sessions);
    const holds = [...new Set(selector.attemptIds)].map((id) => this.#open.get(id));
    return holds.filter((hold) => hold !== undefined);
  }

  /** Closes what is unresolved at $0: the whole hold, or the remainder of an estimated settlement. */
  writeOff(attemptId: string, by: string, reason: string, now: EpochMs): ReleaseOutcome {
    const at = this.advance(now);
    const hold = this.hold(attemptId);
    if (!hold) return { outcome: 'unknown' };
    if (hold.state.state === 'written_off' || hold.remainderClosed) return { outcome: 'already_released' };
    if (hold.state.state === 'unresolved') {
      this.#end(hold, { state: 'written_off', at, by, reason });
      return { outcome: 'released' };
    }
    if (hold.remainderNanoUsd === 0n) return { outcome: 'conflict' };
    const remainderClosed = { amountNanoUsd: hold.remainderNanoUsd, at, by, reason };
    const { remainders: _, remainderSince: __, ...closed } = hold;
    this.#replace(hold, { ...closed, remainderNanoUsd: 0n, remainderClosed });
    return { outcome: 'released' };
  }

  /** Frees the expected demands of what is unresolved since before the instant; answers how many holds changed. */
  forgive(before: EpochMs, now: EpochMs): number {
    const at = this.advance(now);
    const forgivable = this.#open.forgivable(before);
    for (const hold of forgivable) {
      if (hold.slice) this.#end(hold, { state: 'released', at });
      else this.#replace(hold, forgivenOf(hold, at));
    }
    return forgivable.length;
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

  /** Adds a demand to an open hold without asking for room. */
  adopt(attemptId: string, demand: AccountDemand, now: EpochMs): boolean {
    this.advance(now);
    const hold = this.#open.get(attemptId);
    if (!hold || hold.slice) return false;
    if (hold.demands.some((known) => sameAccount(known, demand))) return false;
    const wider = adoptedBy(hold, demand);
    this.#exchange(hold, wider);
    this.#open.put(wider);
    this.#entries.changeDemands(wider);
    return true;
  }

  #add(hold: Hold<D>): void {
    this.#exchange(undefined, hold);
    if (isOpen(hold)) this.#open.put(hold);
    this.#entries.addHold(hold);
  }

  /** A slice gives back what it still holds. */
  #end(hold: Hold<D>, state: Hold<D>['state']): void {
    this.#replace(hold, { ...(hold.slice ? emptied(hold) : hold), state });
  }

  #replace(before: Hold<D>, after: Hold<D>): Hold<D> {
    this.#exchange(before, after);
    if (isOpen(after)) this.#open.put(after);
    else this.#open.delete(after);
    if (after.slice) this.#unwritten.set(after.attemptId, after);
    else this.#entries.changeHold(after);
    return after;
  }

  /** Every change of held and unresolved money: the accounts exchange what the hold had set aside for what it has now. */
  #exchange(before: Hold<D> | undefined, after: Hold<D>): void {
    for (const [index, demand] of after.demands.entries()) {
      const heldNanoUsd = heldOn(after, index) - (before ? heldOn(before, index) : 0n);
      const unresolvedNanoUsd = unresolvedOn(after, index) - (before ? unresolvedOn(before, index) : 0n);
      if (heldNanoUsd === 0n && unresolvedNanoUsd === 0n) continue;
      this.balances.change(this.balances.obtain(demand), { heldNanoUsd, unresolvedNanoUsd });
    }
  }
}
