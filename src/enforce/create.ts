/** Puts the room together: state rebuilt from the ledger, one object that does what `Enforcer` says, one sweep a second. */
import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { reserve } from './admission.ts';
import { Asking } from './asking.ts';
import { settleMany } from './batch.ts';
import { RecentCards } from './cards.ts';
import { finishStart, policyOf, reload, start } from './change.ts';
import { type Clocks, LedgerClock } from './clock.ts';
import type { Enforcer, Happening, Readiness } from './enforcer.ts';
import { forgive } from './forgive.ts';
import { Gate } from './gate.ts';
import { LedgerHealth } from './health.ts';
import { Learned } from './learned.ts';
import { Leases } from './leases.ts';
import { type Room, tellAll } from './room.ts';
import { endSession, expectSessions, heartbeat, openSession, sweepSessions } from './session-life.ts';
import { Sessions } from './sessions.ts';
import { release, settle, writeOff } from './settlements.ts';
import { Shares } from './shares.ts';
import { Slots } from './slots.ts';
import { Standing } from './standing.ts';
import { Turns } from './turns.ts';
import { budgetViews } from './views.ts';
import { WaitingRoom } from './waiting.ts';

export interface EnforcerOptions {
  config: Config;
  ledger: Ledger;
  clocks?: Clocks;
  /** How often silent sessions and expired holds are looked for. 0: only when `sweep` is called. */
  sweepEveryMs?: number;
  /** A background step failed; the next sweep tries again. */
  onError?: (error: unknown) => void;
}

/** The system's clocks. */
export const SYSTEM_CLOCKS: Clocks = { wall: () => Date.now(), monotonicMs: () => performance.now() };

/** Errors: `LedgerUnavailable` when the ledger cannot be read or filled. */
export async function createEnforcer(options: EnforcerOptions): Promise<Enforcer & { sweep(): Promise<void> }> {
  const { clocks = SYSTEM_CLOCKS, sweepEveryMs = 1_000, onError = () => {} } = options;
  const health = new LedgerHealth(() => clocks.monotonicMs());
  const ledger = health.watch(options.ledger);
  const listeners = new Set<(happening: Happening) => void>();
  const clock = new LedgerClock(clocks, await ledger.latestTime());
  const shares = new Shares();
  const room: Room = {
    ledger,
    health,
    clocks,
    clock,
    policy: policyOf(options.config),
    sessions: new Sessions(),
    standing: new Standing(),
    waiting: new WaitingRoom(),
    shares,
    // Not by ledger time, which stands still after a clock was put back: two lives would name two slots alike.
    slots: new Slots(randomUUID()),
    leases: new Leases(shares),
    learned: new Learned(),
    cards: new RecentCards(),
    gate: new Gate(),
    asking: new Asking(),
    batches: new Turns(),
    untold: new Map(),
    closing: false,
    emit: (happening) => {
      for (const listener of listeners) listener(happening);
    },
  };
  await expectSessions(room);
  await start(room);

  const { gate } = room;
  const reloads = new Gate();
  const sweep = async (): Promise<void> => {
    room.leases.look(clocks.monotonicMs());
    await gate.pass(() => sweepRoom(room));
    await finishStart(room);
  };
  // One at a time: with a disk that hangs they would pile up.
  let sweeping: Promise<void> | undefined;
  const sweepAlone = (): void => {
    sweeping ??= sweep()
      .catch(onError)
      .finally(() => (sweeping = undefined));
  };
  const timer = sweepEveryMs > 0 ? setInterval(sweepAlone, sweepEveryMs) : undefined;
  timer?.unref();
  return {
    readiness: () => readiness(room),
    openSession: (request, principal) => gate.pass(() => openSession(room, request, principal)),
    heartbeat: (session, request, principal) => heartbeat(room, session, request, principal),
    endSession: (session, principal) => gate.pass(() => endSession(room, session, principal)),
    // It passes the gate by itself, try by try: who waits in line must not hold up a reload.
    reserve: (request, principal, patience) => reserve(room, request, principal, patience),
    settle: (attemptId, body, principal) => gate.pass(() => settle(room, attemptId, body, principal)),
    settleMany: (requests, principal) => gate.pass(() => settleMany(room, requests, principal)),
    release: (attemptId, principal) => gate.pass(() => release(room, attemptId, principal)),
    writeOff: (attemptId, reason, principal) => gate.pass(() => writeOff(room, attemptId, reason, principal)),
    budgets: () => budgetViews(room),
    sessionCount: () => room.sessions.size,
    waitingCount: () => room.waiting.size,
    leased: () => room.leases.byBudget(),
    usage: (query) => ledger.usage(query),
    alerts: (query) => ledger.events(query),
    unresolved: async () => (await ledger.openHolds()).filter(({ state }) => state.state !== 'held'),
    confirmClock: async () => ({ now: room.clock.confirm() }),
    reload: (config, by) => reloads.alone(() => reload(room, config, by)),
    config: () => room.policy.config,
    on: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      room.closing = true;
      room.leases.look(Number.POSITIVE_INFINITY);
      clearInterval(timer);
      await room.waiting.wake();
      await gate.alone(async () => {});
    },
    sweep,
  };
}

/** What time alone changes, and what failed before. */
async function sweepRoom(room: Room): Promise<void> {
  await room.health.probe(room.ledger, room.clock.now());
  await tellAll(room, []);
  await sweepSessions(room);
  await forgive(room);
  // A window may have ended, which makes room and which nobody else tells.
  void room.waiting.wake();
}

function readiness(room: Room): Readiness {
  const reasons: string[] = [];
  if (room.closing) reasons.push('the server is shutting down');
  if (room.starting !== undefined) reasons.push(room.starting);
  const clock = room.clock.problem();
  if (clock) reasons.push(clock);
  const ledger = room.health.problem();
  if (ledger) reasons.push(ledger);
  return { ready: reasons.length === 0, reasons };
}
