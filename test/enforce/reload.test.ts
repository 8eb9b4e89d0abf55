import { describe, expect, it } from 'vitest';
import { ask, attempt, configOf, NOBODY, START, spend, standing, used, worldOf } from './world.ts';

const CAP = 'budgets: [{ name: cap, owner: team, window: month, limit: 1, hard: block }]\n';

describe('a reload', () => {
  it('keeps live holds, and their settlement posts to the accounts frozen at admission', async () => {
    const world = await worldOf(CAP);
    const request = attempt(100_000);
    await ask(world, request);
    await world.enforcer.reload(configOf(CAP.replace('limit: 1', 'limit: 2')), 'test');
    expect(await standing(world, 'cap')).toEqual(['cap 0/100000/0 ok']);
    await world.enforcer.settle(request.attempt_id, used(90_000), NOBODY);
    expect(await standing(world, 'cap')).toEqual(['cap 90000/0/0 ok']);
  });

  it('starts a new budget from its window’s history', async () => {
    const world = await worldOf(CAP);
    await spend(world, 300_000, { attribution: { team: 'a' } });
    await spend(world, 200_000, { attribution: { team: 'b' } });
    const more = '  - { name: teams, owner: team, per: [team], window: month, limit: 1, soft: [25%], hard: block }\n';
    await world.enforcer.reload(configOf(`${CAP.replace(/\[(.*)\]\n/, '\n  - $1\n')}${more}`), 'test');
    expect(await standing(world, 'teams')).toEqual(['teams{team=a} 300000/0/0 soft', 'teams{team=b} 200000/0/0 ok']);
    const { items } = await world.enforcer.alerts({ limit: 10 });
    expect(items.map(({ instance }) => instance)).toEqual(['teams{team=a}']);
    expect((await world.ledger.verify()).problems).toEqual([]);
  });

  it.each([
    { how: 'written off by an operator', holds: '' },
    { how: 'forgiven where the new budget holds what it expects', holds: 'holds: { expected: p99 }, ' },
  ])('shows a new budget what an estimate left unresolved, until it is $how', async ({ holds }) => {
    const world = await worldOf(CAP);
    const request = attempt(100_000);
    await ask(world, request);
    await world.enforcer.settle(request.attempt_id, used(30_000, { measured: false, status: 'aborted' }), NOBODY);
    const more = `  - { name: more, owner: team, window: month, ${holds}limit: 0.5, hard: block }\n`;
    const both = configOf(`${CAP.replace(/\[(.*)\]\n/, '\n  - $1\n')}${more}`);
    await world.enforcer.reload(both, 'test');
    expect(await standing(world, 'more')).toEqual(['more 30000/0/70000 ok']);
    expect(await standing(world, 'cap')).toEqual(['cap 30000/0/70000 ok']);
    await world.enforcer.reload(both, 'test');
    expect(await standing(world, 'more')).toEqual(['more 30000/0/70000 ok']);
    expect(await ask(world, attempt(400_001))).toBe('exhausted');
    if (holds === '') await world.enforcer.writeOff(request.attempt_id, 'checked with the provider', NOBODY);
    else {
      world.pass(both.maxCallDurationMs + 1);
      await world.enforcer.sweep();
    }
    expect(await standing(world, 'more')).toEqual(['more 30000/0/0 ok']);
    expect(await standing(world, 'cap')).toEqual([holds === '' ? 'cap 30000/0/0 ok' : 'cap 30000/0/70000 ok']);
    expect((await world.ledger.verify()).problems).toEqual([]);
  });

  it('starts a changed or renamed budget from history as well, never at 0', async () => {
    const world = await worldOf(CAP);
    await spend(world, 300_000, { attribution: { team: 'a' } });
    await spend(world, 200_000, { attribution: { team: 'b' } });
    await world.enforcer.reload(configOf(CAP.replace('owner', 'match: { team: a }, owner')), 'test');
    expect(await standing(world, 'cap')).toEqual(['cap 300000/0/0 ok']);
    await world.enforcer.reload(configOf(CAP.replace('name: cap', 'name: new, renamed_from: cap')), 'test');
    expect(await standing(world, 'new')).toEqual(['new 500000/0/0 ok']);
    await world.enforcer.reload(configOf(CAP), 'test');
    expect(await standing(world, 'cap')).toEqual(['cap 500000/0/0 ok']);
  });

  it('that brings a budget back counts what was spent while it was away', async () => {
    const world = await worldOf(CAP);
    await spend(world, 300_000);
    const away = configOf(CAP.replace('name: cap', 'name: other'));
    for (const spent of [400_000, 500_000]) {
      await world.enforcer.reload(away, 'test');
      await spend(world, 100_000);
      await world.enforcer.reload(configOf(CAP), 'test');
      expect(await standing(world, 'cap')).toEqual([`cap ${spent}/0/0 ok`]);
    }
    await world.enforcer.reload(away, 'test');
    const request = attempt(50_000);
    await ask(world, request);
    const restarted = await (await world.restart(CAP.replace('name: cap', 'name: third'))).restart(CAP);
    expect(await standing(restarted, 'cap')).toEqual(['cap 500000/50000/0 ok']);
    expect((await world.ledger.verify()).problems).toEqual([]);
  });

  it('reads history while attempts go on, and counts what they spend meanwhile', async () => {
    const world = await worldOf(CAP);
    await spend(world, 300_000);
    const reading = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const { settlements } = world.ledger;
    world.ledger.settlements = async (query) => {
      const page = await settlements.call(world.ledger, query);
      reading.resolve();
      await goOn.promise;
      return page;
    };
    const reloading = world.enforcer.reload(configOf(CAP.replace('name: cap', 'name: new')), 'test');
    await reading.promise;
    await spend(world, 100_000);
    expect(await ask(world, attempt(50_000))).toBe('allow');
    goOn.resolve();
    await reloading;
    expect(await standing(world, 'new')).toEqual(['new 400000/50000/0 ok']);
    expect((await world.ledger.verify()).problems).toEqual([]);
  });

  it('leaves out what was spent before the new budget’s window', async () => {
    const world = await worldOf(CAP);
    await spend(world, 300_000);
    world.pass(24 * 3_600_000);
    await world.enforcer.openSession({ session: 's1', attribution: {} }, NOBODY);
    await spend(world, 200_000);
    await world.enforcer.reload(configOf(CAP.replace('month', 'day')), 'test');
    expect(await standing(world, 'cap')).toEqual(['cap 200000/0/0 ok']);
  });

  it('shows calls in flight to a new budget', async () => {
    const world = await worldOf(CAP);
    await ask(world, attempt(400_000));
    await world.enforcer.reload(configOf(CAP.replace('name: cap', 'name: new')), 'test');
    expect(await standing(world, 'new')).toEqual(['new 0/400000/0 ok']);
    expect(await ask(world, attempt(600_000))).toBe('allow');
  });

  it('missed while the server was down happens at its start', async () => {
    const world = await worldOf(CAP);
    await spend(world, 300_000);
    const restarted = await world.restart(CAP.replace('name: cap', 'name: other'));
    expect(await standing(restarted, 'other')).toEqual(['other 300000/0/0 ok']);
  });

  it('fills from history once, not at every start', async () => {
    const world = await worldOf(CAP);
    await spend(world, 300_000);
    let pages = 0;
    const { settlements } = world.ledger;
    world.ledger.settlements = (query) => {
      pages += 1;
      return settlements.call(world.ledger, query);
    };
    await world.restart();
    expect(pages).toBe(0);
  });
});

