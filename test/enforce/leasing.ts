/** What a session with a lease does, by hand: it asks for routes and slices, draws from them and tells of it. */
import type { Principal } from '../../src/enforce/enforcer.ts';
import type {
  HeartbeatReply,
  ReservationRequest,
  SettlementBody,
  SettlementRequest,
  SettlementsReply,
  SliceClose,
  WireRoute,
  WireSlice,
} from '../../src/protocol/wire.ts';
import { attempt, ended, NOBODY, used, type World } from './world.ts';

const PATIENT = { signal: new AbortController().signal, onWait: () => {} };

/** The route that comes with an attempt, which costs nothing. */
export async function routeOf(
  world: World,
  more: Partial<ReservationRequest> = {},
  principal: Principal = NOBODY,
): Promise<WireRoute | undefined> {
  const request = attempt(0, { route: true, ...more });
  const answer = await world.enforcer.reserve(request, principal, PATIENT);
  if (!('granted' in answer)) throw new Error(`no route: ${JSON.stringify(answer)}`);
  await world.enforcer.release(request.attempt_id, principal);
  return answer.granted.route;
}

export async function slotsOf(world: World, more: Partial<ReservationRequest> = {}, principal?: Principal) {
  return (await routeOf(world, more, principal))!.slots.map(({ slot }) => slot);
}

let beats = 0;
let names = 0;

/** In millionths of a dollar, as everything here. */
export interface Wish {
  slot: string;
  amount: number;
  atLeast?: number;
  slice?: string;
}

export async function beat(
  world: World,
  wishes: readonly Wish[] = [],
  { session = 's1', principal = NOBODY, seq }: { session?: string; principal?: Principal; seq?: number } = {},
): Promise<HeartbeatReply> {
  beats += 1;
  const wants = wishes.map(({ slot, amount, atLeast = 1, slice }) => {
    names += 1;
    return { slice: slice ?? `slice-${names}`, slot, amount: nano(amount), at_least: nano(atLeast) };
  });
  const reply = await world.enforcer.heartbeat(session, { seq: seq ?? beats, wants }, principal);
  if ('refused' in reply) throw new Error(`${reply.refused.status} ${reply.refused.kind}`);
  return reply;
}

/** One slice of this much, or undefined. */
export async function slice(world: World, slot: string, amount: number, session?: string) {
  const { slices = [] } = await beat(world, [{ slot, amount }], session === undefined ? {} : { session });
  return slices[0];
}

/** What came of each wish, in millionths of a dollar; 0 for none. */
export function amounts(slices: readonly WireSlice[] = []): number[] {
  return slices.map(({ amount }) => Number(amount) / 1_000);
}

/** An attempt that was admitted from slices, and what became of it. `tokens`: what it drew from each of them. */
export function local(
  end: SettlementRequest['end'],
  tokens: number,
  slices: readonly (WireSlice | string)[],
  body: SettlementBody = used(tokens),
  more: Partial<SettlementRequest> = {},
): SettlementRequest {
  const draws = slices.map((one) => ({ slice: typeof one === 'string' ? one : one.slice, amount: nano(tokens) }));
  return { ...ended(attempt(tokens), end, body), draws, ...more };
}

export function tell(
  world: World,
  settlements: SettlementRequest[],
  closes: SliceClose[] = [],
  principal: Principal = NOBODY,
): Promise<SettlementsReply> {
  return world.enforcer.settleMany({ settlements, closes }, principal);
}

export function closed(one: WireSlice, drawn: number, session = 's1'): SliceClose {
  return { session, slice: one.slice, drawn: nano(drawn) };
}

export function nano(tokens: number): string {
  return String(BigInt(tokens) * 1_000n);
}

/** Everything that can go on without us has gone on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
