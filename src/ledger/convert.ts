/** From what callers say to what the book needs, and back. Used by every ledger. */
import type { Attribution } from '../domain/attribution.ts';
import type { Booking, Hold, ReserveOp, SettleOp, SplitOp } from './entries.ts';
import type { HoldRecord, ReserveRequest, Settlement, SettleRequest, SplitRequest } from './ledger.ts';

/** What a hold keeps of its attempt besides money. `A`: the attribution as the keeper has it, an object or its text. */
export interface AttemptDetail<A> {
  callId: string;
  provider: string;
  model: string;
  attribution: A;
  reply?: string;
}

export function reserveOp<A>(
  request: ReserveRequest,
  attribution: (given: Attribution) => A,
): ReserveOp<AttemptDetail<A>> {
  const { attemptId, session, digest, amountNanoUsd, demands, expiresAt } = request;
  const { callId, provider, model, reply } = request;
  const detail: AttemptDetail<A> = { callId, provider, model, attribution: attribution(request.attribution) };
  if (reply !== undefined) detail.reply = reply;
  const op: ReserveOp<AttemptDetail<A>> = { attemptId, session, digest, amountNanoUsd, demands, expiresAt, detail };
  if (request.slice) op.slice = request.slice;
  return op;
}

export function splitOp<A>(request: SplitRequest, attribution: (given: Attribution) => A): SplitOp<AttemptDetail<A>> {
  const { attemptId, session, digest, amountNanoUsd, expiresAt, admittedAt, draws } = request;
  const { callId, provider, model } = request;
  const detail = { callId, provider, model, attribution: attribution(request.attribution) };
  return { attemptId, session, digest, amountNanoUsd, expiresAt, admittedAt, draws, detail };
}

export function settleOp<A, M>(
  request: SettleRequest,
  attribution: (given: Attribution) => A,
  more: M,
): SettleOp<AttemptDetail<A>, M> {
  const { attemptId, session, digest, admittedAt, postings, remainderNanoUsd, callId, provider, model } = request;
  const op: SettleOp<AttemptDetail<A>, M> = {
    attemptId,
    session,
    digest,
    admittedAt,
    costNanoUsd: request.receipt.costNanoUsd,
    estimated: request.source === 'estimated',
    postings,
    remainderNanoUsd,
    detail: { callId, provider, model, attribution: attribution(request.attribution) },
    more,
  };
  if (request.split) op.split = request.split;
  return op;
}

export function holdRecord<A>(hold: Hold<AttemptDetail<A>>, attribution: (kept: A) => Attribution): HoldRecord {
  const { attemptId, session, digest, amountNanoUsd, admittedAt, demands, state, remainderNanoUsd } = hold;
  const { callId, provider, model, reply } = hold.detail;
  const record: HoldRecord = {
    attemptId,
    callId,
    session,
    digest,
    provider,
    model,
    attribution: attribution(hold.detail.attribution),
    amountNanoUsd,
    admittedAt,
    demands,
    remainderNanoUsd,
    state,
  };
  if (hold.seq !== undefined && state.state !== 'settled') record.settledLateAs = hold.seq;
  if (hold.slice) record.slice = hold.slice;
  if (hold.forgivenAt !== undefined) record.forgivenAt = hold.forgivenAt;
  if (hold.remainderClosed) record.remainderClosed = hold.remainderClosed;
  if (reply !== undefined) record.reply = reply;
  return record;
}

export function settlementOf(request: SettleRequest, booking: Booking): Settlement {
  const { digest: _, remainderNanoUsd: __, split: ___, ...kept } = request;
  return { ...kept, ...booking, costNanoUsd: request.receipt.costNanoUsd };
}
