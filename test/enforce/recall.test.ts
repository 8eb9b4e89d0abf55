/** What ends slices and routes before their time: others who wait, thresholds, a new config, and the death of either side. */
import { describe, expect, it } from 'vitest';
import { amounts, beat, closed, local, nano, routeOf, settled, slice, slotsOf, tell } from './leasing.ts';
import { ask, attempt, configOf, NOBODY, spend, standing, used, type World, worldOf } from './world.ts';

const CAP = 'budgets: [{ name: cap, owner: team, window: month, limit: 1, soft: [50%, 90%], hard: block }]\n';

describe('who waits', () => {
  it('goes before slices: those in the way are recalled with every answer, and none is granted meanwhile', async () => {
    const world = await worldOf(`limits: { max_wait: 60s }\n${CAP}`);
    await world.enforcer.openSession({ session: 's2', attribution: {} }, NOBODY);
    const [slot] = await slotsOf(world, { session: 's2' });
    const [own] = await slotsOf(world);
    const one = (await slice(world, slot!, 200_000, 's2'))!;
    expect((await beat(world, [], { session: 's2' })).recall).toBeUndefined();

    const waiting = ask(world, attempt(900_000));
    await settled();
    expect(world.enforcer.waitingCount?.()).toBe(1);
    for (let answer = 0; answer < 2; answer += 1) {
      expect((await beat(world, [], { session: 's2' })).recall).toEqual({ close: [slot] });
      const told = await tell(world, [local('settled', 1_000, [one], used(1_000), { session: 's2' })]);
      expect(told.recall).toEqual({ close: [slot] });
    }
    const wishes = [{ slot: slot!, amount: 1_000 }];
    expect((await beat(world, wishes, { session: 's2' })).slices).toBeUndefined();
    expect((await beat(world, [{ slot: own!, amount: 1_000 }])).slices).toBeUndefined();

    const answer = await tell(world, [], [closed(one, 2_000, 's2')]);
    expect(await waiting).toBe('allow');
    expect(answer.recall).toBeUndefined();
    expect((await beat(world, [], { session: 's2' })).recall).toBeUndefined();
    expect(await standing(world, 'cap')).toEqual(['cap 2000/900000/0 ok']);
  });

  it('for another account recalls nothing', async () => {
    const world = await worldOf(
      'limits: { max_wait: 60s }\nbudgets: [{ name: cap, owner: team, per: [team], window: month, limit: 1, hard: block }]\n',
    );
    const [slot] = await slotsOf(world, { attribution: { team: 'a' } });
    await slice(world, slot!, 100_000);
    await ask(world, attempt(600_000, { attribution: { team: 'b' } }));
    const leaving = new AbortController();
    const request = attempt(600_000, { attribution: { team: 'b' } });
    const waiting = world.enforcer.reserve(request, NOBODY, { signal: leaving.signal, onWait: () => {} });
    await settled();
    expect((await beat(world, [{ slot: slot!, amount: 1_000 }])).slices).toHaveLength(1);
    expect((await beat(world)).recall).toBeUndefined();
    leaving.abort();
    await waiting;
  });
});

