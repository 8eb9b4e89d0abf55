/**
 * May this attempt happen? The lease says so where it can, else the server, else the rules for when it cannot. Expected
 * outcomes are values; the hook alone turns a denial into an exception or a response.
 */
import type { DecisionKind, Denial } from '../domain/decision.ts';
import type { Draw } from '../domain/lease.ts';
import type { NanoUsd } from '../domain/money.ts';
import type { DurationMs } from '../domain/time.ts';
import { Allowance } from './allowance.ts';
import { isCountable, recount, Tightening } from './counting/tightening.ts';
import { type Decided, readDecision } from './decision.ts';
import { now } from './instant.ts';
import type { LeaseKeeper } from './lease/keeper.ts';
import { isObject } from './rules.ts';
import { MISCONFIGURED, type Session } from './session.ts';
import { type Asked, reservationOf } from './settlement.ts';
import { Late, NoAnswer, type Reply, type Transport } from './transport.ts';
import { warnOnce } from './warn.ts';

export type Admission =
  | {
      outcome: 'allowed';
      decision: DecisionKind;
      budget?: string;
      rewrite?: { model?: string; maxOutputTokens?: number };
      /** The server said that it holds money for this attempt. */
      held: boolean;
      /** It may hold money for it, or come to: its reply was lost, so this goes out as another attempt than was asked for. */
      maybeHeld?: true;
      /** It was admitted here, from slices. */
      draws?: readonly Draw[];
      /** Called with the true cost of an attempt that was allowed within the unreachable allowance. */
      settleAllowance?: (actual: NanoUsd) => void;
    }
  | { outcome: 'denied'; denial: Denial /** The server may hold money: its reply was lost. */; maybeHeld: boolean }
  | { outcome: 'aborted'; maybeHeld: boolean };

export type Allowed = Admission & { outcome: 'allowed' };

export interface Admitter {
  session: Session;
  transport: Transport;
  keeper: LeaseKeeper;
  whenUnknown: 'allow' | 'block';
  decisionTimeoutMs: DurationMs;
  /** Whether slices are asked for. */
  leases: boolean;
  /** The most that an attempt can cost, from rate cards; undefined when there are none to tell. */
  worstCase(asked: Asked): Promise<NanoUsd | undefined>;
}

/** The server's answer, plus its grace for waiting in the queue. */
const QUEUE_GRACE_MS = 1_000;

export class Admissions {
  readonly #admitter: Admitter;
  readonly #allowance = new Allowance();
  readonly #tightening = new Tightening();

  constructor(admitter: Admitter) {
    this.#admitter = admitter;
  }

  /** At once where slices pay for it or no budget acts: most calls of most services wait for nothing. */
  admit(asked: Asked, signal: AbortSignal | undefined): Promise<Admission> | Admission {
    const opening = this.#admitter.session.ready();
    return opening ? opening.then(() => this.#admitOpened(asked, signal)) : this.#admitOpened(asked, signal);
  }

  #admitOpened(asked: Asked, signal: AbortSignal | undefined): Promise<Admission> | Admission {
    const { session } = this.#admitter;
    if (signal?.aborted) return { outcome: 'aborted', maybeHeld: false };
    if (session.state === 'refused') return this.#misconfigured();
    asked.session = session.id;
    if (!this.#tightening.isIdle && this.#shouldCount(asked))
      return recount(asked).then(() => this.#admitCounted(asked, signal));
    return this.#admitCounted(asked, signal);
  }

  #shouldCount(asked: Asked): boolean {
    return this.#tightening.isTight(this.#admitter.keeper.lease.signatureOf(asked)) && isCountable(asked);
  }

  #admitCounted(asked: Asked, signal: AbortSignal | undefined): Promise<Admission> | Admission {
    const { session, keeper } = this.#admitter;
    const local = keeper.lease.admit(asked, now());
    if (local) {
      if (keeper.lease.isLow) keeper.look();
      const { decision, budget, draws } = local;
      const allowed: Allowed = { outcome: 'allowed', decision, held: false, draws };
      if (budget !== undefined) allowed.budget = budget;
      return allowed;
    }
    // Slices run on to their end while the server is away; only then the rules for it apply.
    if (session.state === 'away') return this.#unreachable(asked, false);
    if (session.asksNothing) return { outcome: 'allowed', decision: 'allow', held: false };
    return this.#reserve(asked, signal, true);
  }

