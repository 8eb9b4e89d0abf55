/** What the server says to a reservation, checked: undefined where it is no decision at all. */
import type { Denial } from '../domain/decision.ts';
import type { WireRoute } from '../protocol/wire.ts';
import type { Admission } from './admission.ts';
import { amount, isObject } from './rules.ts';
import type { Reply } from './transport.ts';

export interface Decided {
  admission: Admission;
  /** As it was sent; absent where attempts like this one have to ask. */
  route?: WireRoute;
  /** Counted tokens instead of bytes are worth their time. */
  tighten: boolean;
}

export function readDecision({ status, body }: Reply): Decided | undefined {
  if (!isObject(body)) return undefined;
  const granted = status === 200 || status === 201;
  const admission = granted ? readGrant(body) : status === 402 || status === 429 ? readDenial(body) : undefined;
  if (!admission) return undefined;
  const tighten = body.tighten === true;
  return isObject(body.route)
    ? { admission, route: body.route as unknown as WireRoute, tighten }
    : { admission, tighten };
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
  return { outcome: 'denied', denial, maybeHeld: false };
}
