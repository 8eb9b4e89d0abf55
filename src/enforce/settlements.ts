/** Ends of attempts as clients report them: settled, released or lost; one at a time or in batches. */

import { MAX_NANO_USD, type NanoUsd } from '../domain/money.ts';
import type { Receipt } from '../domain/receipt.ts';
import type { HoldRecord, ReleaseOutcome, SettleOutcome } from '../ledger/ledger.ts';
import { boundOf, boundProblem } from '../pricing/bound.ts';
import { boundFromWire } from '../protocol/usage.ts';
import type {
  SettlementBody,
  SettlementRequest,
  SettlementResult,
  SettlementsReply,
  SettlementsRequest,
} from '../protocol/wire.ts';
import { type Attempted, attemptedOf, attemptedOfHold, type Bill, billOf } from './bill.ts';
import type { Principal, Refusal } from './enforcer.ts';
import { identify } from './identify.ts';
import { planAttempt } from './plan.ts';
import { isRefusal, refuse } from './refusal.ts';
import type { Room } from './room.ts';
import { book } from './settling.ts';

export async function settle(
  room: Room,
  attemptId: string,
  body: SettlementBody,
  principal: Principal,
): Promise<{ costNanoUsd: NanoUsd; receipt: Receipt; replayed: boolean } | Refusal> {
  const hold = await ownHold(room, attemptId, principal);
  if (isRefusal(hold)) return hold;
  const bill = billFor(room, attemptedOfHold(hold), hold, body);
  if (isRefusal(bill)) return bill;
  const [outcome] = await book(room, [bill]);
  if (outcome?.outcome !== 'settled' && outcome?.outcome !== 'duplicate') {
    return refuse(409, 'attempt-conflict', outcome?.reason ?? 'the ledger did not answer');
  }
  const { costNanoUsd, receipt } = outcome.settlement;
  return { costNanoUsd, receipt, replayed: outcome.outcome === 'duplicate' };
}

export async function release(room: Room, attemptId: string, principal: Principal): Promise<ReleaseOutcome | Refusal> {
  const hold = await ownHold(room, attemptId, principal);
  if (isRefusal(hold)) return hold;
  const [outcome] = await releaseAll(room, [attemptId]);
  if (outcome!.outcome !== 'conflict' || hold.state.state !== 'unresolved') return outcome!;
  // It was given up as lost, but its owner says that it never cost anything: that is a settlement of $0.
  const bill = billOf(room.policy, attemptedOfHold(hold), hold, {
    usage: NO_USAGE,
    measured: true,
    status: 'rejected',
  });
  const [settled] = await book(room, [bill]);
  return { outcome: settled?.outcome === 'conflict' ? 'conflict' : 'released' };
}

export async function settleMany(
  room: Room,
  { settlements: requests }: SettlementsRequest,
  principal: Principal,
): Promise<SettlementsReply> {
  const holds = await room.ledger.holds(requests.map((request) => request.attempt_id));
  const results = new Array<SettlementResult | undefined>(requests.length);
  const bills: { index: number; bill: Bill }[] = [];
  const unbilled: { index: number; end: () => Promise<SettlementResult> }[] = [];
  for (const [index, request] of requests.entries()) {
    const ended = endOf(room, request, holds[index], principal);
    if (typeof ended === 'function') unbilled.push({ index, end: ended });
    else if ('outcome' in ended) results[index] = ended;
    else bills.push({ index, bill: ended });
  }
  // Money first: were an attempt of this batch released before it is settled, its cost would be refused.
  const outcomes = await book(
    room,
    bills.map(({ bill }) => bill),
  );
  for (const [position, { index }] of bills.entries()) {
    results[index] = resultOf(requests[index]!.attempt_id, outcomes[position]!);
  }
  for (const { index, end } of unbilled) results[index] = await end();
  return { results: results.map((result) => result!) };
}

const NO_USAGE = { input_tokens: 0, output_tokens: 0 };

