/**
 * May this attempt happen? The server says so, or the rules for when it cannot. Expected outcomes are values; the
 * hook alone turns a denial into an exception or a response.
 */
import type { DecisionKind, Denial } from '../domain/decision.ts';
import type { NanoUsd } from '../domain/money.ts';
import type { ReservationRequest } from '../protocol/wire.ts';
import { Allowance } from './allowance.ts';
import { amount, isObject } from './rules.ts';
import { DECISION_MS, MISCONFIGURED, type Session } from './session.ts';
import { NoAnswer, type Reply, type Transport } from './transport.ts';
import { warnOnce } from './warn.ts';

export type Admission =
  | {
      outcome: 'allowed';
      decision: DecisionKind;
      budget?: string;
      rewrite?: { model?: string; maxOutputTokens?: number };
      /** The server said that it holds money for this attempt. */
      held: boolean;
      /** Called with the true cost of an attempt that was allowed within the unreachable allowance. */
      settleAllowance?: (actual: NanoUsd) => void;
    }
  | { outcome: 'denied'; denial: Denial /** The server may hold money: its reply was lost. */; maybeHeld: boolean }
  | { outcome: 'aborted'; maybeHeld: boolean };

export type Allowed = Admission & { outcome: 'allowed' };

export interface Admitter {
  session: Session;
  transport: Transport;
  whenUnknown: 'allow' | 'block';
  /** The most that an attempt can cost, from rate cards; undefined when there are none to tell. */
  worstCase(request: ReservationRequest): Promise<NanoUsd | undefined>;
}

/** The server's answer, plus its grace for waiting in the queue. */
const QUEUE_GRACE_MS = 1_000;

export class Admissions {
  readonly #admitter: Admitter;
  readonly #allowance = new Allowance();

  constructor(admitter: Admitter) {
    this.#admitter = admitter;
  }

  /** At once where the session is open and no budget acts: most calls of most services wait for nothing. */
  admit(request: ReservationRequest, signal: AbortSignal | undefined): Promise<Admission> | Admission {
    const opening = this.#admitter.session.ready();
    return opening ? opening.then(() => this.#admitOpened(request, signal)) : this.#admitOpened(request, signal);
  }

  #admitOpened(request: ReservationRequest, signal: AbortSignal | undefined): Promise<Admission> | Admission {
    const { session } = this.#admitter;
    if (signal?.aborted) return { outcome: 'aborted', maybeHeld: false };
    if (session.state === 'refused') return this.#misconfigured();
    if (session.state === 'away') return this.#unreachable(request, false);
    if (session.rules?.admission === 'none') return { outcome: 'allowed', decision: 'allow', held: false };
    return this.#reserve(request, signal, true);
  }

