import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WireSlice } from '../../src/protocol/wire.ts';
import { amounts, beat, closed, local, nano, routeOf, slice, slotsOf, tell } from './leasing.ts';
import { ask, attempt, ended, NOBODY, START, spend, standing, used, worldOf } from './world.ts';

const CAP = 'budgets: [{ name: cap, owner: team, window: month, limit: 1, soft: [50%, 90%], hard: block }]\n';

describe('a route', () => {
  it('names a slot for each stopping budget that matches, with what counts of it', async () => {
    const world = await worldOf(
      'budgets:\n' +
        '  - { name: all, owner: team, window: month, limit: 1, hard: block }\n' +
        '  - { name: told, owner: team, window: month, limit: 1, soft: [50%] }\n' +
        '  - { name: output, owner: team, window: month, limit: 1, classes: [output], hard: block }\n' +
        '  - { name: search, owner: team, match: { team: search }, window: month, limit: 1, hard: block }\n',
    );
    const route = await routeOf(world);
    expect(route).toMatchObject({ decision: 'allow', slots: [{ slot: expect.any(String) }, { classes: ['output'] }] });
    expect(route?.card).toMatchObject({ provider: 'openai', model: 'round' });
    expect((await routeOf(world, { attribution: { team: 'search' } }))?.slots).toHaveLength(3);
  });

  it('is not told unless it is asked for, nor where the config says no', async () => {
    const world = await worldOf(CAP);
    expect(await routeOf(world, { route: undefined } as never)).toBeUndefined();
    const without = await worldOf(`leases: false\n${CAP}`);
    expect(await routeOf(without)).toBeUndefined();
  });

  it('has no slot and a short life where no budget can stop the attempt', async () => {
    const world = await worldOf('budgets: [{ name: told, owner: team, window: month, limit: 1, soft: [50%] }]\n');
    expect(await routeOf(world)).toMatchObject({ slots: [], decision: 'allow', valid_ms: 2_500 });
  });

  it('says who warns; an attempt that is rewritten gets none', async () => {
    const world = await worldOf(
      'budgets: [{ name: cap, owner: team, window: month, limit: 1, thresholds: [{ at: 50% }, { at: 80%, action: downgrade, max_output_tokens: 5 }, { at: 100%, action: block }] }]\n',
    );
    await spend(world, 500_000);
    expect(await routeOf(world)).toMatchObject({ decision: 'warn', budget: 'cap' });
    await spend(world, 300_000);
    expect(await routeOf(world)).toBeUndefined();
  });

  it('of a conditional cap has a slot of its own', async () => {
    const world = await worldOf(
      'budgets: [{ name: cap, owner: team, window: month, limit: 1, thresholds: [{ at: 60%, when: { workflow: batch }, action: pause }, { at: 100%, action: block }] }]\n',
    );
    const [whole] = await slotsOf(world);
    const [batch] = await slotsOf(world, { attribution: { workflow: 'batch' } });
    expect(batch).not.toBe(whole);
    await spend(world, 500_000);
    const { slices } = await beat(world, [
      { slot: whole!, amount: 100_000 },
      { slot: batch!, amount: 10_000 },
    ]);
    // A quarter of what is left below 60 % is all leased already.
    expect(amounts(slices)).toEqual([100_000]);
    await spend(world, 100_000);
    expect(amounts((await beat(world, [{ slot: batch!, amount: 1 }])).slices)).toEqual([]);
  });
});

