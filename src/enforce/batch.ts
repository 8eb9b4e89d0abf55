/**
 * What a session's journal reports: how attempts ended, those still under way that the server has not heard of, and slices
 * that are closed. What is unknown is booked and flagged, never refused: a dead session's journal may come with the next
 * process, and the server may never have seen what it tells of.
 */
import { MAX_NANO_USD } from '../domain/money.ts';
import type { HoldRecord, SettleOutcome, SplitRequest } from '../ledger/ledger.ts';
import { boundOf, boundProblem } from '../pricing/bound.ts';
import { boundFromWire } from '../protocol/usage.ts';
import type {
  SettlementRequest,
  SettlementResult,
  SettlementsReply,
  SettlementsRequest,
  SliceClose,
} from '../protocol/wire.ts';
import { type Attempted, attemptedOf, type Bill } from './bill.ts';
import { admittedWithin, DIGEST, type Drawn, drawnBy, setAside, slicesOf, splitOf, worstCaseOf } from './drawn.ts';
import type { Principal } from './enforcer.ts';
import { adoptHolds } from './history.ts';
import { identify, identifyAdmitted } from './identify.ts';
import { lesser, type Slice } from './leases.ts';
import { planAttempt } from './plan.ts';
import { recallOf } from './recall.ts';
import { isRefusal } from './refusal.ts';
import type { Room } from './room.ts';
import { billFor, isForeign, release } from './settlements.ts';
import { book, tookFromSlices } from './settling.ts';

/** What became of one element: its result, a bill to book first, or what to do after the bills. */
type Reported =
  | { result: SettlementResult }
  | { bill: Bill }
  /** `split`: where the attempt has no hold, it gets one first. */
  | { split?: SplitRequest; isLocal: boolean; end(): Promise<SettlementResult> };

/**
 * How many are booked at a time, of all batches together: between two turns those who wait for an admission get theirs, and
 * nobody waits for a batch.
 */
const TURN = 50;

export async function settleMany(
  room: Room,
  { settlements, closes = [] }: SettlementsRequest,
  principal: Principal,
): Promise<SettlementsReply> {
  // Before the ledger is asked: whatever is granted from now on is given up, and what was granted before is in its answer.
  const released = settlements.filter((one) => one.end === 'released' && !isForeign(room, one.session, principal));
  for (const { attempt_id } of released) room.asking.giveUp(attempt_id, room.clocks.monotonicMs());
  const results = new Array<SettlementResult>(settlements.length);
  // Money first: were an attempt of this batch released before it is settled, all of its cost would be overage.
  const isSettled = (index: number): boolean => settlements[index]!.end === 'settled';
  const all = [...settlements.keys()];
  const order = [...all.filter(isSettled), ...all.filter((index) => !isSettled(index))];
  for (let from = 0; from < order.length; from += TURN) {
    const turn = order.slice(from, from + TURN);
    const told = turn.map((index) => settlements[index]!);
    const booked = await room.batches.take(() => settleTurn(room, told, principal));
    for (const [at, result] of booked.entries()) results[turn[at]!] = result;
  }
  await closeAll(room, closes, principal);
  room.leases.look(room.clocks.monotonicMs());
  const sessions = new Set([...settlements, ...closes].map(({ session }) => session));
  const recall = recallOf(
    room,
    [...sessions].filter((session) => !isForeign(room, session, principal)),
  );
  return { results, ...(recall && { recall }) };
}

/** Answers in the order of the requests; what costs something is booked before anything else is done. */
async function settleTurn(
  room: Room,
  settlements: readonly SettlementRequest[],
  principal: Principal,
): Promise<SettlementResult[]> {
  const holds = await room.ledger.holds(settlements.map(({ attempt_id: id }) => id));
  const slices = await slicesOf(room, settlements, []);
  const reported = settlements.map((request, index) => reportOf(room, request, holds[index], slices, principal));
  const bills = reported.flatMap((each) => ('bill' in each ? each.bill : []));
  const booked = await book(room, bills);
  await adoptRemainders(room, bills);
  await splitAll(room, reported, settlements);
  const results: SettlementResult[] = [];
  for (const [index, each] of reported.entries()) {
    if ('bill' in each) results.push(resultOf(settlements[index]!.attempt_id, booked.shift()!));
    else results.push('result' in each ? each.result : await each.end());
  }
  return results;
}

