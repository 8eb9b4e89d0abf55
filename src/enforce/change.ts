/**
 * A config comes into force: at the start, or by a reload while attempts go on.
 *
 *   fill new budgets from history ─▶ recall what is leased ─▶ alone: adopt what is in flight, swap ─▶ lease again
 *
 * Attempts that sessions admit by themselves know the old config only. So before a budget begins to act, no slice and no route
 * is given any more, all are recalled, and attempts in flight are reported, so that the new accounts see them; the swap waits
 * until nothing is out. That takes as long as a slice is valid, at the most, or where nothing acted before, as long as a
 * session goes without asking; meanwhile each attempt asks, under the old
 * config. Other changes do not wait: limits and the shares of thresholds belong to the same accounts, and routes are told
 * anew. What is told of only after the swap is adopted then (`batch`).
 */
import type { Config } from '../config/config.ts';
import type { Attribution } from '../domain/attribution.ts';
import { crossings } from '../domain/evaluate.ts';
import { parseAccount } from '../domain/instance.ts';
import { windowAt } from '../domain/window.ts';
import { createCatalogue } from '../pricing/catalogue.ts';
import { NotReady } from './enforcer.ts';
import { Filling } from './history.ts';
import { createPolicy, type Policy } from './policy.ts';
import { relearn } from './relearn.ts';
import { type Room, tellAll } from './room.ts';
import { UNSLOTTED_OUT_MS } from './routes.ts';
import { UNASKED_MS } from './sessions.ts';
import { oldestSince } from './views.ts';

export function policyOf(config: Config): Policy {
  return createPolicy(config, createCatalogue({ contracts: config.prices, ceiling: config.ceiling }));
}

/**
 * Takes up the config that the server starts with. Slices of the server before this one may still be out, and a budget that
 * is new since then does not see what is drawn from them: until they are over, nothing is decided, and `finish` says when.
 */
export async function start(room: Room): Promise<void> {
  await relearn(room.learned, room.policy, room.ledger);
  const filling = await Filling.of(room.ledger, room.policy);
  await expectUnasked(room, filling);
  const isEarly = filling.beginsToAct && room.leases.isOut(room.clocks.monotonicMs());
  await takeUp(room, room.policy, 'start', filling, !isEarly);
  if (!isEarly) return;
  room.leases.isRecalling = true;
  room.starting = 'a new budget waits for what sessions were granted before the start; try again in a few seconds';
}

/**
 * Routes without a slot leave nothing in the ledger, but each was told along with a hold; that nothing acts, sessions are told
 * whenever they are heard.
 */
async function expectUnasked(room: Room, { isFirstToAct }: Filling): Promise<void> {
  if (isFirstToAct) room.leases.tellUnslotted(room.clocks.monotonicMs() + UNASKED_MS);
  const latest = await room.ledger.latestTime();
  const agoMs = room.clock.now() - latest;
  if (latest > 0) room.leases.tellUnslotted(room.clocks.monotonicMs() + UNSLOTTED_OUT_MS - agoMs);
}

/** The rest of a start that could not be finished at once. Errors: `LedgerUnavailable`; it can be tried again. */
export async function finishStart(room: Room): Promise<void> {
  if (room.starting === undefined || room.leases.isOut(room.clocks.monotonicMs())) return;
  await room.gate.alone(async () => {
    await takeUp(room, room.policy, 'start', await Filling.of(room.ledger, room.policy), true);
    room.starting = undefined;
    room.leases.isRecalling = false;
  });
  void room.waiting.wake();
}

/** History is read while attempts go on; alone is only what came meanwhile, and the swap. */
export async function reload(room: Room, config: Config, by: string): Promise<void> {
  const policy = policyOf(config);
  const filling = await Filling.of(room.ledger, policy, room.policy);
  await filling.catchUp(room.clock.now());
  if (room.policy.expects.size === 0) await relearn(room.learned, policy, room.ledger);
  const wasRecalling = room.leases.isRecalling;
  try {
    if (filling.beginsToAct) await recallAll(room);
    await room.gate.alone(async () => {
      await takeUp(room, policy, by, filling, true);
      room.policy = policy;
      room.slots.reset(`${config.hash} ${room.clock.now()}`);
    });
  } finally {
    room.leases.isRecalling = wasRecalling && room.starting !== undefined;
  }
  void room.waiting.wake();
}

async function recallAll(room: Room): Promise<void> {
  room.leases.isRecalling = true;
  await room.leases.whenIn(room.clocks.monotonicMs());
  if (room.closing) throw new NotReady('the server is shutting down; the config is read again at its start');
}

/** Fills new budgets from history, then rebuilds what this process knows from what the ledger says. */
async function takeUp(room: Room, policy: Policy, by: string, filling: Filling, isWhole: boolean): Promise<void> {
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
  if (isWhole) await filling.mark(now, by);
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