describe('a slice', () => {
  it.each([
    ['as much as is wanted', { spent: 0, amount: 100_000 }, [100_000]],
    ['a quarter of the headroom at the most', { spent: 0, amount: 900_000 }, [250_000]],
    ['a quarter of what is left', { spent: 400_000, amount: 900_000 }, [150_000]],
    ['nothing where that is less than one attempt', { spent: 0, amount: 900_000, atLeast: 250_001 }, []],
    ['nothing without headroom', { spent: 1_000_000, amount: 1 }, []],
    ['nothing for nothing', { spent: 0, amount: 0, atLeast: 0 }, []],
  ])('is %s', async (_, { spent, ...wish }, expected) => {
    const world = await worldOf(CAP);
    const [slot] = await slotsOf(world);
    if (spent > 0) await spend(world, spent);
    const [fresh] = spent < 1_000_000 ? await slotsOf(world) : [slot];
    expect(amounts((await beat(world, [{ slot: fresh!, ...wish }])).slices)).toEqual(expected);
  });

  it('leaves a quarter to all slices together, beside what is held and unresolved', async () => {
    const world = await worldOf(CAP);
    const [slot] = await slotsOf(world);
    await ask(world, attempt(400_000));
    await tell(world, [{ ...local('lost', 200_000, []), bound: { input_tokens: 0, output_tokens: 200_000 } }]);
    const { slices } = await beat(world, [
      { slot: slot!, amount: 60_000 },
      { slot: slot!, amount: 60_000 },
      { slot: slot!, amount: 60_000 },
    ]);
    expect(amounts(slices)).toEqual([60_000, 40_000]);
    expect(await standing(world, 'cap')).toEqual(['cap 0/500000/200000 ok']);
  });

  it('is never beyond the next threshold that downgrades', async () => {
    const world = await worldOf(
      'budgets: [{ name: cap, owner: team, window: month, limit: 1, thresholds: [{ at: 20%, action: downgrade, models: { other: else } }, { at: 100%, action: block }] }]\n',
    );
    const [slot] = await slotsOf(world);
    const first = await slice(world, slot!, 900_000);
    expect(amounts([first!])).toEqual([50_000]);
    await tell(world, [], [closed(first!, 0)]);
    await spend(world, 200_000);
    expect((await beat(world, [{ slot: slot!, amount: 900_000 }])).recall?.forget).toContain(slot);
    const [beyond] = await slotsOf(world);
    expect(amounts([(await slice(world, beyond!, 900_000))!])).toEqual([200_000]);
  });

  it('is valid for five seconds, but never past the end of its window', async () => {
    const world = await worldOf(CAP.replace('month', 'hour'));
    const [slot] = await slotsOf(world);
    expect(await slice(world, slot!, 1_000)).toMatchObject({ valid_ms: 5_000 });
    world.pass(3_600_000 - 2_000);
    await world.enforcer.heartbeat('s1', {}, NOBODY);
    expect(await slice(world, (await slotsOf(world))[0]!, 1_000)).toMatchObject({ valid_ms: 1_999 });
    world.pass(1_950);
    expect(await slice(world, slot!, 1_000)).toBeUndefined();
  });

  it('of a rolling budget never outlives its sub-bucket', async () => {
    const world = await worldOf(CAP.replace('window: month', 'window: { rolling: 1h }'));
    const [slot] = await slotsOf(world);
    world.pass(60_000 - 1_000);
    await world.enforcer.heartbeat('s1', {}, NOBODY);
    const granted = await slice(world, slot!, 1_000);
    const [hold] = await world.ledger.holds([granted?.slice ?? 'none']);
    expect(hold?.slice?.validUntil).toBeLessThan(hold?.demands[0]?.window.end ?? 0);
  });

  it('is granted again as it was when the reply was lost, with what is left of its time', async () => {
    const world = await worldOf(CAP);
    const [slot] = await slotsOf(world);
    const wish = { slot: slot!, amount: 100_000, slice: 'one' };
    const { slices: first } = await beat(world, [wish]);
    world.pass(1_000);
    const { slices: again } = await beat(world, [wish, { ...wish }]);
    expect([first, again]).toEqual([
      [{ slice: 'one', amount: nano(100_000), valid_ms: 5_000 }],
      [{ slice: 'one', amount: nano(100_000), valid_ms: 4_000 }],
    ]);
    expect(await standing(world, 'cap')).toEqual(['cap 0/100000/0 ok']);
    world.pass(4_000);
    expect((await beat(world, [wish])).slices).toBeUndefined();
  });

  it('is not for a session that was not told of its slot', async () => {
    const world = await worldOf(CAP);
    await world.enforcer.openSession({ session: 's2', attribution: {} }, NOBODY);
    const [slot] = await slotsOf(world);
    const reply = await beat(world, [{ slot: slot!, amount: 1_000 }], { session: 's2' });
    expect(reply).toMatchObject({ recall: { forget: [slot] } });
    expect(reply.slices).toBeUndefined();
    expect((await beat(world, [{ slot: 'nobody-knows', amount: 1 }])).recall).toEqual({ forget: ['nobody-knows'] });
  });

  it('has no name that is taken: an attempt’s, or another session’s slice', async () => {
    const world = await worldOf(CAP);
    await world.enforcer.openSession({ session: 's2', attribution: {} }, NOBODY);
    const [slot] = await slotsOf(world);
    await slotsOf(world, { session: 's2' });
    const request = attempt(1_000);
    await ask(world, request);
    await beat(world, [{ slot: slot!, amount: 1_000, slice: 'mine' }]);
    const wishes = [request.attempt_id, 'mine'].map((name) => ({ slot: slot!, amount: 1_000, slice: name }));
    expect((await beat(world, wishes, { session: 's2' })).slices).toBeUndefined();
    expect(await world.enforcer.release('mine', NOBODY)).toMatchObject({ refused: { status: 409 } });
    expect(await world.enforcer.settle('mine', used(1), NOBODY)).toMatchObject({ refused: { status: 409 } });
    expect(await standing(world, 'cap')).toEqual(['cap 0/2000/0 ok']);
  });

  it('counts for the share of its token', async () => {
    const world = await worldOf(`tokens: [{ name: a, role: client, secret_env: A, max_share: 10% }]\n${CAP}`);
    const principal = { name: 'a', token: world.enforcer.config().tokens[0]! };
    await world.enforcer.openSession({ session: 'sa', attribution: {} }, principal);
    const [slot] = await slotsOf(world, { session: 'sa' }, principal);
    const one = (amount: number) => beat(world, [{ slot: slot!, amount }], { session: 'sa', principal });
    const { slices } = await one(900_000);
    expect(amounts(slices)).toEqual([100_000]);
    expect((await one(1_000)).slices).toBeUndefined();
    await tell(world, [], [closed(slices![0]!, 40_000, 'sa')], principal);
    expect(amounts((await one(900_000)).slices)).toEqual([60_000]);
  });
});

