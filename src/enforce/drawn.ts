/**
 * Attempts that a session admitted from slices. What they drew says which accounts they are booked on and when they were
 * admitted; the hold that each of them would have had is made when the server first hears of it.
 */
import type { Draw } from '../domain/lease.ts';
import { MAX_NANO_USD, type NanoUsd } from '../domain/money.ts';
import type { EpochMs } from '../domain/time.ts';
import type { SplitRequest } from '../ledger/ledger.ts';
import { boundOf, boundProblem } from '../pricing/bound.ts';
import { boundFromWire } from '../protocol/usage.ts';
import type { SettlementRequest, SliceClose } from '../protocol/wire.ts';
import type { Attempted, SetAside } from './bill.ts';
import { lesser, type Slice, sliceOf } from './leases.ts';
import type { Room } from './room.ts';

export const DIGEST = 'from slices';

/** An attempt's draws, and those of the slices that anybody knows. */
export interface Drawn {
  draws: readonly Draw[];
  slices: readonly Slice[];
}

/** The slices that a batch names, also those that have ended. */
export async function slicesOf(
  room: Room,
  settlements: readonly SettlementRequest[],
  closes: readonly SliceClose[],
): Promise<ReadonlyMap<string, Slice>> {
  const ids = new Set<string>();
  for (const { draws = [] } of settlements) for (const { slice } of draws) ids.add(slice);
  for (const { slice } of closes) ids.add(slice);
  const slices = new Map<string, Slice>();
  const others: string[] = [];
  for (const id of ids) {
    const slice = room.leases.get(id);
    if (slice) slices.set(id, slice);
    else others.push(id);
  }
  if (others.length === 0) return slices;
  for (const hold of await room.ledger.holds(others)) {
    const slice = hold && sliceOf(hold, 0);
    if (slice) slices.set(slice.id, slice);
  }
  return slices;
}

/** Undefined for an attempt that was not admitted by its session. */
export function drawnBy(request: SettlementRequest, known: ReadonlyMap<string, Slice>): Drawn | undefined {
  if (!request.draws) return undefined;
  const draws = request.draws.map(({ slice, amount }) => ({ slice, amountNanoUsd: BigInt(amount) }));
  return { draws, slices: draws.flatMap(({ slice }) => known.get(slice) ?? []) };
}

/** Within the lives of its slices, whatever the client's clock says, so in their windows; never after now. */
export function admittedWithin({ slices }: Drawn, said: EpochMs, now: EpochMs): EpochMs {
  let [from, until] = [0, now];
  for (const { grantedAt, validUntil, demand } of slices) {
    from = Math.max(from, grantedAt);
    until = Math.min(until, validUntil, demand.window.end - 1);
  }
  return Math.min(Math.max(said, from), until);
}

/** What its hold would have been. */
export function setAside({ draws, slices }: Drawn, amountNanoUsd: NanoUsd): SetAside {
  const demands = slices.map(({ id, demand }) => ({ ...demand, amountNanoUsd: drawnFrom(draws, id) }));
  return { amountNanoUsd, demands };
}

/** The worst case of an attempt: as the bound that it says is priced here, else the most that it drew. */
export function worstCaseOf(room: Room, request: SettlementRequest, at: EpochMs, drawn?: Drawn): NanoUsd {
  const bound = request.bound && boundFromWire(request.bound);
  if (!bound || boundProblem(bound)) {
    let most = 0n;
    for (const { id, grantedNanoUsd } of drawn?.slices ?? []) {
      const drew = lesser(drawnFrom(drawn!.draws, id), grantedNanoUsd);
      if (drew > most) most = drew;
    }
    return most;
  }
  const worst = boundOf(room.policy.catalogue.card(request.provider, request.model, at), bound);
  return worst < MAX_NANO_USD ? worst : MAX_NANO_USD - 1n;
}

export function splitOf(room: Room, request: SettlementRequest, attempted: Attempted, drawn: Drawn): SplitRequest {
  return {
    ...attempted,
    digest: DIGEST,
    amountNanoUsd: worstCaseOf(room, request, attempted.admittedAt, drawn),
    expiresAt: room.clock.now() + room.policy.config.maxCallDurationMs,
    draws: drawn.draws,
  };
}

function drawnFrom(draws: readonly Draw[], id: string): NanoUsd {
  return draws.reduce((sum, { slice, amountNanoUsd }) => (slice === id ? sum + amountNanoUsd : sum), 0n);
}