  async #reserve(asked: Asked, signal: AbortSignal | undefined, again: boolean): Promise<Admission> {
    const { session, transport, keeper, leases, decisionTimeoutMs } = this.#admitter;
    const maxWaitMs = session.rules?.maxWaitMs ?? 0;
    asked.session = session.id;
    const asksRoute = leases && keeper.lease.asksRoute(asked, now());
    try {
      if (isCountable(asked)) asked.countable = true;
      const body = asksRoute ? { ...reservationOf(asked), route: true } : reservationOf(asked);
      const reply = await transport('POST', '/v1/reservations', body, {
        timeoutMs: decisionTimeoutMs,
        onProcessing: () => maxWaitMs + QUEUE_GRACE_MS,
        ...(signal && { signal }),
      });
      const decided = readDecision(reply);
      if (decided) return await this.#decided(asked, decided, asksRoute, signal);
      if (MISCONFIGURED.has(reply.status)) {
        session.refused(reply);
        return this.#misconfigured();
      }
      if (reply.status === 404 && again) {
        await session.reopen();
        return session.state === 'open' ? this.#reserve(asked, signal, false) : this.#unreachable(asked, false);
      }
      return this.#noDecision(asked, reply);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      if (signal?.aborted) return { outcome: 'aborted', maybeHeld: true };
      if (error instanceof Late) session.late();
      else session.lost(error.message);
      return this.#unreachable(asked, true);
    }
  }

  async #decided(
    asked: Asked,
    { admission, route, tighten }: Decided,
    askedRoute: boolean,
    signal: AbortSignal | undefined,
  ): Promise<Admission> {
    const { keeper } = this.#admitter;
    this.#tightening.hear(keeper.lease.signatureOf(asked), tighten);
    // A denial of what bytes bound is not the last word: what tokens bound may fit.
    if (tighten && admission.outcome === 'denied' && isCountable(asked)) {
      await recount(asked);
      return this.#reserve(asked, signal, false);
    }
    if (askedRoute && admission.outcome === 'allowed') keeper.lease.routed(asked, route, now());
    keeper.look();
    return admission;
  }

  /** 5xx: the server cannot decide. Any other 4xx: it cannot decide on this one, though it is there. */
  #noDecision(asked: Asked, reply: Reply): Promise<Admission> | Admission {
    const detail = isObject(reply.body) && typeof reply.body.detail === 'string' ? `: ${reply.body.detail}` : '';
    if (reply.status >= 500) this.#admitter.session.lost(`it answered ${reply.status}${detail}`);
    else {
      warnOnce(
        `reservation ${reply.status}`,
        `the server could not read a reservation (${reply.status}${detail}); calls like it follow when_unreachable`,
      );
    }
    return this.#unreachable(asked, true);
  }

  #misconfigured(): Admission {
    const detail = `${this.#admitter.session.refusal}; check SPENDFUSE_TOKEN and SPENDFUSE_ENDPOINT`;
    return denied({ code: 'misconfigured', action: 'block', budget: null, detail }, false);
  }

  async #unreachable(asked: Asked, maybeHeld: boolean): Promise<Admission> {
    const { session, whenUnknown, worstCase } = this.#admitter;
    const allowed: Allowed = { outcome: 'allowed', decision: 'allow', held: false };
    if (maybeHeld) allowed.maybeHeld = true;
    if (!session.rules)
      return whenUnknown === 'allow' ? allowed : unreachable(maybeHeld, 'and nothing is known of its budgets');
    if (session.rules.whenUnreachable === 'block') return unreachable(maybeHeld, 'and a budget says block');
    const worst = await worstCase(asked);
    const limit = session.rules.unreachableAllowanceNanoUsd;
    const settleAllowance = worst === undefined ? undefined : this.#allowance.take(session.outages, limit, worst);
    if (!settleAllowance) return unreachable(maybeHeld, 'and the unreachable allowance is spent');
    return { ...allowed, settleAllowance };
  }
}

function unreachable(maybeHeld: boolean, why: string): Admission {
  const detail = `the spendfuse server gave no decision in time ${why}`;
  return denied({ code: 'unreachable', action: 'block', budget: null, detail }, maybeHeld);
}

function denied(denial: Denial, maybeHeld: boolean): Admission {
  return { outcome: 'denied', denial, maybeHeld };
}