function reportOf(
  room: Room,
  request: SettlementRequest,
  hold: HoldRecord | undefined,
  slices: ReadonlyMap<string, Slice>,
  principal: Principal,
): Reported {
  const { attempt_id, end } = request;
  const invalid = (detail: string): Reported => ({ result: { attempt_id, outcome: 'invalid', detail } });
  if (hold?.slice) return invalid(`"${attempt_id}" is a slice, not an attempt`);
  const drawn = hold ? undefined : drawnBy(request, slices);
  const sessions = [hold?.session ?? request.session, ...(drawn?.slices ?? []).map(({ session }) => session)];
  const foreign = sessions.find((session) => isForeign(room, session, principal));
  if (foreign !== undefined) return invalid(`session "${foreign}" belongs to another token`);
  const said = { ...room.sessions.get(request.session)?.said, ...request.attribution };
  const isAdmitted = hold !== undefined || (drawn !== undefined && drawn.slices.length > 0);
  const attribution = (isAdmitted ? identifyAdmitted : identify)(room.policy.config, said, principal.token);
  if (isRefusal(attribution)) return invalid(attribution.refused.detail);
  const now = room.clock.now();
  const attempted = attemptedOf(request, hold, attribution, now);
  if (drawn && drawn.slices.length > 0) {
    attempted.admittedAt = admittedWithin(drawn, Date.parse(request.admitted_at), now);
  }
  if (end === 'settled') return billReport(room, request, hold, attempted, drawn);
  const isLocal = drawn !== undefined;
  if (end === 'released') {
    // Without a hold one is made and released, so that a reservation that comes late is not granted any more.
    const split = hold ? undefined : splitOf(room, request, attempted, drawn ?? { draws: [], slices: [] });
    // It drew nothing, so it holds nothing: a restart before its release would adopt it at its worst case.
    if (split && split.draws.length === 0) split.amountNanoUsd = 0n;
    return { ...(split && { split }), isLocal, end: () => releaseOne(room, attempt_id, principal) };
  }
  if (!hold && worthTooMuch(room, request, attempted)) {
    return invalid('the bound of this attempt is worth more than an account may hold');
  }
  const split = drawn && drawn.slices.length > 0 ? splitOf(room, request, attempted, drawn) : undefined;
  const hasHold = hold !== undefined || split !== undefined;
  return {
    ...(split && { split }),
    isLocal,
    end: async () => {
      if (!hasHold) await holdAfterwards(room, request, attempted);
      return end === 'lost' ? loseOne(room, attempt_id) : { attempt_id, outcome: 'open' };
    },
  };
}

function billReport(
  room: Room,
  request: SettlementRequest,
  hold: HoldRecord | undefined,
  attempted: Attempted,
  drawn: Drawn | undefined,
): Reported {
  const holdNanoUsd = drawn ? worstCaseOf(room, request, attempted.admittedAt, drawn) : 0n;
  const bill = billFor(room, attempted, hold ?? (drawn && setAside(drawn, holdNanoUsd)), request);
  if (isRefusal(bill)) {
    return { result: { attempt_id: request.attempt_id, outcome: 'invalid', detail: bill.refused.detail } };
  }
  if (drawn) bill.request.split = { draws: drawn.draws, holdNanoUsd };
  return { bill };
}

/** Holds made now may be of a process that is gone and left its journal: nobody hears of it again, and they are swept. */
function expectAgain(room: Room, sessions: readonly string[]): void {
  for (const session of sessions) room.sessions.expect(session, room.clocks.monotonicMs());
}

/** Makes the holds of attempts that were admitted from slices, in one durable step. */
async function splitAll(
  room: Room,
  reported: readonly Reported[],
  settlements: readonly SettlementRequest[],
): Promise<void> {
  const splits = reported.flatMap((each, index) =>
    'split' in each && each.split
      ? [{ ...each, split: each.split, isOver: settlements[index]!.end === 'released' }]
      : [],
  );
  if (splits.length === 0) return;
  expectAgain(
    room,
    splits.map(({ split }) => split.session),
  );
  const outcomes = await room.ledger.splitMany(
    splits.map(({ split }) => split),
    room.clock.now(),
  );
  const late: HoldRecord[] = [];
  for (const [index, { outcome, hold }] of outcomes.entries()) {
    const { split, isLocal, isOver } = splits[index]!;
    if (outcome !== 'split' || !isLocal) continue;
    tookFromSlices(room, split.draws, hold);
    if (!isOver) late.push(hold);
  }
  // Budgets may have come into force since the slices were granted.
  await adoptHolds(room.ledger, room.policy, late, room.clock.now());
}