describe('a threshold', () => {
  const ACTING =
    'budgets: [{ name: cap, owner: team, window: month, limit: 1, thresholds: [{ at: 50% }, { at: 80%, action: downgrade, models: { "round*": round-small } }, { at: 100%, action: block }] }]\n';

  it('that is crossed ends the routes over its slot, which is never granted from again', async () => {
    const world = await worldOf(ACTING);
    for (const amount of [500_000, 300_000]) {
      const [slot] = await slotsOf(world);
      const one = (await slice(world, slot!, 10_000))!;
      await spend(world, amount);
      // A lost answer is not the end of it.
      for (let time = 0; time < 2; time += 1) expect((await beat(world)).recall).toEqual({ forget: [slot] });
      expect((await beat(world, [{ slot: slot!, amount: 1_000 }])).slices).toBeUndefined();
      await tell(world, [], [closed(one, 0)]);
    }
  });

  it('of a budget without a cap, that begins to downgrade, ends the routes of the attempts that it is about', async () => {
    const world = await worldOf(
      'budgets:\n' +
        '  - { name: cap, owner: team, window: month, limit: 9, hard: block }\n' +
        '  - { name: own, owner: team, per: [team], window: month, limit: 9, hard: block }\n' +
        '  - { name: soft, owner: team, per: [team], window: month, limit: 1, thresholds: [{ at: 50%, action: downgrade, max_output_tokens: 9 }] }\n',
    );
    const [all, ofA] = await slotsOf(world, { attribution: { team: 'a' } });
    const [, ofB] = await slotsOf(world, { attribution: { team: 'b' } });
    await spend(world, 500_000, { attribution: { team: 'a' } });
    expect((await beat(world)).recall).toEqual({ forget: [ofA] });
    expect(
      (
        await beat(
          world,
          [all!, ofB!].map((slot) => ({ slot, amount: 1_000 })),
        )
      ).slices,
    ).toHaveLength(2);
    expect(await routeOf(world, { attribution: { team: 'a' } })).toBeUndefined();
  });
});

describe('a slot', () => {
  it('that nobody uses is forgotten, and whoever comes with it later has to ask again', async () => {
    const world = await worldOf(CAP);
    const [slot] = await slotsOf(world);
    for (let time = 0; time < 8; time += 1) {
      world.pass(10_000);
      await beat(world);
      await world.enforcer.sweep();
    }
    expect(await beat(world, [{ slot: slot!, amount: 1_000 }])).toMatchObject({ recall: { forget: [slot] } });
  });

  it('is one of four thousand for a session: the one that was not used for longest goes', async () => {
    const world = await worldOf(
      'budgets: [{ name: cap, owner: team, per: [customer], window: month, limit: 1, hard: block, max_instances: 10000 }]\n',
    );
    const of = async (customer: number) => (await slotsOf(world, { attribution: { customer: `c${customer}` } }))[0]!;
    const first = await of(0);
    const second = await of(1);
    for (let customer = 2; customer < 4_096; customer += 1) await of(customer);
    expect((await beat(world, [{ slot: first, amount: 1_000 }])).slices).toHaveLength(1);
    await of(4_096);
    expect((await beat(world)).recall).toEqual({ forget: [second] });
  });
});

