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

type Remainder = Pick<Hold<unknown>, 'remainderNanoUsd' | 'remainders' | 'remainderSince'>;

/**
 * What stays unresolved after an estimate, never more than the settlement leaves of the hold. What was forgiven stays so:
 * others may have it.
 */
export function remainderOf(hold: Hold<unknown>, op: SettleOp<unknown, unknown>, booking: Booking): Remainder {
  const remainderNanoUsd = atMost(op.remainderNanoUsd, positive(hold.amountNanoUsd - op.costNanoUsd));
  if (remainderNanoUsd === 0n) return { remainderNanoUsd };
  const remainders = hold.demands.map((demand) => {
    if (demand.expected && hold.forgivenAt !== undefined) return 0n;
    const posted = booking.postings.find((posting) => sameAccount(posting, demand))?.amountNanoUsd ?? 0n;
    return atMost(remainderNanoUsd, positive(demand.amountNanoUsd - posted));
  });
  return { remainderNanoUsd, remainders, remainderSince: booking.bookedAt };
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
