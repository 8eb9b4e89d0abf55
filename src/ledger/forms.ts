/** The forms that a hold takes when an attempt is split off, settled or forgiven, and what a settlement posts. Pure. */
import type { EpochMs } from '../domain/time.ts';
import type { Booking, Hold, Reserved, SettleOp, SplitOp } from './entries.ts';
import { atMost, isLive, positive, sameAccount } from './holds.ts';
import type { AccountDemand, Posting } from './ledger.ts';
import type { Share } from './slices.ts';

/** What a request for an attempt that is known is answered. */
export function replay<D>(hold: Hold<D>, digest: string): Reserved<D> {
  if (isLive(hold) && hold.digest === digest) return { outcome: 'granted', hold, replayed: true };
  return { outcome: 'conflict', hold };
}

type Splitting<D> = Pick<SplitOp<D>, 'attemptId' | 'session' | 'digest' | 'amountNanoUsd' | 'detail'>;

/** Its state is for the caller to say. What slices fell short of is not part of its amount, and so shows as overage. */
export function splitHold<D>(op: Splitting<D>, share: Share<D>, admittedAt: EpochMs): Hold<D> {
  const { attemptId, session, digest, detail } = op;
  return {
    attemptId,
    session,
    digest,
    amountNanoUsd: positive(op.amountNanoUsd - share.shortNanoUsd),
    admittedAt,
    demands: share.demands,
    state: { state: 'held', expiresAt: admittedAt },
    remainderNanoUsd: 0n,
    detail,
  };
}

/** The accounts of a hold are frozen at admission: one that the postings leave out gets the whole cost. */
export function completePostings(
  op: SettleOp<unknown, unknown>,
  demands: readonly AccountDemand[],
): readonly Posting[] {
  const missing = demands.filter((demand) => !op.postings.some((posting) => sameAccount(posting, demand)));
  if (missing.length === 0) return op.postings;
  const added = missing.map(({ instance, window, since, budget }) => {
    return { instance, window, since, budget, amountNanoUsd: op.costNanoUsd };
  });
  return [...op.postings, ...added];
}

/** What a settlement may cost without being above it; nothing any more where the hold was released or written off. */
export function setAsideOf(hold: Hold<unknown>): bigint {
  return isLive(hold) ? hold.amountNanoUsd : 0n;
}

/** One that had ended stays as it ended, and keeps the number of the settlement that came after. */
export function settledOf<D>(hold: Hold<D>, op: SettleOp<D, unknown>, booking: Booking): Hold<D> {
  if (!isLive(hold)) return { ...hold, seq: booking.seq };
  const state = { state: 'settled', costNanoUsd: op.costNanoUsd, estimated: op.estimated } as const;
  return { ...hold, ...remainderOf(hold, op, booking), seq: booking.seq, state };
}

type Remainder = Pick<Hold<unknown>, 'remainderNanoUsd' | 'remainders' | 'remainderSince'>;

/**
 * What stays unresolved after an estimate, never more than the settlement leaves of the hold. What was forgiven stays so:
 * others may have it.
 */
function remainderOf(hold: Hold<unknown>, op: SettleOp<unknown, unknown>, booking: Booking): Remainder {
  const remainderNanoUsd = atMost(op.remainderNanoUsd, positive(hold.amountNanoUsd - op.costNanoUsd));
  if (remainderNanoUsd === 0n) return { remainderNanoUsd };
  const remainders = hold.demands.map((demand) => {
    if (demand.expected && hold.forgivenAt !== undefined) return 0n;
    const posted = booking.postings.find((posting) => sameAccount(posting, demand))?.amountNanoUsd ?? 0n;
    return atMost(remainderNanoUsd, positive(demand.amountNanoUsd - posted));
  });
  return { remainderNanoUsd, remainders, remainderSince: booking.bookedAt };
}

/** With one demand more. Of a settled hold only its remainder is still set aside, so no more of it than that. */
export function adoptedBy<D>(hold: Hold<D>, demand: AccountDemand): Hold<D> {
  const wider = { ...hold, demands: [...hold.demands, demand] };
  if (isLive(hold)) return wider;
  const isForgiven = demand.expected && hold.forgivenAt !== undefined;
  const share = isForgiven ? 0n : atMost(demand.amountNanoUsd, hold.remainderNanoUsd);
  return { ...wider, remainders: [...(hold.remainders ?? []), share] };
}

/** An unresolved hold keeps its demands, so that a late settlement posts in full; a remainder loses its shares. */
export function forgivenOf<D>(hold: Hold<D>, forgivenAt: EpochMs): Hold<D> {
  if (hold.state.state === 'unresolved') return { ...hold, forgivenAt };
  const { remainders = [], remainderSince: _, ...rest } = hold;
  const left = remainders.map((share, index) => (hold.demands[index]!.expected ? 0n : share));
  if (left.every((share) => share === 0n)) return { ...rest, forgivenAt, remainderNanoUsd: 0n };
  return { ...hold, forgivenAt, remainders: left };
}

/** Stands for the hold that a settled attempt never had, so that its attempt id is taken. */
export function standIn<D>(op: SettleOp<D, unknown>): Hold<D> {
  const { attemptId, session, detail, admittedAt, costNanoUsd, estimated } = op;
  const state = { state: 'settled', costNanoUsd, estimated } as const;
  const none = { digest: '', amountNanoUsd: 0n, demands: [], remainderNanoUsd: 0n };
  return { attemptId, session, detail, admittedAt, ...none, state };
}