describe('a reload under live slices', () => {
  const SOFT = CAP.replace(', hard: block', '');

  it.each([
    [
      'a budget is new',
      CAP,
      `${CAP.trimEnd().slice(0, -1)}, { name: new, owner: team, window: day, limit: 1, hard: block }]\n`,
    ],
    ['a budget has another window', CAP, CAP.replace('month', 'day')],
    ['a budget counts other attempts', CAP, CAP.replace('window', 'match: { provider: [openai] }, window')],
    ['a budget begins to act', SOFT, CAP],
  ])('waits until nothing is out where %s', async (_, before, after) => {
    const world = await worldOf(before);
    const slots = await slotsOf(world);
    const one = slots[0] === undefined ? undefined : await slice(world, slots[0], 100_000);
    const reloading = world.enforcer.reload(configOf(after), 'test');
    await settled();
    expect(world.enforcer.config().budgets).toEqual(configOf(before).budgets);
    const reply = await beat(
      world,
      slots.map((slot) => ({ slot, amount: 1_000 })),
    );
    expect(reply.recall?.all).toBe(true);
    expect(reply.slices).toBeUndefined();
    expect(await routeOf(world)).toBeUndefined();
    expect(await ask(world, attempt(10_000))).toBe('allow');

    const open = local('open', 40_000, one ? [one] : []);
    expect(await tell(world, [open])).toMatchObject({ results: [{ outcome: 'open' }], recall: { all: true } });
    if (one) {
      await tell(world, [], [closed(one, 40_000)]);
    } else {
      // Sessions that were told that nothing acts go by it for longer than slices are valid.
      world.pass(10_000);
      await world.enforcer.sweep();
    }
    await reloading;
    // Both attempts in flight count for what is new.
    const [budget] = world.enforcer.config().budgets.slice(-1);
    expect(await standing(world, budget!.name)).toContainEqual(expect.stringContaining('0/50000/0'));
    expect((await beat(world)).recall?.all).toBeUndefined();
    expect((await slotsOf(world)).length).toBeGreaterThan(0);
  });

  it('waits no longer than a slice is valid for a session that says nothing', async () => {
    const world = await worldOf(CAP);
    await slice(world, (await slotsOf(world))[0]!, 100_000);
    let isOver = false;
    const reloading = world.enforcer.reload(configOf(CAP.replace('month', 'day')), 'test').then(() => (isOver = true));
    world.pass(4_900);
    // A wall clock that is put forward ends nothing.
    world.step(60_000);
    await world.enforcer.sweep();
    await settled();
    expect(isOver).toBe(false);
    world.pass(100);
    await world.enforcer.sweep();
    await reloading;
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/0 ok']);
  });

  it.each([
    ['lowers a limit', CAP.replace('limit: 1', 'limit: 0.5')],
    ['raises a limit', CAP.replace('limit: 1', 'limit: 2')],
    ['has another threshold', CAP.replace('50%', '60%')],
    ['takes a budget out', 'budgets: []\n'],
    ['changes nothing', CAP],
  ])('that %s does not wait, and tells routes anew', async (_, after) => {
    const world = await worldOf(CAP);
    const [slot] = await slotsOf(world);
    const one = (await slice(world, slot!, 200_000))!;
    await world.enforcer.reload(configOf(after), 'test');
    expect((await beat(world, [{ slot: slot!, amount: 1_000 }])).recall).toEqual({ forget: [slot] });
    await tell(world, [local('settled', 90_000, [one])], [closed(one, 90_000)]);
    const [account] = await world.ledger.accounts(0);
    expect(account).toMatchObject({ spentNanoUsd: 90_000_000n, heldNanoUsd: 0n });
  });

  it('that lowers a limit below what is out grants nothing more until there is room', async () => {
    const world = await worldOf(CAP);
    const one = (await slice(world, (await slotsOf(world))[0]!, 200_000))!;
    await world.enforcer.reload(configOf(`limits: { max_wait: 0s }\n${CAP.replace('limit: 1', 'limit: 0.1')}`), 'test');
    expect(await ask(world, attempt(1))).toBe('contended');
    await tell(world, [], [closed(one, 20_000)]);
    // What was drawn is still held as leased: a quarter is for all of it.
    expect(amounts([(await slice(world, (await slotsOf(world))[0]!, 50_000))!])).toEqual([5_000]);
  });

  it('that fails lets slices be granted again under the old config', async () => {
    const world = await worldOf(CAP);
    const [slot] = await slotsOf(world);
    const one = (await slice(world, slot!, 100_000))!;
    const reloading = world.enforcer.reload(configOf(CAP.replace('month', 'day')), 'test');
    reloading.catch(() => {});
    await settled();
    const adopt = world.ledger.adopt;
    world.ledger.adopt = () => Promise.reject(new Error('no'));
    await tell(world, [local('open', 1_000, [one])], [closed(one, 1_000)]);
    await expect(reloading).rejects.toThrow('no');
    world.ledger.adopt = adopt;
    expect((await beat(world, [{ slot: slot!, amount: 1_000 }])).slices).toHaveLength(1);
  });
});

