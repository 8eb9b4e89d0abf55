/**
 * The ledger keeps money: holds, immutable settlements with their postings, and the balances projected from them.
 *
 * `reserveMany` is the one place where a hold is granted, atomically over all accounts of an attempt. Every method is
 * one durable step: its promise resolves after the commit, and rejects with `LedgerUnavailable` when the commit failed,
 * in which case nothing of the batch happened. Time is always an argument. No method takes a function, so that a ledger
 * can live in a worker or in a database.
 */
import type { AlertEvent } from '../domain/alert.ts';
import type { Attribution, UsageDimension } from '../domain/attribution.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { HoldState } from '../domain/hold.ts';
import type { Draw } from '../domain/lease.ts';
import type { NanoUsd } from '../domain/money.ts';
import type { Receipt } from '../domain/receipt.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Usage, UsageSource } from '../domain/usage.ts';
import type { Window } from '../domain/window.ts';

/**
 * Account: an instance in a window. For a rolling budget `window` is the current sub-bucket, and accounts of the same
 * instance that end after `since` count together; for a calendar budget `since` is the window's own start.
 */
export interface AccountRef {
  instance: string;
  window: Window;
  since: EpochMs;
}

export interface Balance {
  spentNanoUsd: NanoUsd;
  heldNanoUsd: NanoUsd;
  unresolvedNanoUsd: NanoUsd;
}

export interface AccountBalance extends Balance {
  instance: string;
  window: Window;
}

/** An account that must have room: spent + unresolved + held + amount ≤ cap, all counted since `since`. */
export interface AccountDemand extends AccountRef {
  budget: string;
  amountNanoUsd: NanoUsd;
  capNanoUsd: NanoUsd;
  /** Of a budget with `holds: expected`: while unresolved it is freed after a time (`forgive`). */
  expected?: true;
}

/**
 * A slice is a hold with one demand and no attempt: money set aside for a session, from which it admits attempts itself
 * (`domain/lease.ts`). What attempts drew is split off it; once it is closed and everything drawn has been split off, it is
 * released. `amountNanoUsd` of the hold is what it holds now.
 */
export interface SliceTerms {
  /** Nothing is drawn after it: attempts split off it were admitted between its grant and this. */
  validUntil: EpochMs;
}
export interface SliceState extends SliceTerms {
  grantedNanoUsd: NanoUsd;
  /** Sum of what was split off for attempts. */
  splitNanoUsd: NanoUsd;
  /** Given back to the account, by a close or an end. Granted = held + split + freed, always. */
  freedNanoUsd: NanoUsd;
  /** Set by the close: sum of everything ever drawn. The slice holds at most `drawn - split` since then. */
  drawnNanoUsd?: NanoUsd;
}

export interface ReserveRequest {
  /** Idempotency key. Of a slice, its id. */
  attemptId: string;
  slice?: SliceTerms;
  callId: string;
  session: string;
  /** Digest of what was asked for; the same attempt with another digest is a conflict. */
  digest: string;
  provider: string;
  model: string;
  attribution: Attribution;
  /** The attempt's whole worst case; each demand carries its own share (cost-line classes may narrow it). */
  amountNanoUsd: NanoUsd;
  /** Only stopping budgets. Empty: recorded as a hold without demands, always granted. */
  demands: readonly AccountDemand[];
  expiresAt: EpochMs;
  /** Opaque to the ledger; kept with the hold so that a replay can be answered as the first time. */
  reply?: string;
}

export type ReserveOutcome =
  | { outcome: 'granted'; hold: HoldRecord; replayed: boolean }
  /** Settled and unresolved money alone leaves no room. */
  | { outcome: 'exhausted'; demand: AccountDemand; balance: Balance }
  /** Only live holds are in the way. */
  | { outcome: 'contended'; demand: AccountDemand; balance: Balance }
  /** The same attempt id was used with another digest, or has ended. */
  | { outcome: 'conflict'; hold: HoldRecord };

export interface HoldRecord {
  attemptId: string;
  callId: string;
  session: string;
  digest: string;
  provider: string;
  model: string;
  attribution: Attribution;
  amountNanoUsd: NanoUsd;
  /** Server-stamped; decides every window of this attempt. */
  admittedAt: EpochMs;
  demands: readonly AccountDemand[];
  /** Of a settled(estimated) hold, what stays unresolved; 0 otherwise. */
  remainderNanoUsd: NanoUsd;
  /** An operator wrote the remainder off; `remainderNanoUsd` is 0 since then. */
  remainderClosed?: RemainderClosing;
  reply?: string;
  /** It was released or written off, and the settlement with this `seq` came all the same: booked in full, as overage. */
  settledLateAs?: number;
  /** It is a slice. */
  slice?: SliceState;
  /** Since then its `expected` demands, or their share of the remainder, count no more: `forgive` freed them. */
  forgivenAt?: EpochMs;
  state: HoldState;
}

