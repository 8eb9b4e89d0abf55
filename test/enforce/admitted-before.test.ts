import { describe, expect, it } from 'vitest';
import { beat, local, slice, slotsOf } from './leasing.ts';
import { ask, attempt, configOf, ended, report, spend, standing, used, type World, worldOf } from './world.ts';

describe('what was admitted under another config', () => {
  const PER =
    'budgets: [{ name: cap, owner: team, per: [customer], window: day, limit: 1, max_instances: 1, hard: block }]\n';
  const OTHER = { attribution: { customer: 'c' } };

  it.each([
    [
      'a reload',
      async (world: World) => {
        await world.enforcer.reload(configOf(PER.replace('max_instances: 1', 'max_instances: 9')), 'test');
        return world;
      },
    ],
    [
      'a start in the next window',
      (world: World) => {
        world.pass(24 * 3_600_000);
        return world.restart();
      },
    ],
  ])('is booked on one instance of its budget, though they are told apart otherwise since %s', async (_, change) => {
    const before = await worldOf(PER);
    await spend(before, 10, { attribution: { customer: 'z' } });
    const held = attempt(1_000, OTHER);
    await ask(before, held);
    const one = (await slice(before, (await slotsOf(before, OTHER))[0]!, 1_000))!;
    const world = await change(before);
    const drawn = local('settled', 300, [one], used(300), OTHER);
    expect(await report(world, [ended(held, 'settled', used(500)), drawn])).toMatchObject([
      { outcome: 'settled' },
      { outcome: 'settled' },
    ]);
    const spent = (await world.ledger.accounts(0)).map(({ spentNanoUsd }) => Number(spentNanoUsd) / 1_000);
    expect(spent).toEqual([10, 800]);
  });

  it('is booked though its token may not say any more who it was for', async () => {
    const world = await worldOf('budgets: [{ name: cap, owner: team, window: day, limit: 1, hard: block }]\n');
    const token = { name: 't', role: 'client', secret: { env: 'T' }, pins: {} } as const;
    const before = { name: 't', token: { ...token, mayAssert: ['customer' as const] } };
    const after = { name: 't', token: { ...token, mayAssert: ['team' as const] } };
    const said = { session: 's2', attribution: { customer: 'c' } };
    await world.enforcer.openSession({ session: 's2', attribution: {} }, before);
    const held = attempt(1_000, said);
    await ask(world, held, before);
    const [slot] = await slotsOf(world, said, before);
    const [one] = (await beat(world, [{ slot: slot!, amount: 1_000 }], { session: 's2', principal: before })).slices!;
    const drawn = local('settled', 300, [one!], used(300), said);
    const unknown = local('settled', 100, [], used(100), said);
    const told = await report(world, [ended(held, 'settled', used(500)), drawn, unknown], after);
    expect(told.map(({ outcome }) => outcome)).toEqual(['settled', 'settled', 'invalid']);
    expect(await standing(world, 'cap')).toEqual(['cap 800/700/0 ok']);
  });
});
