/** The end of a run: faults stop, everything is told, the operator closes what nobody knows, and the books are compared. */
import { costOf } from './attempt.ts';
import { OPERATOR } from './server.ts';
import type { World } from './world.ts';

export async function finish(world: World): Promise<void> {
  const { time, faults, trace, truth, judge } = world;
  trace.note('THE END', 'begins');
  for (const client of world.clients) client.stop();
  await faults.end();
  world.startClient();
  world.clients.at(-1)?.stop();
  for (let wait = 0; wait < 600 && !isDrained(world); wait += 1) {
    world.claimFiles();
    await time.pause(1_000);
  }
  if (!isDrained(world)) {
    const waiting = world.clients.flatMap(({ name, open }) => [name, ...open.keys()]);
    world.fail(`the clients do not come to an end: ${waiting.join(' ')}`, waiting);
  }
  for (const client of world.clients) await client.exit();
  // Sessions that ended without a word fall silent, and calls that nobody tells of run out of time.
  await time.pause(40_000);
  await judge.check();
  const holds = await truth.openHolds();
  for (const { attemptId, session, state } of holds) {
    if (state.state === 'held') world.fail(`${attemptId} is still held, and ${session} is gone`, [attemptId, session]);
  }
  compare(world, new Set(holds.map(({ attemptId }) => attemptId)));
  await closeAll(world);
  await world.verify();
}

function isDrained(world: World): boolean {
  return world.files.length === 0 && world.clients.every(({ isIdle }) => isIdle);
}

/** Promise 2, exactly: what was told is booked to the nano-dollar, and what was not is known by name. */
function compare({ provider, judge, fail }: World, open: ReadonlySet<string>): void {
  let untold = 0n;
  for (const attempt of provider.attempts.values()) {
    const { id, told, isOrphan, isClosed, isUnreserved, draws, bookings, bookedNanoUsd } = attempt;
    const cost = costOf(attempt).all;
    // What was rejected costs nothing: then a release says the same as a settlement.
    const isBookable = (told === 'measured' || told === 'estimated') && (cost > 0n || bookings > 0);
    if (isBookable && !isOrphan && bookings !== 1)
      fail(`${id} was told as ${told}, and booked ${bookings} times`, [id]);
    if (!isBookable && bookedNanoUsd > 0n && !isOrphan) fail(`${id} was told as ${told}, and booked`, [id]);
    const isLost = told === 'lost' && cost > 0n && bookings === 0 && !isOrphan && !isUnreserved && !draws;
    if (isLost && !isClosed && !open.has(id)) fail(`${id} was lost, and is not unresolved`, [id]);
    untold += cost - bookedNanoUsd;
  }
  const { settledNanoUsd } = judge;
  if (settledNanoUsd + untold !== provider.billedNanoUsd) {
    fail(`settled ${settledNanoUsd} + not told ${untold} is not what was billed: ${provider.billedNanoUsd}`);
  }
}

/** An operator closes everything that is unresolved: then nothing is held anywhere. */
async function closeAll(world: World): Promise<void> {
  world.isClosing = true;
  const { enforcer } = world.server;
  for (const { attemptId } of await world.truth.openHolds()) {
    await enforcer?.writeOff(attemptId, 'closed at the end', OPERATOR);
  }
  for (const { attemptId } of await world.truth.openHolds()) world.fail(`${attemptId} cannot be closed`, [attemptId]);
  let spent = 0n;
  for (const { instance, heldNanoUsd, unresolvedNanoUsd, spentNanoUsd } of await world.truth.accounts(0)) {
    if (heldNanoUsd !== 0n || unresolvedNanoUsd !== 0n) world.fail(`${instance} still has money set aside`, [instance]);
    spent += spentNanoUsd;
  }
  world.trace.note('THE END', 'reached', `${spent}`);
}