describe('a session with slices', () => {
  it.each([
    ['ends', async (world: World) => void (await world.enforcer.endSession('s1', NOBODY))],
    [
      'falls silent',
      async (world: World) => {
        world.pass(30_000);
        await world.enforcer.sweep();
      },
    ],
  ])('that %s leaves unresolved what nobody told of; its journal settles it later', async (_, end) => {
    const world = await worldOf(CAP);
    const [slot] = await slotsOf(world);
    const one = (await slice(world, slot!, 100_000))!;
    const other = (await slice(world, slot!, 50_000))!;
    await tell(world, [local('settled', 10_000, [one])], [closed(other, 20_000)]);
    await end(world);
    expect(await standing(world, 'cap')).toEqual(['cap 10000/0/110000 ok']);

    await world.enforcer.openSession({ session: 's2', attribution: {} }, NOBODY);
    const late = [local('settled', 30_000, [one]), local('settled', 20_000, [other])];
    expect((await tell(world, late)).results).toMatchObject([{ outcome: 'settled' }, { outcome: 'settled' }]);
    expect(await standing(world, 'cap')).toEqual(['cap 60000/0/60000 ok']);
    await tell(world, [], [closed(one, 40_000)]);
    expect(await standing(world, 'cap')).toEqual(['cap 60000/0/0 ok']);
    const { items } = await world.ledger.settlements({ limit: 10 });
    expect(items.map(({ unknownHold, overageNanoUsd }) => [unknownHold, overageNanoUsd])).toEqual(
      items.map(() => [false, 0n]),
    );
  });

  it('is not spoken for by another token', async () => {
    const world = await worldOf(
      `tokens: [{ name: a, role: client, secret_env: A }, { name: b, role: client, secret_env: B }]\n${CAP}`,
    );
    const [a, b] = world.enforcer.config().tokens.map((token) => ({ name: token.name, token }));
    await world.enforcer.openSession({ session: 'sa', attribution: {} }, a!);
    await world.enforcer.openSession({ session: 'sb', attribution: {} }, b!);
    const [slot] = await slotsOf(world, { session: 'sa' }, a!);
    const { slices } = await beat(world, [{ slot: slot!, amount: 100_000 }], { session: 'sa', principal: a! });
    const one = slices![0]!;
    const theft = local('settled', 10_000, [one], used(10_000), { session: 'sb' });
    expect(await tell(world, [theft], [closed(one, 0, 'sb')], b!)).toMatchObject({ results: [{ outcome: 'invalid' }] });
    // Nor does it hear what is said to its owner.
    await spend(world, 500_000);
    expect(await tell(world, [], [closed(one, 0, 'sa')], b!)).toEqual({ results: [] });
    expect((await beat(world, [], { session: 'sa', principal: a! })).recall).toEqual({ forget: [slot] });
    expect(await standing(world, 'cap')).toEqual(['cap 500000/100000/0 soft']);
  });
});

describe('a server that starts again', () => {
  it('knows the slices that are out; their session goes on, and asks for new routes', async () => {
    const world = await worldOf(CAP);
    const [slot] = await slotsOf(world);
    const one = (await slice(world, slot!, 200_000))!;
    const again = await world.restart();
    expect(again.enforcer.leased?.()).toEqual(new Map([['cap', 200_000_000n]]));
    const reply = await beat(again, [{ slot: slot!, amount: 200_000 }]);
    expect(reply).toMatchObject({ recall: { forget: [slot] } });
    const fresh = await slotsOf(again);
    expect(amounts([(await slice(again, fresh[0]!, 200_000))!])).toEqual([50_000]);
    await tell(again, [local('settled', 60_000, [one])], [closed(one, 60_000)]);
    expect(await standing(again, 'cap')).toEqual(['cap 60000/50000/0 ok']);
  });

  it('with a new budget decides nothing until what is out from before is over', async () => {
    const world = await worldOf(CAP);
    const one = (await slice(world, (await slotsOf(world))[0]!, 200_000))!;
    const after = `limits: { max_wait: 0s }\n${CAP.trimEnd().slice(0, -1)}, { name: new, owner: team, window: day, limit: 1, hard: block }]\n`;
    const again = await world.restart(after);
    expect(again.enforcer.readiness()).toMatchObject({
      ready: false,
      reasons: [expect.stringContaining('new budget')],
    });
    await expect(ask(again, attempt(1))).rejects.toMatchObject({ name: 'NotReady' });
    expect((await beat(again)).recall).toEqual({ all: true });
    await tell(again, [local('open', 70_000, [one])], [closed(one, 70_000)]);
    // Nobody knows of routes without a slot.
    again.pass(4_999);
    await again.enforcer.sweep();
    expect(again.enforcer.readiness().ready).toBe(false);
    again.pass(1);
    await again.enforcer.sweep();
    expect(again.enforcer.readiness().ready).toBe(true);
    expect(await standing(again, 'new')).toEqual(['new 0/70000/0 ok']);
    expect(await ask(again, attempt(930_001))).toBe('contended');
    // The next start has nothing to wait for.
    await slice(again, (await slotsOf(again))[0]!, 1_000);
    expect((await again.restart(after)).enforcer.readiness().ready).toBe(true);
  });
});