/** What estimates left of attempts that drew from slices: the same budgets see that too. */
async function adoptRemainders(room: Room, bills: readonly Bill[]): Promise<void> {
  const drawn = bills.filter(({ request }) => request.split && request.remainderNanoUsd > 0n);
  if (drawn.length === 0) return;
  const holds = await room.ledger.holds(drawn.map(({ request }) => request.attemptId));
  const open = holds.filter((hold) => hold !== undefined && hold.remainderNanoUsd > 0n) as HoldRecord[];
  await adoptHolds(room.ledger, room.policy, open, room.clock.now());
}

async function releaseOne(room: Room, attempt_id: string, principal: Principal): Promise<SettlementResult> {
  const released = await release(room, attempt_id, principal);
  if (isRefusal(released)) return { attempt_id, outcome: 'invalid', detail: released.refused.detail };
  return { attempt_id, outcome: released.outcome === 'conflict' ? 'conflict' : 'released' };
}

/** Sent and never answered. */
async function loseOne(room: Room, attempt_id: string): Promise<SettlementResult> {
  await room.ledger.lose({ attemptIds: [attempt_id] }, 'sent and never answered', room.clock.now());
  room.shares.give(attempt_id);
  void room.waiting.wake();
  return { attempt_id, outcome: 'lost' };
}

function worthTooMuch(room: Room, request: SettlementRequest, { admittedAt }: Attempted): boolean {
  const bound = request.bound && boundFromWire(request.bound);
  if (!bound || boundProblem(bound)) return false;
  return boundOf(room.policy.catalogue.card(request.provider, request.model, admittedAt), bound) >= MAX_NANO_USD;
}

/** It went out and drew from nothing that is known: no cap was asked, and none can refuse it now. */
async function holdAfterwards(room: Room, request: SettlementRequest, attempted: Attempted): Promise<void> {
  const said = boundFromWire(request.bound ?? { input_tokens: 0 });
  const bound = boundProblem(said) ? { inputTokens: 0, outputTokens: 0 } : said;
  const { provider, model } = attempted;
  expectAgain(room, [attempted.session]);
  // The ledger stamps it as admitted now: in another window than that, its cost would be posted in both.
  const now = room.clock.now();
  const plan = planAttempt(room.policy, room.standing, { ...attempted, provider, model, bound }, now);
  const card = room.policy.catalogue.card(provider, model, attempted.admittedAt);
  await room.ledger.reserveMany(
    [
      {
        ...attempted,
        digest: request.draws ? DIGEST : 'unreserved',
        amountNanoUsd: boundOf(card, bound),
        demands: plan.demands.map((demand) => ({ ...demand, capNanoUsd: MAX_NANO_USD - 1n })),
        expiresAt: now + room.policy.config.maxCallDurationMs,
      },
    ],
    now,
  );
}

/** Closes of slices of other tokens, and of slices that nobody knows, close nothing. */
async function closeAll(room: Room, closes: readonly SliceClose[], principal: Principal): Promise<void> {
  if (closes.length === 0) return;
  const slices = await slicesOf(room, [], closes);
  const own = closes.flatMap(({ slice: id, drawn }) => {
    const slice = slices.get(id);
    if (!slice || isForeign(room, slice.session, principal)) return [];
    // More than was granted cannot have been drawn.
    return [{ slice: id, drawnNanoUsd: lesser(BigInt(drawn), slice.grantedNanoUsd) }];
  });
  if (own.length === 0) return;
  await room.ledger.closeSlices(own, room.clock.now());
  for (const { slice, drawnNanoUsd } of own) room.leases.close(slice, drawnNanoUsd);
  void room.waiting.wake();
}

function resultOf(attempt_id: string, outcome: SettleOutcome): SettlementResult {
  if (outcome.outcome === 'conflict') return { attempt_id, outcome: 'conflict', detail: outcome.reason };
  return { attempt_id, outcome: outcome.outcome, cost: outcome.settlement.costNanoUsd.toString() };
}