describe('instances', () => {
  const PER = `budgets:
  - name: per
    owner: team
    per: [customer]
    max_instances: 2
    window: month
    limit: 1
    hard: block
`;
  it('beyond max_instances share one called (other)', async () => {
    const world = await worldOf(PER);
    for (const customer of ['a', 'b', 'c', 'd']) await spend(world, 10, { attribution: { customer } });
    expect(await standing(world, 'per')).toEqual([
      'per{customer=a} 10/0/0 ok',
      'per{customer=b} 10/0/0 ok',
      'per{customer=(other)} 20/0/0 ok',
    ]);
    const restarted = await world.restart();
    expect(await standing(restarted, 'per')).toHaveLength(3);
    await spend(restarted, 10, { attribution: { customer: 'c' } });
    expect((await standing(restarted, 'per')).at(-1)).toBe('per{customer=(other)} 30/0/0 ok');
  });

  it('of a call that does not say the dimension is (unset)', async () => {
    const world = await worldOf(PER);
    await spend(world, 10);
    expect(await standing(world, 'per')).toEqual(['per{customer=(unset)} 10/0/0 ok']);
  });

  it('that an override names exist from the start at 0', async () => {
    const world = await worldOf(`${PER}    overrides: [{ match: { customer: acme }, limit: 5 }]\n`);
    expect(await standing(world, 'per')).toEqual(['per{customer=acme} 0/0/0 ok']);
  });
});

describe('the clock', () => {
  it('stepped back keeps the window and decides on', async () => {
    const world = await worldOf(CAP.replace('month', 'day'));
    await spend(world, 300_000);
    world.step(-24 * 3_600_000);
    await spend(world, 300_000);
    expect(await standing(world, 'cap')).toEqual(['cap 600000/0/0 ok']);
  });

  it('jumped forward makes the server unready until an operator confirms', async () => {
    const world = await worldOf(CAP.replace('month', 'day'));
    await spend(world, 300_000);
    world.step(24 * 3_600_000);
    const reasons = [expect.stringContaining('jumped forward')];
    expect(world.enforcer.readiness()).toEqual({ ready: false, reasons });
    await expect(ask(world, attempt(1))).rejects.toThrow('jumped forward');
    expect(await standing(world, 'cap')).toEqual(['cap 300000/0/0 ok']);
    expect(await world.enforcer.confirmClock(NOBODY)).toEqual({ now: START + 24 * 3_600_000 });
    expect(world.enforcer.readiness()).toEqual({ ready: true, reasons: [] });
    expect(await ask(world, attempt(1))).toBe('allow');
  });
});
