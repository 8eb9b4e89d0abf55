/** What the server is told of an attempt that is over. */
import { usageToWire } from '../protocol/usage.ts';
import type { ReservationRequest, SettlementRequest } from '../protocol/wire.ts';
import { isoInstant } from './instant.ts';
import type { Metered } from './meter.ts';

export interface Settled {
  /** As it was asked for, before a rewrite. */
  request: ReservationRequest;
  metered: Metered;
  /** The one that was sent. */
  model: string;
  /** Whether the server holds money for it; where not, the bound goes along. */
  held: boolean;
  admittedMs: number;
  ids: { traceId: string; spanId: string } | undefined;
}

export function settlementOf({ request, metered, model, held, admittedMs, ids }: Settled): SettlementRequest {
  const { end, status, measured, usage, facts } = metered;
  const settlement: SettlementRequest = {
    attempt_id: request.attempt_id,
    call_id: request.call_id,
    session: request.session,
    provider: request.provider,
    model,
    attribution: request.attribution,
    admitted_at: isoInstant(admittedMs),
    end,
    status,
    measured,
    usage: usageToWire(usage),
  };
  if (!held) settlement.bound = request.bound;
  if (facts?.model !== undefined) settlement.served_model = facts.model;
  if (facts?.responseId !== undefined) settlement.response_id = facts.responseId;
  if (ids) {
    settlement.trace_id = ids.traceId;
    settlement.span_id = ids.spanId;
  }
  return settlement;
}

/** The server may hold money for an attempt that will not be made. */
export function releaseOf({ bound: _, ...request }: ReservationRequest, nowMs: number): SettlementRequest {
  return {
    ...request,
    admitted_at: isoInstant(nowMs),
    end: 'released',
    status: 'aborted',
    measured: true,
    usage: { input_tokens: 0, output_tokens: 0 },
  };
}