const step = fc.oneof(
  fc.record({
    kind: fc.constant('want' as const),
    amounts: fc.array(fc.integer({ min: 0, max: 400_000 }), { maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constantFrom('spend' as const, 'hold' as const, 'lose' as const),
    amount: fc.integer({ min: 0, max: 90_000 }),
  }),
  fc.record({
    kind: fc.constantFrom('settled' as const, 'open' as const, 'released' as const),
    share: fc.integer({ min: 0, max: 100 }),
  }),
  fc.record({ kind: fc.constant('close' as const), share: fc.integer({ min: 0, max: 100 }) }),
);

it('whatever is spent, held, lost and wanted, slices have a quarter of the rest, and nothing passes the cap', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const world = await worldOf(`limits: { max_wait: 0s }\n${CAP}`);
      const open: WireSlice[] = [];
      const drawn = new Map<WireSlice, number>();
      const draw = (one: WireSlice, share: number) => {
        const before = drawn.get(one) ?? 0;
        const tokens = Math.floor(((amounts([one])[0]! - before) * share) / 100);
        drawn.set(one, before + tokens);
        return tokens;
      };
      for (const each of steps) {
        const request = attempt('amount' in each ? each.amount : 0);
        if (each.kind === 'spend' && (await ask(world, request)) !== 'contended') {
          await world.enforcer.settle(request.attempt_id, used(each.amount), NOBODY);
        } else if (each.kind === 'hold') await ask(world, request);
        else if (each.kind === 'lose') {
          await ask(world, request);
          if ((await world.ledger.holds([request.attempt_id]))[0]) await tell(world, [ended(request, 'lost')]);
        } else if (each.kind === 'close') {
          const one = open.pop();
          // Something that is not told of stays drawn.
          if (one) draw(one, each.share);
          if (one) await tell(world, [], [closed(one, drawn.get(one)!)]);
        } else if ('share' in each) {
          const [one] = open;
          if (one) await tell(world, [local(each.kind, draw(one, each.share), [one])]);
        } else if (each.kind === 'want') {
          const [slot] = await slotsOf(world).catch(() => []);
          if (slot === undefined) continue;
          const { slices = [] } = await beat(
            world,
            each.amounts.map((amount) => ({ slot, amount })),
          );
          open.push(...slices);
          if (slices.length === 0) continue;
          const [account] = await world.ledger.accounts(0);
          const leased = world.enforcer.leased?.().get('cap') ?? 0n;
          const { spentNanoUsd: spent, heldNanoUsd: held, unresolvedNanoUsd: unresolved } = account!;
          expect(4n * leased).toBeLessThanOrEqual(1_000_000_000n - spent - unresolved - (held - leased));
        }
        for (const { spentNanoUsd, heldNanoUsd, unresolvedNanoUsd } of await world.ledger.accounts(0)) {
          expect(spentNanoUsd + heldNanoUsd + unresolvedNanoUsd).toBeLessThanOrEqual(1_000_000_000n);
        }
      }
      const held = (await world.ledger.openHolds()).flatMap(({ slice: one, amountNanoUsd }) =>
        one ? amountNanoUsd : [],
      );
      const leased = world.enforcer.leased?.().get('cap') ?? 0n;
      expect(held.reduce((sum, each) => sum + each, 0n)).toBe(leased);
      expect((await world.ledger.verify()).problems).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

describe('a heartbeat', () => {
  it.each([
    [[1, 2, 5], 'taken'],
    [[3, 3], '409 late-heartbeat'],
    [[3, 2], '409 late-heartbeat'],
  ])('numbered %j is %s', async (numbers, expected) => {
    const world = await worldOf(CAP);
    const [slot] = await slotsOf(world);
    const told: string[] = [];
    for (const seq of numbers) {
      const reply = beat(world, [{ slot: slot!, amount: 1_000 }], { seq });
      told.push(
        await reply.then(
          () => 'taken',
          ({ message }: Error) => message,
        ),
      );
    }
    expect(told.at(-1)).toBe(expected);
  });

  it('that is late is late for a session that was opened again, too', async () => {
    const world = await worldOf(CAP);
    await beat(world, [], { seq: 7 });
    await world.enforcer.openSession({ session: 's1', attribution: {} }, NOBODY);
    await expect(beat(world, [], { seq: 7 })).rejects.toThrow('409');
  });
});

describe('attempts drawn from slices', () => {
  it('are booked with what they drew as their hold, in one step', async () => {
    const world = await worldOf(CAP);
    const one = (await slice(world, (await slotsOf(world))[0]!, 200_000))!;
    const { results } = await tell(world, [local('settled', 50_000, [one], used(30_000))]);
    expect(results).toMatchObject([{ outcome: 'settled', cost: nano(30_000) }]);
    // What it did not need went back to the account, not to the slice.
    expect(await standing(world, 'cap')).toEqual(['cap 30000/150000/0 ok']);
    await tell(world, [], [closed(one, 50_000)]);
    expect(await standing(world, 'cap')).toEqual(['cap 30000/0/0 ok']);
    const { items } = await world.ledger.settlements({ limit: 10 });
    expect(items).toMatchObject([{ unknownHold: false, overageNanoUsd: 0n }]);
  });

  it.each([
    ['settled', [['settled', 'duplicate'], 'cap 70000/100000/0 ok']],
    ['released', [['released', 'released'], 'cap 0/100000/0 ok']],
    ['lost', [['lost', 'lost'], 'cap 0/100000/100000 ok']],
    ['open', [['open', 'open'], 'cap 0/200000/0 ok']],
  ] as const)('that are told of twice as %s count once', async (end, [outcomes, expected]) => {
    const world = await worldOf(CAP);
    const one = (await slice(world, (await slotsOf(world))[0]!, 200_000))!;
    const request = local(end, 100_000, [one], used(70_000));
    const told: string[] = [];
    for (let time = 0; time < 2; time += 1) told.push((await tell(world, [request])).results[0]!.outcome);
    expect(told).toEqual(outcomes);
    expect(await standing(world, 'cap')).toEqual([expected]);
  });

  it.each([
    ['open', 'settled', 'cap 70000/0/0 ok'],
    ['settled', 'open', 'cap 70000/0/0 ok'],
    ['open', 'released', 'cap 0/0/0 ok'],
    ['open', 'lost', 'cap 0/0/100000 ok'],
    ['lost', 'settled', 'cap 70000/0/0 ok'],
    ['lost', 'released', 'cap 0/0/0 ok'],
    ['settled', 'released', 'cap 70000/0/0 ok'],
    ['released', 'open', 'cap 0/0/0 ok'],
  ] as const)('first told of as %s, then as %s, end once, whenever the slice is closed', async (...args) => {
    const [first, then, expected] = args;
    for (const closeAt of [0, 1, 2]) {
      for (const inOne of [false, true]) {
        const world = await worldOf(CAP);
        const one = (await slice(world, (await slotsOf(world))[0]!, 200_000))!;
        const request = local(first, 100_000, [one], used(70_000));
        const steps = [request, { ...request, end: then }];
        if (closeAt === 0) await tell(world, [], [closed(one, 100_000)]);
        if (inOne) await tell(world, steps);
        else for (const step of steps) await tell(world, [step], closeAt === 1 ? [closed(one, 100_000)] : []);
        await tell(world, [], [closed(one, 100_000), closed(one, 100_000)]);
        expect(await standing(world, 'cap'), `close at ${closeAt}, in one batch: ${inOne}`).toEqual([expected]);
        expect((await world.ledger.verify()).problems).toEqual([]);
      }
    }
  });

  it('are counted as decisions, once each, when they are first told of', async () => {
    const world = await worldOf(CAP);
    const one = (await slice(world, (await slotsOf(world))[0]!, 200_000))!;
    world.happenings.length = 0;
    const open = local('open', 10_000, [one]);
    await tell(world, [
      open,
      local('settled', 10_000, [one]),
      local('released', 10_000, [one]),
      local('settled', 1, []),
    ]);
    await tell(world, [{ ...open, end: 'settled' }]);
    const decisions = world.happenings.filter(({ kind }) => kind === 'decision');
    expect(decisions).toHaveLength(4);
    for (const each of decisions) {
      expect(each).toMatchObject({ decision: 'allow', reason: 'leased', attribution: { model: 'round' } });
    }
  });

  it('broken off leave the rest of their worst case unresolved', async () => {
    const world = await worldOf(CAP);
    const one = (await slice(world, (await slotsOf(world))[0]!, 200_000))!;
    await tell(world, [local('settled', 100_000, [one], used(30_000, { measured: false, status: 'aborted' }))]);
    expect(await standing(world, 'cap')).toEqual(['cap 30000/100000/70000 ok']);
  });

  it.each([
    ['a clock of another year', '2019-01-01T00:00:00Z', 3_599_000],
    ['a clock ahead', '2027-01-01T00:00:00Z', 3_602_000],
    ['its own time', '2026-11-10T12:59:59.500Z', 3_599_500],
  ])('with %s are booked within the life of the slice', async (_, admittedAt, expected) => {
    const world = await worldOf(CAP.replace('month', 'hour'));
    world.pass(3_599_000);
    await world.enforcer.heartbeat('s1', {}, NOBODY);
    const one = (await slice(world, (await slotsOf(world))[0]!, 200_000))!;
    world.pass(3_000);
    await tell(world, [local('settled', 100_000, [one], used(70_000), { admitted_at: admittedAt })]);
    const { items } = await world.ledger.settlements({ limit: 10 });
    expect(items[0]?.admittedAt).toBe(START + Math.min(expected, 3_599_999));
    // The hour of its slice, though it is told of in the next one.
    expect(items[0]?.postings.map(({ window }) => window.start)).toEqual([START]);
  });

  it('of slices that nobody knows are booked and flagged, and held where they are lost', async () => {
    const world = await worldOf(CAP);
    const { results } = await tell(world, [
      local('settled', 10_000, ['unknown']),
      local('lost', 20_000, ['unknown']),
      local('open', 40_000, ['unknown']),
      local('released', 80_000, ['unknown']),
    ]);
    expect(results.map(({ outcome }) => outcome)).toEqual(['settled', 'lost', 'open', 'released']);
    expect(await standing(world, 'cap')).toEqual(['cap 10000/40000/20000 ok']);
    expect((await world.ledger.settlements({ limit: 10 })).items).toMatchObject([{ unknownHold: true }]);
  });

  it('that drew more than their slice had are booked in full, with the overage', async () => {
    const world = await worldOf(CAP);
    const one = (await slice(world, (await slotsOf(world))[0]!, 100_000))!;
    await tell(world, [local('settled', 80_000, [one]), local('settled', 80_000, [one])]);
    expect(await standing(world, 'cap')).toEqual(['cap 160000/0/0 ok']);
    const { items } = await world.ledger.settlements({ limit: 10 });
    expect(items.map(({ overageNanoUsd }) => overageNanoUsd)).toEqual([0n, 60_000_000n]);
  });

  it('with absurd sums break nothing', async () => {
    const world = await worldOf(CAP);
    const one = (await slice(world, (await slotsOf(world))[0]!, 100_000))!;
    const absurd = '9'.repeat(18);
    const draws = [
      { slice: one.slice, amount: absurd },
      { slice: one.slice, amount: absurd },
    ];
    const bound = { input_tokens: 0, output_tokens: 9_000_000_000 };
    const results = await tell(
      world,
      (['settled', 'lost', 'open', 'released'] as const).map((end) => ({ ...local(end, 7, []), draws, bound })),
      [{ session: 's1', slice: one.slice, drawn: absurd }],
    );
    expect(results.results.map(({ outcome }) => outcome)).toEqual(['settled', 'lost', 'open', 'released']);
    expect(await standing(world, 'cap')).toMatchObject([expect.stringMatching(/^cap 7\//)]);
    expect((await world.ledger.verify()).problems).toEqual([]);
  });
});