describe('attempts in flight', () => {
  const PER =
    'budgets: [{ name: cap, owner: team, per: [customer], window: month, limit: 1, max_instances: 2, soft: [50%] }]\n';

  it.each([
    ['acts since the restart', PER],
    ['acted before, though its instances are told apart otherwise now', PER.replace(' }]', ', hard: block }]')],
  ])('count for a budget that %s, each once, on one instance', async (_, before) => {
    let world = await worldOf(before);
    await spend(world, 10, { attribution: { customer: 'z' } });
    for (const customer of ['a', 'b', 'c', 'c']) await ask(world, attempt(1_000, { attribution: { customer } }));
    for (let start = 0; start < 3; start += 1) {
      world = await world.restart(PER.replace(' }]', ', hard: block }]'));
      const held = (await world.ledger.accounts(0)).map(({ heldNanoUsd }) => heldNanoUsd);
      expect(held.reduce((sum, each) => sum + each, 0n)).toBe(4_000_000n);
    }
    expect((await world.ledger.verify()).problems).toEqual([]);
  });
});

describe('a session for many', () => {
  it('holds slices for three hundred customers under six budgets, all out of one heartbeat', async () => {
    const world = await worldOf(
      'budgets:\n' +
        '  - { name: all, owner: team, window: month, limit: 100, hard: block }\n' +
        '  - { name: day, owner: team, window: day, limit: 50, hard: block }\n' +
        '  - { name: rolling, owner: team, window: { rolling: 1h }, limit: 50, hard: block }\n' +
        '  - { name: service, owner: team, per: [service], window: month, limit: 80, hard: block }\n' +
        '  - { name: model, owner: team, per: [model], window: month, limit: 80, hard: block }\n' +
        '  - { name: customer, owner: team, per: [customer], window: day, limit: 1, hard: block, max_instances: 1000 }\n',
    );
    const routes = new Map<string, string[]>();
    for (let customer = 0; customer < 300; customer += 1) {
      const name = `c${customer}`;
      routes.set(name, await slotsOf(world, { attribution: { customer: name } }));
    }
    const slots = [...new Set([...routes.values()].flat())];
    expect(slots).toHaveLength(305);
    const wishes = slots.map((slot, index) => ({ slot, amount: 10_000, slice: `slice of ${index}` }));
    const { slices = [] } = await beat(world, wishes);
    expect(slices).toHaveLength(305);
    const named = new Map(slots.map((slot, index) => [slot, `slice of ${index}`]));
    const settlements = [...routes].map(([customer, of]) => {
      const draws = of.map((slot) => named.get(slot)!);
      return local('settled', 30, draws, used(20), { attribution: { customer } });
    });
    const { results } = await tell(world, settlements);
    expect(results.every(({ outcome, cost }) => outcome === 'settled' && cost === nano(20))).toBe(true);
    expect(await standing(world, 'all')).toEqual(['all 6000/1000/0 ok']);
    expect((await standing(world, 'customer'))[7]).toMatch(/ 20\/9970\/0 ok$/);
    expect((await world.ledger.verify()).problems).toEqual([]);
  });

  it('asks for each attempt of customers that call now and then, whose headroom is less than four of them', async () => {
    const world = await worldOf(
      'budgets: [{ name: cap, owner: team, per: [customer], window: day, limit: 0.001, hard: block, max_instances: 5000 }]\n',
    );
    const wishes: { slot: string; amount: number; atLeast: number }[] = [];
    for (let customer = 0; customer < 2_000; customer += 1) {
      const [slot] = await slotsOf(world, { attribution: { customer: `c${customer}` } });
      wishes.push({ slot: slot!, amount: 2_000, atLeast: customer % 2 === 0 ? 251 : 250 });
    }
    const { slices = [] } = await beat(world, wishes);
    expect(amounts(slices)).toEqual(new Array(1_000).fill(250));
  });
});
