/** What the server is told of an attempt: what it is asked first, and what came of it. */
import type { Evidence } from '../domain/evidence.ts';
import type { Draw } from '../domain/lease.ts';
import { evidenceToWire } from '../protocol/evidence.ts';
import { boundToWire, usageToWire } from '../protocol/usage.ts';
import type { ReservationRequest, SettlementRequest, WireBound, WireDraw } from '../protocol/wire.ts';
import { isoInstant } from './instant.ts';
import type { Attempted } from './lease/lease.ts';
import type { Metered } from './meter.ts';

/** An attempt before it is sent. */
export interface Asked extends Attempted {
  attemptId: string;
  callId: string;
  /** The one that the server heard of it in, or holds slices of. */
  session: string;
  /** Texts of its input, each of them in the request; undefined where the format does not tell. */
  texts?: (() => readonly string[]) | undefined;
  /** The bound is of counted tokens. */
  counted?: true;
  /** Told to tighten, it would come again with counted tokens. */
  countable?: true;
}

function boundOf({ bound, counted, countable }: Asked): WireBound {
  const wire = boundToWire(bound);
  if (counted) wire.counted = true;
  else if (countable) wire.countable = true;
  return wire;
}

export function reservationOf(asked: Asked): ReservationRequest {
  const { attemptId, callId, session, provider, model, attribution } = asked;
  return { attempt_id: attemptId, call_id: callId, session, provider, model, bound: boundOf(asked), attribution };
}

export interface Settled {
  /** As it was asked for, before a rewrite. */
  asked: Asked;
  metered: Pick<Metered, 'end' | 'status' | 'measured' | 'usage' | 'facts'>;
  /** The one that was sent. */
  model: string;
  /** Whether the server holds money for it; where not, the bound goes along. */
  held: boolean;
  /** It was admitted from slices: these, with every word on it. */
  draws: readonly Draw[] | undefined;
  admittedMs: number;
  ids: { traceId: string; spanId: string } | undefined;
  evidence?: Evidence | undefined;
}

export function settlementOf({
  asked,
  metered,
  model,
  held,
  draws,
  admittedMs,
  ids,
  evidence,
}: Settled): SettlementRequest {
  const { end, status, measured, usage, facts } = metered;
  const settlement: SettlementRequest = {
    attempt_id: asked.attemptId,
    call_id: asked.callId,
    session: asked.session,
    provider: asked.provider,
    model,
    attribution: asked.attribution,
    admitted_at: isoInstant(admittedMs),
    end,
    status,
    measured,
    usage: usageToWire(usage),
  };
  if (!held) settlement.bound = boundOf(asked);
  if (draws) settlement.draws = drawsToWire(draws);
  if (facts?.model !== undefined) settlement.served_model = facts.model;
  if (facts?.responseId !== undefined) settlement.response_id = facts.responseId;
  if (ids) {
    settlement.trace_id = ids.traceId;
    settlement.span_id = ids.spanId;
  }
  if (evidence) settlement.evidence = evidenceToWire(evidence);
  return settlement;
}

/** Most slots take the same of an attempt, and writing an amount out is the dearest part of it. */
function drawsToWire(draws: readonly Draw[]): WireDraw[] {
  let written = '';
  let last: bigint | undefined;
  return draws.map(({ slice, amountNanoUsd }) => {
    if (amountNanoUsd !== last) {
      last = amountNanoUsd;
      written = amountNanoUsd.toString();
    }
    return { slice, amount: written };
  });
}

const NOTHING = { status: 'aborted', measured: true, usage: { inputTokens: 0, outputTokens: 0 } } as const;

/** The server may hold money for an attempt that will not be made. */
export function releaseOf(asked: Asked, nowMs: number): SettlementRequest {
  const metered = { ...NOTHING, end: 'released' } as const;
  return settlementOf({
    asked,
    metered,
    model: asked.model,
    held: true,
    draws: undefined,
    admittedMs: nowMs,
    ids: undefined,
  });
}

/** The attempt is still under way: what it drew, or where it drew nothing its worst case, becomes a hold of its own. */
export function openOf(asked: Asked, model: string, draws: Settled['draws'], admittedMs: number): SettlementRequest {
  const metered = { ...NOTHING, end: 'open', status: 'ok', measured: false } as const;
  return settlementOf({ asked, metered, model, held: false, draws, admittedMs, ids: undefined });
}