/**
 * Makes the hold of an attempt that was admitted from slices. Grants nothing: what it holds leaves the slices, at most what
 * they still hold, with a demand on every account of a known slice. It is `held`, or `unresolved` where one of the slices
 * of which it takes is.
 */
export interface SplitRequest
  extends Pick<
    ReserveRequest,
    'attemptId' | 'callId' | 'session' | 'digest' | 'provider' | 'model' | 'attribution' | 'amountNanoUsd' | 'expiresAt'
  > {
  /** As the client said; kept within the slices' lives (never before a grant, never after `validUntil`), never after now. */
  admittedAt: EpochMs;
  draws: readonly Draw[];
}
/**
 * `known`: the attempt has a hold already (or has ended); nothing was split. Unknown and ended slices are left out, and
 * what a slice of a strict budget no longer had is missing from the hold's amount, so that it shows as overage.
 */
export type SplitOutcome = { outcome: 'split' | 'known'; hold: HoldRecord };

export interface RemainderClosing {
  amountNanoUsd: NanoUsd;
  at: EpochMs;
  by: string;
  reason: string;
}

export type AttemptStatus = 'ok' | 'error' | 'aborted' | 'rejected';

export interface Posting extends AccountRef {
  budget: string;
  amountNanoUsd: NanoUsd;
}

export interface SettleRequest {
  attemptId: string;
  callId: string;
  session: string;
  digest: string;
  /** When the attempt was admitted: of the hold if there is one, else as the caller reckoned it. */
  admittedAt: EpochMs;
  /** As served; as asked for they are in the attribution. */
  provider: string;
  model: string;
  attribution: Attribution;
  usage: Usage;
  source: UsageSource;
  status: AttemptStatus;
  receipt: Receipt;
  /** Every account the cost posts to: at least the hold's own. */
  postings: readonly Posting[];
  /** Of the hold, what an estimate may have missed and stays unresolved. 0 for measured usage. */
  remainderNanoUsd: NanoUsd;
  /**
   * Admitted from slices: where the attempt has no hold yet, it is split off them (at `holdNanoUsd`, the attempt's whole worst
   * case) and settled in one step. Ignored where it has one.
   */
  split?: { draws: readonly Draw[]; holdNanoUsd: NanoUsd };
  responseId?: string;
  traceId?: string;
  spanId?: string;
  evidence?: Evidence;
}

/** The immutable event. `seq` is dense and ascending. */
export interface Settlement extends Omit<SettleRequest, 'digest' | 'remainderNanoUsd' | 'split'> {
  seq: number;
  bookedAt: EpochMs;
  costNanoUsd: NanoUsd;
  /** By how much the cost exceeds the hold; all of it where that was released or written off before; 0 otherwise. */
  overageNanoUsd: NanoUsd;
  /** There was no hold: booked and flagged. */
  unknownHold: boolean;
}

export type SettleOutcome =
  | { outcome: 'settled'; settlement: Settlement }
  /** The same settlement came again: the first result. */
  | { outcome: 'duplicate'; settlement: Settlement }
  /** Another settlement of this attempt is booked already, it is a slice, or an account is full. Nothing changed. */
  | { outcome: 'conflict'; reason: string };

export type ReleaseOutcome = { outcome: 'released' | 'already_released' } | { outcome: 'unknown' | 'conflict' };

/** Which live holds lose their owner and become unresolved. */
export type LoseSelector = { attemptIds: readonly string[] } | { sessions: readonly string[] } | { expiredAt: EpochMs };

export interface UsageQuery {
  from: EpochMs;
  to: EpochMs;
  groupBy: readonly UsageDimension[];
}
export type UsageGroup = Partial<Record<UsageDimension, string>>;
export interface UsageRow {
  group: UsageGroup;
  costNanoUsd: NanoUsd;
  calls: number;
  inputTokens: number;
  cachedReadTokens: number;
  cacheWriteTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  unpricedCalls: number;
  estimatedCalls: number;
}

export interface VerifyReport {
  settlements: number;
  holds: number;
  accounts: number;
  /** Empty when every balance is the sum of its postings and every hold is accounted for. */
  problems: readonly string[];
}

