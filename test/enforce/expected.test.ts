import { describe, expect, it } from 'vitest';
import { ask, attempt, NOBODY, spend, standing, used, type World, worldOf } from './world.ts';

/** One dollar a month is a million output tokens. */
const EXPECTED = `
budgets:
  - { name: cap, owner: team, window: month, limit: 100, hard: block, holds: { expected: p99 } }
limits: { max_wait: 0s, max_call_duration: 10m }
`;

/** Calls that may cost `most` and cost a twentieth of it. */
async function accustom(world: World, calls: number, most = 100_000, more: Parameters<typeof attempt>[1] = {}) {
  for (let call = 0; call < calls; call += 1) {
    const request = attempt(most, more);
    await ask(world, request);
    await world.enforcer.settle(request.attempt_id, used(most / 20), NOBODY);
    world.pass(100);
  }
}

/** What the next call of such a worst case would hold, in millionths of a dollar. */
async function heldFor(world: World, most: number, more: Parameters<typeof attempt>[1] = {}): Promise<number> {
  const request = attempt(most, more);
  await ask(world, request);
  const [hold] = await world.ledger.holds([request.attempt_id]);
  await world.enforcer.release(request.attempt_id, NOBODY);
  return Number(hold!.demands[0]!.amountNanoUsd / 1_000n);
}

describe('a budget that holds what it expects', () => {
  it('holds the whole worst case until it knows better, then what 99 in 100 need', async () => {
    const world = await worldOf(EXPECTED);
    await accustom(world, 199);
    expect(await heldFor(world, 100_000)).toBe(100_000);
    await accustom(world, 6);
    const held = await heldFor(world, 100_000);
    expect(held).toBeGreaterThanOrEqual(5_000);
    expect(held).toBeLessThan(5_600);
  });

  it('knows nothing of another workflow, service or model', async () => {
    const world = await worldOf(EXPECTED);
    await accustom(world, 250);
    expect(await heldFor(world, 100_000, { attribution: { workflow: 'batch' } })).toBe(100_000);
    expect(await heldFor(world, 100_000, { attribution: { service: 'other' } })).toBe(100_000);
    expect(await heldFor(world, 100_000, { model: 'round-2' })).toBe(100_000);
    expect(await heldFor(world, 100_000, { attribution: { customer: 'anybody' } })).toBeLessThan(6_000);
  });

  it('does not hold less of an attempt because its bound is tighter', async () => {
    const world = await worldOf(EXPECTED);
    await accustom(world, 250);
    expect(await heldFor(world, 10_000)).toBeGreaterThanOrEqual(5_000);
    expect(await heldFor(world, 1_000)).toBe(1_000);
    expect(await heldFor(world, 1_000_000)).toBeGreaterThanOrEqual(50_000);
  });

  it('learns nothing from calls that failed or were broken off', async () => {
    const world = await worldOf(EXPECTED);
    for (let call = 0; call < 300; call += 1) {
      const request = attempt(100_000);
      await ask(world, request);
      const how = call % 2 === 0 ? { status: 'error' as const } : { measured: false };
      await world.enforcer.settle(request.attempt_id, used(1, how), NOBODY);
      await world.enforcer.writeOff(request.attempt_id, 'a test', { name: 'op' });
    }
    expect(await heldFor(world, 100_000)).toBe(100_000);
  });

  it('admits more at once than a strict one, and may overshoot', async () => {
    const world = await worldOf(EXPECTED.replace('limit: 100', 'limit: 2.5'));
    await accustom(world, 250);
    const running = Array.from({ length: 40 }, () => attempt(100_000));
    for (const request of running) expect(await ask(world, request)).toBe('allow');
    for (const request of running) await world.enforcer.settle(request.attempt_id, used(100_000), NOBODY);
    expect(await standing(world, 'cap')).toEqual(['cap 5250000/0/0 hard']);
  });

  it('stands beside a strict one, which holds all of the same attempt', async () => {
    const strict = '  - { name: strict, owner: team, window: day, limit: 50, hard: block }\n';
    const world = await worldOf(EXPECTED.replace('limits:', `${strict}limits:`));
    await accustom(world, 250);
    const request = attempt(100_000);
    await ask(world, request);
    const [hold] = await world.ledger.holds([request.attempt_id]);
    const [cap, whole] = hold!.demands;
    expect([cap!.expected, whole!.expected]).toEqual([true, undefined]);
    expect(cap!.amountNanoUsd).toBeLessThan(6_000_000n);
    expect([whole!.amountNanoUsd, hold!.amountNanoUsd]).toEqual([100_000_000n, 100_000_000n]);
  });

  it('knows again after a restart what it knew before', async () => {
    const world = await worldOf(EXPECTED);
    await accustom(world, 250);
    const before = await heldFor(world, 100_000);
    const again = await world.restart();
    expect(await heldFor(again, 100_000)).toBe(before);
  });

  it('knows from the ledger when a reload makes it one', async () => {
    const world = await worldOf(EXPECTED.replace(', holds: { expected: p99 }', ''));
    await accustom(world, 250);
    expect(await heldFor(world, 100_000)).toBe(100_000);
    const changed = await world.restart(EXPECTED);
    expect(await heldFor(changed, 100_000)).toBeLessThan(6_000);
  });

  it('holds the whole of an output that was shortened', async () => {
    const world = await worldOf(
      EXPECTED.replace('limit: 100', 'limit: 3').replace('holds:', 'clamp_output: true, holds:'),
    );
    await accustom(world, 250);
    await spend(world, 1_740_000);
    expect(await heldFor(world, 1_000_000)).toBe(10_000);
  });
});

describe('what a lost attempt leaves unresolved', () => {
  it('is freed when it could not be under way any more; in a strict budget it stays', async () => {
    const strict = '  - { name: strict, owner: team, window: month, limit: 50, hard: block }\n';
    const world = await worldOf(EXPECTED.replace('limits:', `${strict}limits:`));
    await ask(world, attempt(100_000));
    await world.enforcer.endSession('s1', NOBODY);
    await world.enforcer.sweep();
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/100000 ok']);
    world.pass(9 * 60_000);
    await world.enforcer.sweep();
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/100000 ok']);
    world.pass(61_000);
    await world.enforcer.sweep();
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/0 ok']);
    expect(await standing(world, 'strict')).toEqual(['strict 0/0/100000 ok']);
  });
});