/** A bill to book, what else to do, or the result where there is nothing to do. */
function endOf(
  room: Room,
  request: SettlementRequest,
  hold: HoldRecord | undefined,
  principal: Principal,
): Bill | SettlementResult | (() => Promise<SettlementResult>) {
  const { attempt_id } = request;
  const invalid = (detail: string): SettlementResult => ({ attempt_id, outcome: 'invalid', detail });
  if (isForeign(room, hold?.session ?? request.session, principal)) {
    return invalid(`session "${hold?.session ?? request.session}" belongs to another token`);
  }
  if (request.end === 'released') {
    if (!hold) return { attempt_id, outcome: 'released' };
    return async () => {
      const released = await release(room, attempt_id, principal);
      if (isRefusal(released)) return invalid(released.refused.detail);
      return { attempt_id, outcome: released.outcome === 'conflict' ? 'conflict' : 'released' };
    };
  }
  const said = { ...room.sessions.get(request.session)?.said, ...request.attribution };
  const attribution = identify(room.policy.config, said, principal.token);
  if (isRefusal(attribution)) return invalid(attribution.refused.detail);
  const attempted = attemptedOf(request, hold, attribution, room.clock.now());
  if (request.end === 'lost') return () => lose(room, request, attempted, hold);
  const bill = billFor(room, attempted, hold, request);
  return isRefusal(bill) ? invalid(bill.refused.detail) : bill;
}

/** Sent and never answered. Without a hold there is none to turn unresolved, so one is made. */
async function lose(
  room: Room,
  request: SettlementRequest,
  attempted: Attempted,
  hold: HoldRecord | undefined,
): Promise<SettlementResult> {
  const { attempt_id } = request;
  if (!hold) await holdAfterwards(room, request, attempted);
  await room.ledger.lose({ attemptIds: [attempt_id] }, 'sent and never answered', room.clock.now());
  room.shares.give(attempt_id);
  void room.waiting.wake();
  return { attempt_id, outcome: 'lost' };
}

/** It went out while the server was away: no cap was asked, and none can refuse it now. */
async function holdAfterwards(room: Room, request: SettlementRequest, attempted: Attempted): Promise<void> {
  const now = room.clock.now();
  const said = boundFromWire(request.bound ?? { input_tokens: 0 });
  const bound = boundProblem(said) ? { inputTokens: 0, outputTokens: 0 } : said;
  const { provider, model } = attempted;
  const plan = planAttempt(room.policy, room.standing, { ...attempted, provider, model, bound }, attempted.admittedAt);
  const card = room.policy.catalogue.card(provider, model, attempted.admittedAt);
  await room.ledger.reserveMany(
    [
      {
        ...attempted,
        digest: 'unreserved',
        amountNanoUsd: boundOf(card, bound),
        demands: plan.demands.map((demand) => ({ ...demand, capNanoUsd: MAX_NANO_USD - 1n })),
        expiresAt: now,
      },
    ],
    now,
  );
}

export async function releaseAll(room: Room, attemptIds: readonly string[]): Promise<ReleaseOutcome[]> {
  const outcomes = await room.ledger.releaseMany(attemptIds, room.clock.now());
  for (const attemptId of attemptIds) room.shares.give(attemptId);
  void room.waiting.wake();
  return outcomes;
}

export async function writeOff(
  room: Room,
  attemptId: string,
  reason: string,
  principal: Principal,
): Promise<ReleaseOutcome | Refusal> {
  const [outcome] = await room.ledger.writeOff([attemptId], principal.name, reason, room.clock.now());
  if (outcome!.outcome === 'unknown') return refuse(404, 'unknown-attempt', `no attempt "${attemptId}" is known`);
  void room.waiting.wake();
  return outcome!;
}

async function ownHold(room: Room, attemptId: string, principal: Principal): Promise<HoldRecord | Refusal> {
  const [hold] = await room.ledger.holds([attemptId]);
  if (!hold) return refuse(404, 'unknown-attempt', `no attempt "${attemptId}" is known`);
  if (!isForeign(room, hold.session, principal)) return hold;
  return refuse(403, 'foreign-session', `attempt "${attemptId}" belongs to another token`);
}

function isForeign(room: Room, session: string, principal: Principal): boolean {
  const owner = room.sessions.get(session)?.principal;
  return owner !== undefined && owner !== principal.name && principal.token?.role !== 'admin';
}

function billFor(room: Room, attempted: Attempted, hold: HoldRecord | undefined, body: SettlementBody): Bill | Refusal {
  try {
    return billOf(room.policy, attempted, hold, body);
  } catch (error) {
    if (error instanceof RangeError) return refuse(422, 'impossible-usage', error.message);
    throw error;
  }
}

function resultOf(attempt_id: string, outcome: SettleOutcome): SettlementResult {
  if (outcome.outcome === 'conflict') return { attempt_id, outcome: 'conflict', detail: outcome.reason };
  return { attempt_id, outcome: outcome.outcome, cost: outcome.settlement.costNanoUsd.toString() };
}
