/**
 * Slices, granted by the ledger as everything else is. How much is for this room to say (`sliceAmount`); that it is no more
 * than a quarter of the headroom, and inside the cap, the ledger checks in the same step, by a cap that is lower for
 * slices than for attempts.
 */
import { amountAt, isCrossed } from '../domain/evaluate.ts';
import { LEASED_SHARE_BASIS_POINTS, SLICE_VALID_MS, type SliceWish, sliceAmount } from '../domain/lease.ts';
import type { NanoUsd } from '../domain/money.ts';
import type { EpochMs } from '../domain/time.ts';
import { type Balance, LedgerUnavailable, type ReserveRequest } from '../ledger/ledger.ts';
import type { SliceWant, WireSlice } from '../protocol/wire.ts';
import type { Principal } from './enforcer.ts';
import type { Slice } from './leases.ts';
import { accountOf } from './plan.ts';
import type { Room } from './room.ts';
import type { Session } from './sessions.ts';
import type { Slot } from './slots.ts';

/** A slice that ends sooner is not worth its grant. */
const SHORTEST_MS = 100;
/** Slices that one session may have out: many more than it has slots. */
const MOST_PER_SESSION = 16_384;

interface Wanted {
  id: string;
  slot: Slot;
  wish: SliceWish;
  /** The cap, or the next threshold that downgrades. */
  ceilingNanoUsd: NanoUsd;
}

/** Answers those that are granted, now or before. What cannot be granted now is left out, whatever the reason. */
export async function grantSlices(
  room: Room,
  session: Session,
  wants: readonly SliceWant[],
  principal: Principal,
): Promise<WireSlice[]> {
  const now = room.clock.now();
  const granted: WireSlice[] = [];
  const wanted: Wanted[] = [];
  for (const want of new Map(wants.map((each) => [each.slice, each])).values()) {
    const known = room.leases.get(want.slice);
    if (known) granted.push(...againTo(session, known, now));
    else wanted.push(...wantedOf(room, session, want, now));
  }
  if (wanted.length === 0) return granted;
  try {
    const first = await ask(room, session, wanted, principal, () => undefined, now);
    const retry = wanted.filter(({ id }) => first.refused.has(id));
    const second = await ask(room, session, retry, principal, ({ id }) => first.refused.get(id), now);
    return [...granted, ...first.slices, ...second.slices];
  } catch (error) {
    // A process that only says that it lives is heard all the same.
    if (error instanceof LedgerUnavailable) return granted;
    throw error;
  }
}

function mayGrant(room: Room, session: Session): boolean {
  if (room.sessions.live(session.id) !== session) return false;
  if (room.leases.countOf(session.id) >= MOST_PER_SESSION) return false;
  return !room.closing && !room.leases.isRecalling && room.policy.config.leases && !room.clock.problem();
}

/** The reply was lost: what is left of its time. */
function againTo(session: Session, slice: Slice, now: EpochMs): WireSlice[] {
  const validMs = slice.validUntil - now;
  if (slice.session !== session.id || slice.isClosed || validMs < SHORTEST_MS) return [];
  return [{ slice: slice.id, amount: slice.grantedNanoUsd.toString(), valid_ms: validMs }];
}

function wantedOf(room: Room, session: Session, want: SliceWant, now: EpochMs): Wanted[] {
  const slot = room.slots.find(session.id, want.slot, room.clocks.monotonicMs());
  // Who waits in line goes first.
  if (!slot || room.waiting.isWaitedFor(slot.instance.account)) return [];
  const wish = { wantedNanoUsd: BigInt(want.amount), atLeastNanoUsd: BigInt(want.at_least) };
  return [{ id: want.slice, slot, wish, ceilingNanoUsd: ceilingOf(room, slot, now) }];
}

/** Attempts that a threshold would downgrade are not admitted from slices granted beyond it. */
function ceilingOf(room: Room, { instance, capNanoUsd }: Slot, now: EpochMs): NanoUsd {
  const spent = room.standing.spent(instance, now);
  let ceiling = capNanoUsd;
  for (const { action, atBasisPoints } of instance.thresholds) {
    if (action !== 'downgrade' || isCrossed(instance, atBasisPoints, spent)) continue;
    const amount = amountAt(instance.limitNanoUsd, atBasisPoints);
    if (amount < ceiling) ceiling = amount;
  }
  return ceiling;
}

/**
 * `balanceOf`: what the ledger said when it refused; undefined before it was asked, and then what is unresolved and held by
 * attempts is not known yet.
 */
