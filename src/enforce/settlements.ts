/** Ends of single attempts, settled or released, and what operators close. */
import type { NanoUsd } from '../domain/money.ts';
import type { Receipt } from '../domain/receipt.ts';
import type { HoldRecord, ReleaseOutcome } from '../ledger/ledger.ts';
import type { SettlementBody } from '../protocol/wire.ts';
import { type Attempted, attemptedOfHold, type Bill, billOf, type SetAside } from './bill.ts';
import type { Principal, Refusal } from './enforcer.ts';
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
  if (outcome!.outcome !== 'conflict') return outcome!;
  // As it is now: it may have been given up since it was read, or this came a second time.
  const [{ state } = hold] = await room.ledger.holds([attemptId]);
  if (state.state === 'settled' && state.costNanoUsd === 0n) return { outcome: 'already_released' };
  if (state.state !== 'unresolved') return outcome!;
  // It was given up as lost, but its owner says that it never cost anything: that is a settlement of $0.
  const bill = billOf(room.policy, attemptedOfHold(hold), hold, {
    usage: NO_USAGE,
    measured: true,
    status: 'rejected',
  });
  const [settled] = await book(room, [bill]);
  return { outcome: settled?.outcome === 'conflict' ? 'conflict' : 'released' };
}

const NO_USAGE = { input_tokens: 0, output_tokens: 0 };

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
  if (isForeign(room, hold.session, principal)) {
    return refuse(403, 'foreign-session', `attempt "${attemptId}" belongs to another token`);
  }
  if (hold.slice) return refuse(409, 'attempt-conflict', `"${attemptId}" is a slice, not an attempt; close it instead`);
  return hold;
}

export function isForeign(room: Room, session: string, principal: Principal): boolean {
  const owner = room.sessions.get(session)?.principal;
  return owner !== undefined && owner !== principal.name && principal.token?.role !== 'admin';
}

export function billFor(
  room: Room,
  attempted: Attempted,
  hold: SetAside | undefined,
  body: SettlementBody,
): Bill | Refusal {
  try {
    return billOf(room.policy, attempted, hold, body);
  } catch (error) {
    if (error instanceof RangeError) return refuse(422, 'impossible-usage', error.message);
    throw error;
  }
}
