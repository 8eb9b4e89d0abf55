/** What the judge looks at from time to time, because it takes all accounts and all open holds to see it. */
import type { AccountBalance, HoldRecord } from '../../src/ledger/ledger.ts';
import { boundOf, costOf, type TrueAttempt } from './attempt.ts';
import { keysOf, totalOf } from './caps.ts';
import { oldestStart, windowStart } from './plan.ts';
import type { World } from './world.ts';

/** Silence after which a session's holds are nobody's, and time for the sweep that says so. */
const ORPHANED_AFTER_MS = 32_000;

/** Promise 3: a sweep has gone through, so whoever was silent for long holds nothing. */
export async function findOrphans(world: World, sweptAt: number): Promise<void> {
  const { judge } = world;
  if (sweptAt - judge.upSince < ORPHANED_AFTER_MS) return;
  for (const { attemptId, session, state } of await judge.ledger.openHolds()) {
    if (state.state !== 'held' || !judge.dead.has(session)) continue;
    const silentMs = sweptAt - Math.max(judge.heard.get(session) ?? 0, judge.heldAfterwards.get(attemptId) ?? 0);
    if (silentMs <= ORPHANED_AFTER_MS) continue;
    world.fail(`${attemptId} is held, and ${session} has been dead for ${silentMs} ms`, [attemptId, session]);
  }
}

/** Caps in the ledger, and that everything billed is in its books. */
export async function audit(world: World): Promise<void> {
  const { ledger, unbooked, splitOff } = world.judge;
  const [accounts, holds, now] = await Promise.all([ledger.accounts(0), ledger.openHolds(), ledger.latestTime()]);
  underCaps(world, accounts, now);
  const open = new Map(holds.map((hold) => [hold.attemptId, hold]));
  for (const attempt of unbooked) {
    const { id, draws, isUnreserved, isClosed } = attempt;
    if (isUnreserved || isClosed) continue;
    if (draws && !splitOff.has(id)) isInSlices(world, attempt, open);
    else if (!open.has(id)) world.fail(`${id} was billed, and is neither held, unresolved nor settled`, [id]);
  }
  compareSums(world, holds);
}

function underCaps({ judge, fail }: World, accounts: readonly AccountBalance[], now: number): void {
  for (const budget of judge.caps.certain?.budgets ?? []) {
    const start = windowStart(budget, now);
    for (const key of keysOf(accounts, budget)) {
      const cap = judge.caps.allowed(budget, key);
      if (cap === undefined) continue;
      const total = totalOf(accounts, budget, key, start, start);
      const { bookedAboveNanoUsd } = judge.tallies.sum(key, oldestStart(budget, start), start);
      if (total <= cap + bookedAboveNanoUsd) continue;
      fail(`${key} has ${total} of ${cap} in the ledger, and ${bookedAboveNanoUsd} of overage`, [key]);
    }
  }
}

/** What attempts drew and nobody has told of yet is in the slices still. */
function isInSlices({ judge, fail }: World, attempt: TrueAttempt, open: ReadonlyMap<string, HoldRecord>): void {
  for (const { id, instance, drawers } of judge.slices.of(attempt)) {
    // What is unresolved there is freed after a time: excluded by name from promise 1.
    if (judge.caps.isExpected(instance)) continue;
    let drawn = 0n;
    for (const drawer of drawers) {
      if (drawer.bookings > 0 || judge.splitOff.has(drawer.id) || !drawer.bill) continue;
      for (const { slice, amountNanoUsd } of drawer.draws ?? []) if (slice === id) drawn += amountNanoUsd;
    }
    const left = open.get(id)?.amountNanoUsd ?? 0n;
    if (drawn <= left) continue;
    const message = `${attempt.id} and others drew ${drawn} from ${id} and are billed; it holds ${left} of ${instance}`;
    fail(message, [attempt.id, id, instance]);
  }
}

/** Promise 2: settled ≤ billed ≤ settled + held and unresolved + what is not told and was never held. */
function compareSums({ judge, provider, fail }: World, holds: readonly HoldRecord[]): void {
  let open = 0n;
  for (const { state, amountNanoUsd, remainderNanoUsd } of holds) {
    open += state.state === 'settled' ? remainderNanoUsd : amountNanoUsd;
  }
  let elsewhere = judge.unseenNanoUsd;
  for (const attempt of judge.unbooked) elsewhere += beyondHold(attempt, judge.splitOff.has(attempt.id));
  const { settledNanoUsd } = judge;
  const billed = provider.billedNanoUsd;
  const sum = `${settledNanoUsd} settled, ${open} held or unresolved, ${elsewhere} elsewhere`;
  if (settledNanoUsd > billed) fail(`more was settled than the provider billed (${billed}): ${sum}`);
  if (billed > settledNanoUsd + open + elsewhere)
    fail(`the provider billed more (${billed}) than is in the books: ${sum}`);
}

/** By how much an attempt's bill is above what was set aside for it. */
function beyondHold(attempt: TrueAttempt, isSplit: boolean): bigint {
  const cost = costOf(attempt).all;
  let held = boundOf(attempt).all;
  if (attempt.isUnreserved || attempt.isClosed) held = 0n;
  else if (attempt.draws && !isSplit) held = attempt.draws.reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0n);
  return cost > held ? cost - held : 0n;
}