  async #reserve(request: ReservationRequest, signal: AbortSignal | undefined, again: boolean): Promise<Admission> {
    const { session, transport } = this.#admitter;
    const maxWaitMs = session.rules?.maxWaitMs ?? 0;
    request.session = session.id;
    try {
      const reply = await transport('POST', '/v1/reservations', request, {
        timeoutMs: DECISION_MS,
        onProcessing: () => maxWaitMs + QUEUE_GRACE_MS,
        ...(signal && { signal }),
      });
      const decided = readDecision(reply);
      if (decided) return decided;
      if (MISCONFIGURED.has(reply.status)) {
        session.refused(reply);
        return this.#misconfigured();
      }
      if (reply.status === 404 && again) {
        await session.reopen();
        return session.state === 'open' ? this.#reserve(request, signal, false) : this.#unreachable(request, false);
      }
      return this.#noDecision(request, reply);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      if (signal?.aborted) return { outcome: 'aborted', maybeHeld: true };
      session.lost(error.message);
      return this.#unreachable(request, true);
    }
  }

  /** 5xx: the server cannot decide. Any other 4xx: it cannot decide on this one, though it is there. */
  #noDecision(request: ReservationRequest, reply: Reply): Promise<Admission> | Admission {
    const detail = isObject(reply.body) && typeof reply.body.detail === 'string' ? `: ${reply.body.detail}` : '';
    if (reply.status >= 500) this.#admitter.session.lost(`it answered ${reply.status}${detail}`);
    else {
      warnOnce(
        `reservation ${reply.status}`,
        `the server could not read a reservation (${reply.status}${detail}); calls like it follow when_unreachable`,
      );
    }
    return this.#unreachable(request, true);
  }

  #misconfigured(): Admission {
    const detail = `${this.#admitter.session.refusal}; check SPENDFUSE_TOKEN and SPENDFUSE_ENDPOINT`;
    return denied({ code: 'misconfigured', action: 'block', budget: null, detail }, false);
  }

  async #unreachable(request: ReservationRequest, maybeHeld: boolean): Promise<Admission> {
    const { session, whenUnknown, worstCase } = this.#admitter;
    const allowed: Admission = { outcome: 'allowed', decision: 'allow', held: false };
    if (!session.rules)
      return whenUnknown === 'allow' ? allowed : unreachable(maybeHeld, 'and nothing is known of its budgets');
    if (session.rules.whenUnreachable === 'block') return unreachable(maybeHeld, 'and a budget says block');
    const worst = await worstCase(request);
    const limit = session.rules.unreachableAllowanceNanoUsd;
    const settleAllowance = worst === undefined ? undefined : this.#allowance.take(session.outages, limit, worst);
    if (!settleAllowance) return unreachable(maybeHeld, 'and the unreachable allowance is spent');
    return { ...allowed, settleAllowance };
  }
}

function unreachable(maybeHeld: boolean, why: string): Admission {
  const detail = `the spendfuse server gave no decision within ${DECISION_MS} ms ${why}`;
  return denied({ code: 'unreachable', action: 'block', budget: null, detail }, maybeHeld);
}

function denied(denial: Denial, maybeHeld: boolean): Admission {
  return { outcome: 'denied', denial, maybeHeld };
}

/** Undefined when the reply is no decision at all. */
function readDecision({ status, body }: Reply): Admission | undefined {
  if (!isObject(body)) return undefined;
  if (status === 200 || status === 201) return readGrant(body);
  return status === 402 || status === 429 ? readDenial(body) : undefined;
}

function readGrant(body: Record<string, unknown>): Admission | undefined {
  const { hold, decision, budget } = body;
  if (typeof hold !== 'string') return undefined;
  if (decision !== 'allow' && decision !== 'warn' && decision !== 'downgrade') return undefined;
  const rewrite = readRewrite(body.rewrite);
  return {
    outcome: 'allowed',
    decision,
    held: true,
    ...(typeof budget === 'string' && { budget }),
    ...(rewrite && { rewrite }),
  };
}

function readRewrite(value: unknown): { model?: string; maxOutputTokens?: number } | undefined {
  if (!isObject(value)) return undefined;
  const { model, max_output_tokens: maxOutputTokens } = value;
  return {
    ...(typeof model === 'string' && { model }),
    ...(typeof maxOutputTokens === 'number' && { maxOutputTokens }),
  };
}

function readDenial(body: Record<string, unknown>): Admission | undefined {
  const { code, action, state } = body;
  if (code !== 'exhausted' && code !== 'contended' && code !== 'unmatched') return undefined;
  const limit = amount(body.limit);
  const spent = amount(body.spent);
  const denial: Denial = {
    code,
    action: action === 'pause' || action === 'downgrade' ? action : 'block',
    budget: typeof body.budget === 'string' ? body.budget : null,
    detail: typeof body.detail === 'string' ? body.detail : 'the budget does not allow it',
    ...(typeof body.instance_key === 'string' && { instance: body.instance_key }),
    ...(limit !== undefined && { limitNanoUsd: limit }),
    ...(spent !== undefined && { spentNanoUsd: spent }),
    ...((state === 'ok' || state === 'soft' || state === 'hard') && { state }),
    ...(typeof body.retry_after === 'number' && { retryAfterMs: body.retry_after * 1000 }),
    ...(typeof body.alert_id === 'string' && { alertId: body.alert_id }),
  };
  return denied(denial, false);
}
