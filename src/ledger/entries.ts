/**
 * What a book writes and what it looks up again. Entries are kept for good: the memory ledger keeps them in maps, the
 * SQLite ledger in tables, so that a book holds in memory only live holds and current balances.
 *
 * `D` is what a keeper wants to know of an attempt and the book does not (attribution, model, …), `M` the same for a
 * settlement (usage, receipt, …): objects in memory, encoded text on the way to a database.
 */
import type { HoldState } from '../domain/hold.ts';
import type { Draw } from '../domain/lease.ts';
import type { NanoUsd } from '../domain/money.ts';
import type { EpochMs } from '../domain/time.ts';
import type { AccountDemand, Balance, Posting, RemainderClosing, SliceState, SliceTerms } from './ledger.ts';

/** One instance in one window, with its projected balance. Ids are dense and given by the book. */
export interface Account extends Balance {
  readonly id: number;
  readonly instance: string;
  readonly budget: string;
  readonly start: EpochMs;
  readonly end: EpochMs;
}

export interface Hold<D> {
  attemptId: string;
  session: string;
  digest: string;
  amountNanoUsd: NanoUsd;
  admittedAt: EpochMs;
  demands: readonly AccountDemand[];
  state: HoldState;
  /** Its settlement: the one that ended it, or that came after it had been released or written off. */
  seq?: number;
  remainderNanoUsd: NanoUsd;
  /** The remainder's share of each demand, in the order of `demands`; absent when nothing remains. */
  remainders?: readonly NanoUsd[];
  /** When the settlement was booked that left it. */
  remainderSince?: EpochMs;
  remainderClosed?: RemainderClosing;
  forgivenAt?: EpochMs;
  slice?: SliceState;
  detail: D;
}

export interface ReserveOp<D> {
  attemptId: string;
  session: string;
  digest: string;
  amountNanoUsd: NanoUsd;
  demands: readonly AccountDemand[];
  expiresAt: EpochMs;
  slice?: SliceTerms;
  detail: D;
}

export interface SplitOp<D> {
  attemptId: string;
  session: string;
  digest: string;
  amountNanoUsd: NanoUsd;
  expiresAt: EpochMs;
  admittedAt: EpochMs;
  draws: readonly Draw[];
  detail: D;
}

export interface SettleOp<D, M> {
  attemptId: string;
  session: string;
  digest: string;
  admittedAt: EpochMs;
  costNanoUsd: NanoUsd;
  estimated: boolean;
  postings: readonly Posting[];
  remainderNanoUsd: NanoUsd;
  split?: { draws: readonly Draw[]; holdNanoUsd: NanoUsd };
  detail: D;
  more: M;
}

/** What the book adds to a settlement when it books it. */
export interface Booking {
  seq: number;
  bookedAt: EpochMs;
  admittedAt: EpochMs;
  overageNanoUsd: NanoUsd;
  unknownHold: boolean;
  postings: readonly Posting[];
}

export type Reserved<D> =
  | { outcome: 'granted'; hold: Hold<D>; replayed: boolean }
  | { outcome: 'exhausted' | 'contended'; demand: number; balance: Balance }
  | { outcome: 'conflict'; hold: Hold<D> };

export interface Split<D> {
  outcome: 'split' | 'known';
  hold: Hold<D>;
}

export type Settled =
  | { outcome: 'settled'; booking: Booking }
  | { outcome: 'duplicate'; seq: number }
  | { outcome: 'conflict'; reason: string };

export interface Entries<D, M> {
  /** A hold in whatever state; asked only for attempts that the book does not have open. */
  hold(attemptId: string): Hold<D> | undefined;
  addHold(hold: Hold<D>): void;
  /** It moved to another state, or was forgiven. Never a slice. */
  changeHold(hold: Hold<D>): void;
  /** It was given more demands, each with a share of the remainder if there is one. */
  changeDemands(hold: Hold<D>): void;
  /** Digest of a booked settlement; undefined when the sequence number was never given. */
  digestOf(seq: number): string | undefined;
  addSettlement(op: SettleOp<D, M>, booking: Booking): void;
  /** `position` is its place among the settlement's postings. */
  addPosting(seq: number, account: Account, posting: Posting, position: number): void;
  addBackfill(seq: number, account: Account, posting: Posting, at: EpochMs): void;
  isPosted(seq: number, account: Account): boolean;
  /** Accounts of an instance whose window ends in `(after, upTo]`. */
  accounts(instance: string, after: EpochMs, upTo: EpochMs): Account[];
}
