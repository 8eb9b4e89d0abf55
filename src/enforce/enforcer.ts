/**
 * What the HTTP room asks of the enforce room. Expected outcomes are values; `LedgerUnavailable` and `NotReady` throw.
 * Wire bodies arrive validated; attribution is still the client's word, the enforcer applies pins and rules.
 */
import type { Config, TokenEntry } from '../config/config.ts';
import type { AlertEvent } from '../domain/alert.ts';
import type { Attribution } from '../domain/attribution.ts';
import type { BudgetInstance } from '../domain/budget.ts';
import type { BudgetState, Denial } from '../domain/decision.ts';
import type { NanoUsd } from '../domain/money.ts';
import type { Receipt } from '../domain/receipt.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Window } from '../domain/window.ts';
import type { HoldRecord, Page, ReleaseOutcome, UsageQuery, UsageRow } from '../ledger/ledger.ts';
import type {
  HeartbeatReply,
  HeartbeatRequest,
  ReservationReply,
  ReservationRequest,
  SessionReply,
  SessionRequest,
  SettlementBody,
  SettlementsReply,
  SettlementsRequest,
} from '../protocol/wire.ts';

/** Who asks, as the token says. `token` is absent when the server runs without tokens (loopback only). */
export interface Principal {
  name: string;
  token?: TokenEntry;
}

/** A refusal that is the caller's fault; `http` turns it into a problem document with this status. */
export interface Refusal {
  refused: { status: 400 | 403 | 404 | 409 | 413 | 422; kind: string; detail: string };
}

/** A decision on one attempt. */
export type Decided = { granted: ReservationReply; replayed: boolean } | { denied: Denial };

/** How a caller waits: until it goes away; `onWait` is called once when the wait begins. */
export interface Patience {
  signal: AbortSignal;
  onWait(): void;
}

export interface BudgetView {
  instance: BudgetInstance;
  window: Window;
  state: BudgetState;
  spentNanoUsd: NanoUsd;
  reservedNanoUsd: NanoUsd;
  unresolvedNanoUsd: NanoUsd;
  /** The lowest stopping threshold's amount; absent for soft-only budgets. */
  capNanoUsd?: NanoUsd;
  crossed: readonly { atBasisPoints: number; crossed: boolean }[];
  openAlerts: number;
}

export interface Readiness {
  ready: boolean;
  /** Why not, each naming the mend. */
  reasons: readonly string[];
}

export interface Enforcer {
  readiness(): Readiness;
  openSession(request: SessionRequest, principal: Principal): Promise<SessionReply | Refusal>;
  heartbeat(session: string, request: HeartbeatRequest, principal: Principal): Promise<HeartbeatReply | Refusal>;
  endSession(session: string, principal: Principal): Promise<{ ended: true } | Refusal>;
  /**
   * Waits up to `maxWaitMs` where only live holds are in the way; calls `onWait` once when it starts to.
   * An aborted signal leaves the queue and takes nothing.
   */
  reserve(request: ReservationRequest, principal: Principal, patience: Patience): Promise<Decided | Refusal>;
  settle(
    attemptId: string,
    body: SettlementBody,
    principal: Principal,
  ): Promise<{ costNanoUsd: NanoUsd; receipt: Receipt; replayed: boolean } | Refusal>;
  /** Every element is answered in order; closes of slices are done with them. */
  settleMany(request: SettlementsRequest, principal: Principal): Promise<SettlementsReply>;
  release(attemptId: string, principal: Principal): Promise<ReleaseOutcome | Refusal>;
  writeOff(attemptId: string, reason: string, principal: Principal): Promise<ReleaseOutcome | Refusal>;
  /** Every known instance of every budget, from the start at 0, in the config's order. */
  budgets(): Promise<BudgetView[]>;
  usage(query: UsageQuery): Promise<UsageRow[]>;
  alerts(query: { cursor?: string; limit: number }): Promise<Page<AlertEvent>>;
  unresolved(): Promise<HoldRecord[]>;
  /** Sessions that live; for the gauge. */
  sessionCount?(): number;
  /** Reservations that wait for live holds to end; for the gauge. */
  waitingCount?(): number;
  /** What slices of sessions hold now, by budget; for the gauge. */
  leased?(): ReadonlyMap<string, NanoUsd>;
  /** An operator confirms that the clock is right after a forward jump. */
  confirmClock(principal: Principal): Promise<{ now: EpochMs }>;
  /** Swaps the config: holds survive, new budgets start from history. Rejects and changes nothing when it cannot. */
  reload(config: Config, by: string): Promise<void>;
  config(): Config;
  /** Called for each settlement booked, denial and decision: metrics and the demo's live view listen. */
  on(listener: (happening: Happening) => void): () => void;
  /** Stops admissions, flushes, ends waiters with a 503. The ledger is closed by whoever opened it. */
  close(): Promise<void>;
}

export type Happening =
  | {
      kind: 'decision';
      decision: string;
      reason: string;
      attribution: Attribution;
      /** Absent where a session decided by itself, from a slice. */
      durationSeconds?: number;
      denial?: Denial;
    }
  | {
      kind: 'settlement';
      attribution: Attribution;
      receipt: Receipt;
      outcome: string;
      tokens: Readonly<Record<string, number>>;
      owned: boolean;
    }
  | { kind: 'alert'; event: AlertEvent };

/** The server cannot decide now (clock jumped, ledger not open, closing): 503 with what to do. */
export class NotReady extends Error {
  override name = 'NotReady';
}