async function ask(
  room: Room,
  session: Session,
  wanted: readonly Wanted[],
  principal: Principal,
  balanceOf: (wanted: Wanted) => Balance | undefined,
  now: EpochMs,
): Promise<{ slices: WireSlice[]; refused: Map<string, Balance> }> {
  const refused = new Map<string, Balance>();
  if (!mayGrant(room, session)) return { slices: [], refused };
  const asked = new Map<string, NanoUsd>();
  const requests: ReserveRequest[] = [];
  for (const each of wanted) {
    const { account } = each.slot.instance;
    const before = asked.get(account) ?? 0n;
    const request = requestFor(room, session, each, principal, balanceOf(each), before, now);
    if (!request) continue;
    requests.push(request);
    asked.set(account, before + request.amountNanoUsd);
  }
  if (requests.length === 0) return { slices: [], refused };
  const pending = [...asked].map(([account, amountNanoUsd]) => ({ account, amountNanoUsd }));
  return room.leases.pend(pending, async () => {
    const slices: WireSlice[] = [];
    const outcomes = await room.ledger.reserveMany(requests, now);
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.outcome === 'exhausted' || outcome.outcome === 'contended') {
        refused.set(requests[index]!.attemptId, outcome.balance);
      }
      if (outcome.outcome !== 'granted') continue;
      const slice = room.leases.add(outcome.hold, room.clocks.monotonicMs());
      if (!slice) continue;
      room.shares.take(outcome.hold, principal.token);
      slices.push(...againTo(session, slice, now));
    }
    return { slices, refused };
  });
}

function requestFor(
  room: Room,
  session: Session,
  { id, slot, wish, ceilingNanoUsd }: Wanted,
  principal: Principal,
  balance: Balance | undefined,
  askedNanoUsd: NanoUsd,
  now: EpochMs,
): ReserveRequest | undefined {
  const { instance } = slot;
  const account = accountOf(instance, now);
  const out = room.leases.leased(instance.account);
  const leased = out + askedNanoUsd;
  const headroom = ceilingNanoUsd - firmOf(balance, out, () => room.standing.spent(instance, now));
  const amountNanoUsd = atMost(
    sliceAmount(wish, headroom, leased),
    room.shares.roomOf(principal.token, instance.account, headroom),
  );
  // The last moment of its window is its own last one: whatever is drawn is booked in that window.
  const validUntil = Math.min(now + SLICE_VALID_MS, account.window.end - 1);
  const isUseful = amountNanoUsd > 0n && amountNanoUsd >= wish.atLeastNanoUsd && validUntil - now >= SHORTEST_MS;
  if (!isUseful) return undefined;
  return {
    attemptId: id,
    slice: { validUntil },
    callId: id,
    session: session.id,
    digest: `slice ${session.id} ${slot.id}`,
    provider: '',
    model: '',
    attribution: { ...session.said, ...instance.labels },
    amountNanoUsd,
    demands: [
      {
        ...account,
        amountNanoUsd,
        capNanoUsd: ceilingNanoUsd - othersShare(leased + amountNanoUsd),
        ...(instance.holds !== 'strict' && { expected: true as const }),
      },
    ],
    expiresAt: validUntil + room.policy.config.maxCallDurationMs,
    reply: slot.id,
  };
}

/** Spent, unresolved and held by single attempts. */
function firmOf(balance: Balance | undefined, leasedNanoUsd: NanoUsd, spent: () => NanoUsd): NanoUsd {
  if (!balance) return spent();
  const ofAttempts = balance.heldNanoUsd - leasedNanoUsd;
  return balance.spentNanoUsd + balance.unresolvedNanoUsd + (ofAttempts > 0n ? ofAttempts : 0n);
}

/**
 * What slices of this much must leave to others. That they are at most a quarter of the headroom, or four times them fits
 * below the ceiling beside all else, is the same as that they fit once below a ceiling lower by three times them.
 */
function othersShare(slicesNanoUsd: NanoUsd): NanoUsd {
  const others = slicesNanoUsd * (10_000n - LEASED_SHARE_BASIS_POINTS);
  return (others + LEASED_SHARE_BASIS_POINTS - 1n) / LEASED_SHARE_BASIS_POINTS;
}

function atMost(amount: NanoUsd, most: NanoUsd | undefined): NanoUsd {
  return most !== undefined && most < amount ? most : amount;
}
