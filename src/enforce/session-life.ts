/**
 * A client process: it opens a session, is heard of, and ends. What it holds when it ends or falls silent for 30 s has
 * no owner any more: it becomes unresolved, visible and counted, until somebody says what became of it.
 */
import type { Attribution } from '../domain/attribution.ts';
import type { LoseSelector } from '../ledger/ledger.ts';
import type { HeartbeatReply, HeartbeatRequest, SessionReply, SessionRequest, WireRules } from '../protocol/wire.ts';
import type { Principal, Refusal } from './enforcer.ts';
import { grantSlices } from './grants.ts';
import { identify } from './identify.ts';
import { recallOf } from './recall.ts';
import { isRefusal, refuse } from './refusal.ts';
import type { Room } from './room.ts';
import { everyCallAsks, rulesOf } from './rules.ts';
import { HEARTBEAT_MS, type Session, UNASKED_MS } from './sessions.ts';
import { oldestSince } from './views.ts';

/** Late settlements still post to windows that ended this long ago. */
const KEEP_AFTER_END_MS = 7 * 24 * 3_600_000;

export async function openSession(
  room: Room,
  request: SessionRequest,
  principal: Principal,
): Promise<SessionReply | Refusal> {
  const known = room.sessions.get(request.session);
  if (known && isForeign(known, principal)) return foreign(request.session);
  const { config } = room.policy;
  const attribution = identify(config, request.attribution, principal.token);
  if (isRefusal(attribution)) return attribution;
  room.sessions.open({
    id: request.session,
    said: request.attribution,
    principal: principal.name,
    ...(known?.seq !== undefined && { seq: known.seq }),
    lastHeardMs: room.clocks.monotonicMs(),
  });
  return {
    session: request.session,
    heartbeat_ms: HEARTBEAT_MS,
    server_time: new Date(room.clock.now()).toISOString(),
    rules: rulesFor(room, request.session, attribution),
    rate_cards: room.cards.recent(room.policy.catalogue.version),
  };
}

export async function heartbeat(
  room: Room,
  id: string,
  request: HeartbeatRequest,
  principal: Principal,
): Promise<HeartbeatReply | Refusal> {
  const session = room.sessions.live(id);
  if (!session) {
    return refuse(404, 'unknown-session', `no session "${id}"; open it again with POST /v1/sessions`);
  }
  if (isForeign(session, principal)) return foreign(id);
  const { seq, wants = [] } = request;
  if (seq !== undefined && session.seq !== undefined && seq <= session.seq) {
    return refuse(
      409,
      'late-heartbeat',
      `heartbeat ${seq} of session "${id}" came after ${session.seq}; it is not read`,
    );
  }
  if (seq !== undefined) session.seq = seq;
  const nowMs = room.clocks.monotonicMs();
  session.lastHeardMs = nowMs;
  const slices = wants.length > 0 ? await room.gate.pass(() => grantSlices(room, session, wants, principal)) : [];
  room.leases.look(nowMs);
  const recall = recallOf(room, [id]);
  const reply: HeartbeatReply = {
    server_time: new Date(room.clock.now()).toISOString(),
    ...(slices.length > 0 && { slices }),
    ...(recall && { recall }),
  };
  const { config, catalogue } = room.policy;
  if (!everyCallAsks(config) && !room.leases.isRecalling) room.leases.tellUnasked(id, nowMs + UNASKED_MS);
  if (request.rules_version === config.hash) return reply;
  const attribution = identify(config, session.said, principal.token);
  if (isRefusal(attribution)) return attribution;
  return { ...reply, rules: rulesFor(room, id, attribution), rate_cards: room.cards.recent(catalogue.version) };
}

/** Before a budget begins to act, nobody is told any more that none does. */
function rulesFor(room: Room, session: string, attribution: Attribution): WireRules {
  const rules = rulesOf(room.policy.config, attribution);
  if (rules.admission === 'server') return rules;
  if (room.leases.isRecalling) return { ...rules, admission: 'server' };
  room.leases.tellUnasked(session, room.clocks.monotonicMs() + UNASKED_MS);
  return rules;
}

export async function endSession(room: Room, id: string, principal: Principal): Promise<{ ended: true } | Refusal> {
  const session = room.sessions.get(id);
  if (!session) return refuse(404, 'unknown-session', `no session "${id}"`);
  if (isForeign(session, principal)) return foreign(id);
  await endAll(room, [session], 'its session ended');
  return { ended: true };
}

/** After a restart: owners of live holds get the usual time to be heard again, and draw from their slices meanwhile. */
export async function expectSessions(room: Room): Promise<void> {
  const nowMs = room.clocks.monotonicMs();
  for (const hold of await room.ledger.openHolds()) {
    if (hold.state.state !== 'held') continue;
    room.sessions.expect(hold.session, nowMs);
    room.leases.add(hold, nowMs);
  }
}

/** What has lost its owner or its time, and windows that are over. */
export async function sweepSessions(room: Room): Promise<void> {
  room.slots.prune(room.clocks.monotonicMs());
  const silent = room.sessions.silent(room.clocks.monotonicMs());
  if (silent.length > 0) await endAll(room, silent, 'its session fell silent');
  if (room.clock.problem() === undefined) {
    await lose(room, { expiredAt: room.clock.now() }, 'it ran longer than max_call_duration');
    room.standing.prune(oldestSince(room.policy, room.clock.now()) - KEEP_AFTER_END_MS);
  }
}

/** From here on nothing is held for them; where giving up fails, the next sweep does it. */
async function endAll(room: Room, sessions: readonly Session[], reason: string): Promise<void> {
  for (const session of sessions) session.ending = true;
  await lose(room, { sessions: sessions.map(({ id }) => id) }, reason);
  for (const session of sessions) {
    room.sessions.end(session);
    if (room.sessions.get(session.id)) continue;
    room.slots.end(session.id);
    room.leases.endUnasked(session.id);
  }
  room.leases.look(room.clocks.monotonicMs());
}

async function lose(room: Room, selector: LoseSelector, reason: string): Promise<void> {
  const lost = await room.ledger.lose(selector, reason, room.clock.now());
  for (const { attemptId } of lost) {
    room.shares.give(attemptId);
    room.leases.remove(attemptId);
  }
  room.leases.look(room.clocks.monotonicMs());
  if (lost.length > 0) void room.waiting.wake();
}

function isForeign(session: Session, principal: Principal): boolean {
  return session.principal !== undefined && session.principal !== principal.name;
}

function foreign(id: string): Refusal {
  return refuse(403, 'foreign-session', `session "${id}" belongs to another token`);
}
