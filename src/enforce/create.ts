/** Puts the room together: state rebuilt from the ledger, one object that does what `Enforcer` says, one sweep a second. */
import type { Config } from '../config/config.ts';
import type { Attribution } from '../domain/attribution.ts';
import { crossings } from '../domain/evaluate.ts';
import { parseAccount } from '../domain/instance.ts';
import { windowAt } from '../domain/window.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { createCatalogue } from '../pricing/catalogue.ts';
import { reserve } from './admission.ts';
import { Asking } from './asking.ts';
import { RecentCards } from './cards.ts';
import { type Clocks, LedgerClock } from './clock.ts';
import type { Enforcer, Happening, Readiness } from './enforcer.ts';
import { Gate } from './gate.ts';
import { LedgerHealth } from './health.ts';
import { Filling } from './history.ts';
import { createPolicy, type Policy } from './policy.ts';
import { type Room, tellAll } from './room.ts';
import { endSession, expectSessions, heartbeat, openSession, sweepSessions } from './session-life.ts';
import { Sessions } from './sessions.ts';
import { release, settle, settleMany, writeOff } from './settlements.ts';
import { Shares } from './shares.ts';
import { Standing } from './standing.ts';
import { budgetViews, oldestSince } from './views.ts';
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
  const health = new LedgerHealth();
  const ledger = health.watch(options.ledger);
  const listeners = new Set<(happening: Happening) => void>();
  const room: Room = {
    ledger,
    health,
    clocks,
    clock: new LedgerClock(clocks, await ledger.latestTime()),
    policy: policyOf(options.config),
    sessions: new Sessions(),
    standing: new Standing(),
    waiting: new WaitingRoom(),
    shares: new Shares(),
    cards: new RecentCards(),
    gate: new Gate(),
    asking: new Asking(),
    untold: new Map(),
    closing: false,
    emit: (happening) => {
      for (const listener of listeners) listener(happening);
    },
  };
  await takeUp(room, room.policy, 'start', await Filling.of(ledger, room.policy));
  await expectSessions(room);

  const { gate } = room;
  const reloads = new Gate();
  const sweep = (): Promise<void> => gate.pass(() => sweepRoom(room));
  const timer = sweepEveryMs > 0 ? setInterval(() => void sweep().catch(onError), sweepEveryMs) : undefined;
  timer?.unref();
  return {
    readiness: () => readiness(room),
    openSession: (request, principal) => gate.pass(() => openSession(room, request, principal)),
    heartbeat: async (session, request, principal) => heartbeat(room, session, request, principal),
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
      clearInterval(timer);
      await room.waiting.wake();
      await gate.alone(async () => {});
    },
    sweep,
  };
}

function policyOf(config: Config): Policy {
  return createPolicy(config, createCatalogue({ contracts: config.prices, ceiling: config.ceiling }));
}

/** History is read while attempts go on; alone is only what came meanwhile, and the swap. */
async function reload(room: Room, config: Config, by: string): Promise<void> {
  const policy = policyOf(config);
  const filling = await Filling.of(room.ledger, policy, room.policy);
  await filling.catchUp(room.clock.now());
  await room.gate.alone(async () => {
    await takeUp(room, policy, by, filling);
    room.policy = policy;
    void room.waiting.wake();
  });
}

/** Fills new budgets from history, then rebuilds what this process knows from what the ledger says. */
async function takeUp(room: Room, policy: Policy, by: string, filling: Filling): Promise<void> {
  const { ledger, standing } = room;
  const now = room.clock.now();
  await filling.catchUp(now);
  await filling.adopt(now);
  await ledger.recordRevision({ hash: `config:${policy.config.hash}`, at: now, by });
  const accounts = await ledger.accounts(oldestSince(policy, now));
  for (const { instance: account } of accounts) meetAgain(policy, account);
  const since = oldestSince(policy, now);
  // Of a rolling window an event stays in force as long as its threshold is crossed, past the event's own window.
  const [balances, events] = [await ledger.accounts(since), await ledger.liveEvents(since - (now - since))];
  await filling.mark(now, by);
  standing.load(balances, events);
  await tellCrossings(room, policy);
}

/** An instance with a balance exists, whoever asks for it next. */
function meetAgain(policy: Policy, account: string): void {
  const parsed = parseAccount(account);
  const budget = policy.config.budgets.find(({ name }) => name === parsed?.budget);
  const isWhole = (labels: Attribution) => budget?.per.every((dimension) => labels[dimension] !== undefined);
  if (parsed && budget && isWhole(parsed.labels)) policy.meet(budget, parsed.labels);
}

/** What was crossed while nobody looked: by a crash between booking and telling, or by a new threshold. */
async function tellCrossings(room: Room, policy: Policy): Promise<void> {
  const now = room.clock.now();
  const events = [...policy.instances()].flatMap((instance) => {
    const spentNanoUsd = room.standing.spent(instance, now);
    const already = room.standing.already(instance, now, spentNanoUsd);
    return crossings({ instance, window: windowAt(instance.window, now), spentNanoUsd, already, at: now });
  });
  await tellAll(room, events);
}

/** What time alone changes, and what failed before. */
async function sweepRoom(room: Room): Promise<void> {
  await room.health.probe(room.ledger, room.clock.now());
  await tellAll(room, []);
  await sweepSessions(room);
  // A window may have ended, which makes room and which nobody else tells.
  void room.waiting.wake();
}

function readiness(room: Room): Readiness {
  const reasons: string[] = [];
  if (room.closing) reasons.push('the server is shutting down');
  const clock = room.clock.problem();
  if (clock) reasons.push(clock);
  const ledger = room.health.problem();
  if (ledger) reasons.push(ledger);
  return { ready: reasons.length === 0, reasons };
}