export interface Page<T> {
  items: readonly T[];
  /** Pass as `cursor` to go on; absent at the end. */
  next?: string;
}

export interface Revision {
  hash: string;
  at: EpochMs;
  by: string;
}

export interface Ledger {
  /** Latest ledger time seen in any committed step; time never goes back behind it. 0 when empty. */
  latestTime(): Promise<EpochMs>;
  /** In request order; a request sees the grants of those before it. */
  reserveMany(requests: readonly ReserveRequest[], now: EpochMs): Promise<ReserveOutcome[]>;
  /**
   * Books the true cost whatever became of the hold, for the provider has charged already. Where it was released or written
   * off before, nothing is set aside any more: the whole cost is overage, nothing remains, and the hold stays as it ended.
   */
  settleMany(requests: readonly SettleRequest[], now: EpochMs): Promise<SettleOutcome[]>;
  releaseMany(attemptIds: readonly string[], now: EpochMs): Promise<ReleaseOutcome[]>;
  /** Splits attempts off the slices that they drew from: to report one in flight, to lose or to release it. */
  splitMany(requests: readonly SplitRequest[], now: EpochMs): Promise<SplitOutcome[]>;
  /**
   * Nothing more is drawn from these slices: what they hold above what was drawn is free. Idempotent; the largest sum
   * counts, but what was given back stays so. `released`: closed, or told a larger sum; `already_released`: nothing
   * changed; `conflict`: the hold of an attempt, not a slice.
   */
  closeSlices(closes: readonly { slice: string; drawnNanoUsd: NanoUsd }[], now: EpochMs): Promise<ReleaseOutcome[]>;
  /** Frees the `expected` demands of holds that have been unresolved since before the instant; answers how many. */
  forgive(unresolvedBefore: EpochMs, now: EpochMs): Promise<number>;
  /** Turns live holds to unresolved; answers those it changed. */
  lose(selector: LoseSelector, reason: string, now: EpochMs): Promise<HoldRecord[]>;
  /** An operator closes unresolved holds at $0. */
  writeOff(attemptIds: readonly string[], by: string, reason: string, now: EpochMs): Promise<ReleaseOutcome[]>;
  holds(attemptIds: readonly string[]): Promise<(HoldRecord | undefined)[]>;
  /** Holds in state `held` or `unresolved`, or with an unresolved remainder. */
  openHolds(): Promise<HoldRecord[]>;
  /** Accounts whose window ends after the instant. */
  accounts(endingAfter: EpochMs): Promise<AccountBalance[]>;
  /** Ascending by `seq`; the cursor is the `seq` after which it goes on. */
  settlements(query: { from?: EpochMs; to?: EpochMs; cursor?: string; limit: number }): Promise<Page<Settlement>>;
  usage(query: UsageQuery): Promise<UsageRow[]>;
  /**
   * Adds postings of booked settlements to accounts that did not exist then (a new or changed budget). Idempotent by
   * (settlement, instance); answers how many were new.
   */
  backfill(postings: readonly (Posting & { seq: number })[], now: EpochMs): Promise<number>;
  /**
   * Adds demands to open holds without asking for room: the accounts of a new or changed budget must see what is in flight.
   * Of a settled hold with an unresolved remainder they see at most that; its cost is for `backfill`. Idempotent by
   * (attempt, account); answers how many were new. A slice has one demand for good and is left out.
   */
  adopt(demands: readonly { attemptId: string; demand: AccountDemand }[], now: EpochMs): Promise<number>;
  /** Keeps the events not seen before, and answers those. */
  recordEvents(events: readonly AlertEvent[], now: EpochMs): Promise<AlertEvent[]>;
  events(query: { cursor?: string; limit: number }): Promise<Page<AlertEvent>>;
  /** Events of windows that end after the instant: what states are made of. */
  liveEvents(endingAfter: EpochMs): Promise<AlertEvent[]>;
  /** Config revisions and budget definitions seen, oldest first. A hash already there is kept as it is. */
  recordRevision(revision: Revision): Promise<void>;
  revisions(): Promise<Revision[]>;
  /** Writes about a megabyte and takes it back: whether there is room for real work, and not for one small entry only. */
  prove(): Promise<void>;
  /** Recomputes every balance from entries. */
  verify(): Promise<VerifyReport>;
  close(): Promise<void>;
}

/** The ledger could not commit. Nothing of the batch happened; the caller answers 503. */
export class LedgerUnavailable extends Error {
  override name = 'LedgerUnavailable';
}
