import { describe, expect, it } from 'vitest';
import { beat, closed, local, routeOf, settled, slice, slotsOf, tell } from './leasing.ts';
import { ask, attempt, configOf, ended, NOBODY, standing, type World, worldOf } from './world.ts';

const CALL = { attribution: { team: 'a', workflow: 'batch' } };

describe('a cap that comes into force', () => {
  it.each([
    [
      'where the budget only downgraded before',
      'budgets: [{ name: b, owner: team, window: month, limit: 100, thresholds: [{ at: 90%, action: downgrade, max_output_tokens: 5 }] }]',
      'budgets: [{ name: b, owner: team, window: month, limit: 100, thresholds: [{ at: 90%, action: downgrade, max_output_tokens: 5 }], hard: block }]',
    ],
    [
      'where the budget stopped only other calls before',
      'budgets: [{ name: b, owner: team, window: month, limit: 100, thresholds: [{ at: 80%, when: { workflow: other }, action: pause }] }]',
      'budgets: [{ name: b, owner: team, window: month, limit: 100, thresholds: [{ at: 80%, when: { workflow: [other, batch] }, action: pause }] }]',
    ],
    [
      'for one team, where another was stopped before',
      'budgets: [{ name: b, owner: team, per: [team], window: month, limit: 100, overrides: [{ match: { team: x }, hard: { action: block } }] }]',
      'budgets: [{ name: b, owner: team, per: [team], window: month, limit: 100, overrides: [{ match: { team: x }, hard: { action: block } }, { match: { team: a }, hard: { action: block } }] }]',
    ],
    [
      'for some calls of a new budget',
      'budgets: []',
      'budgets: [{ name: b, owner: team, window: month, limit: 100, thresholds: [{ at: 80%, when: { workflow: batch }, action: pause }] }]',
    ],
  ])('%s sees what is in flight', async (_, before, after) => {
    const world = await worldOf(`${before}\n`);
    expect(await ask(world, attempt(40_000, CALL))).toBe('allow');
    const reloading = world.enforcer.reload(configOf(`${after}\n`), 'test');
    await settled();
    world.pass(10_000);
    await world.enforcer.sweep();
    await reloading;
    expect((await standing(world, 'b')).join()).toContain('0/40000/0');
  });

  it('sees attempts admitted from slices that are told of when it is in force already', async () => {
    const CAP = 'budgets: [{ name: cap, owner: team, window: month, limit: 1, hard: block }]\n';
    const world = await worldOf(CAP);
    const one = (await slice(world, (await slotsOf(world))[0]!, 100_000))!;
    const after = configOf(CAP.replace('}]', '}, { name: b, owner: team, window: day, limit: 1, hard: block }]'));
    const reloading = world.enforcer.reload(after, 'test');
    await settled();
    await tell(world, [], [closed(one, 40_000)]);
    await reloading;
    await tell(world, [local('open', 40_000, [one])]);
    expect(await standing(world, 'cap')).toEqual(['cap 0/40000/0 ok']);
    expect(await standing(world, 'b')).toEqual(['b 0/40000/0 ok']);
  });

  it('at a start waits for routes without slots that the server before it gave', async () => {
    const world = await worldOf('budgets: [{ name: b, owner: team, window: month, limit: 1 }]\n');
    expect((await routeOf(world))!.slots).toEqual([]);
    world.pass(100);
    const again = await world.restart('budgets: [{ name: b, owner: team, window: month, limit: 1, hard: block }]\n');
    expect(again.enforcer.readiness().ready).toBe(false);
    expect((await beat(again)).recall?.all).toBe(true);
    await tell(again, [local('open', 40_000, [])]);
    again.pass(9_999);
    await again.enforcer.sweep();
    expect(again.enforcer.readiness().ready).toBe(false);
    again.pass(1);
    await again.enforcer.sweep();
    expect(again.enforcer.readiness().ready).toBe(true);
    expect(await standing(again, 'b')).toEqual(['b 0/40000/0 ok']);
  });
});

describe('the first budget that acts', () => {
  const SOFT = 'budgets: [{ name: b, owner: team, window: month, limit: 1 }]\n';
  const HARD = configOf(SOFT.replace('limit: 1', 'limit: 1, hard: block'));
  const open = (world: World) => world.enforcer.openSession({ session: 's1', attribution: {} }, NOBODY);

  it('waits for the sessions that were told that none acts, and counts what they have under way', async () => {
    const world = await worldOf(SOFT);
    expect(await open(world)).toMatchObject({ rules: { admission: 'none' } });
    world.pass(8_000);
    await beat(world);
    let isOver = false;
    const reloading = world.enforcer.reload(HARD, 'test').then(() => (isOver = true));
    await settled();
    world.pass(8_000);
    expect((await beat(world)).recall).toEqual({ all: true });
    expect(await open(world)).toMatchObject({ rules: { admission: 'server' } });
    await tell(world, [ended(attempt(40_000), 'open')]);
    world.pass(1_999);
    await world.enforcer.sweep();
    await settled();
    expect(isOver).toBe(false);
    world.pass(1);
    await world.enforcer.sweep();
    await reloading;
    expect(await standing(world, 'b')).toEqual(['b 0/40000/0 ok']);
  });

  it('waits for no session that has ended', async () => {
    const world = await worldOf(SOFT);
    const reloading = world.enforcer.reload(HARD, 'test');
    await settled();
    await world.enforcer.endSession('s1', NOBODY);
    await reloading;
    expect(world.enforcer.config()).toBe(HARD);
  });
});
