import { describe, expect, it } from 'vitest';
import {
  ask,
  attempt,
  configOf,
  ended,
  NOBODY,
  report,
  START,
  spend,
  standing,
  used,
  type World,
  worldOf,
} from './world.ts';

const CAP = 'budgets: [{ name: cap, owner: team, window: month, limit: 1, soft: [50%, 90%], hard: block }]\n';

describe('a settlement', () => {
  it('above its hold is posted in full', async () => {
    const world = await worldOf(CAP);
    const request = attempt(100_000);
    await ask(world, request);
    await world.enforcer.settle(request.attempt_id, used(150_000), NOBODY);
    expect(await standing(world, 'cap')).toEqual(['cap 150000/0/0 ok']);
    const { items } = await world.ledger.settlements({ limit: 10 });
    expect(items[0]).toMatchObject({ overageNanoUsd: 50_000_000n, unknownHold: false });
  });

  it('that comes twice counts once; another one of the same attempt is a conflict', async () => {
    const world = await worldOf(CAP);
    const request = attempt(100_000);
    await ask(world, request);
    const settle = (tokens: number) => world.enforcer.settle(request.attempt_id, used(tokens), NOBODY);
    expect(await settle(70_000)).toMatchObject({ costNanoUsd: 70_000_000n, replayed: false });
    expect(await settle(70_000)).toMatchObject({ costNanoUsd: 70_000_000n, replayed: true });
    expect(await settle(70_001)).toMatchObject({ refused: { status: 409 } });
    expect(await standing(world, 'cap')).toEqual(['cap 70000/0/0 ok']);
  });

  it('of an attempt that the server never saw is booked and flagged', async () => {
    const world = await worldOf(CAP);
    const results = await report(world, [ended(attempt(1), 'settled', used(5_000))]);
    expect(results).toMatchObject([{ outcome: 'settled', cost: '5000000' }]);
    expect(await standing(world, 'cap')).toEqual(['cap 5000/0/0 ok']);
    expect((await world.ledger.settlements({ limit: 10 })).items[0]).toMatchObject({ unknownHold: true });
  });

  it('counts in the window of its admission, however late it comes', async () => {
    const world = await worldOf(CAP.replace('month', 'hour'));
    const request = attempt(100_000);
    await ask(world, request);
    world.pass(3_600_000);
    await world.enforcer.settle(request.attempt_id, used(100_000), NOBODY);
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/0 ok']);
    const [account] = await world.ledger.accounts(0);
    expect(account).toMatchObject({ window: { start: START, end: START + 3_600_000 }, spentNanoUsd: 100_000_000n });
  });

  it('with impossible usage is refused and changes nothing', async () => {
    const world = await worldOf(CAP);
    const request = attempt(100_000);
    await ask(world, request);
    const impossible = { ...used(0), usage: { input_tokens: 1, cached_read_tokens: 2, output_tokens: 0 } };
    expect(await world.enforcer.settle(request.attempt_id, impossible, NOBODY)).toMatchObject({
      refused: { status: 422, kind: 'impossible-usage' },
    });
    expect(await standing(world, 'cap')).toEqual(['cap 0/100000/0 ok']);
  });

  it('by another model than asked for is priced as served', async () => {
    const world = await worldOf(CAP);
    const request = attempt(100_000);
    await ask(world, request);
    const body = used(1_000_000, { served_model: 'gpt-4.1-mini-2025-04-14' });
    expect(await world.enforcer.settle(request.attempt_id, body, NOBODY)).toMatchObject({
      costNanoUsd: 1_600_000_000n,
      receipt: { status: 'exact', model: 'gpt-4.1-mini' },
    });
  });

  describe('by a gateway that says who served it', () => {
    const ASKED = { model: 'gpt-4.1', provider: 'openai' };
    /** A million tokens out, at what they cost. */
    it.each([
      ['at what the provider asks that it names', 'anthropic', 'claude-haiku-4-5', 'anthropic', 5_000_000_000n],
      ['at what the provider asks, with its name before the model', 'xai', 'xai/grok-3', 'xai', 15_000_000_000n],
      [
        'as whoever was asked calls it, where the provider has no price for it',
        'deepinfra',
        'gpt-4.1-mini',
        'openai',
        1_600_000_000n,
      ],
      ['as it was asked for, where nobody knows what served it', 'deepinfra', 'nobody-knows', 'openai', 8_000_000_000n],
    ])('is priced %s', async (_, served_provider, served_model, provider, cost) => {
      const world = await worldOf(CAP);
      const request = attempt(100_000, ASKED);
      await ask(world, request);
      const body = used(1_000_000, { served_model, evidence: { gateway: 'litellm', served_provider } });
      expect(await world.enforcer.settle(request.attempt_id, body, NOBODY)).toMatchObject({
        costNanoUsd: cost,
        receipt: { provider },
      });
      const { items } = await world.ledger.settlements({ limit: 1 });
      expect(items).toMatchObject([
        { provider: served_provider, model: served_model, attribution: ASKED, evidence: { gateway: 'litellm' } },
      ]);
    });

    it('what it says of the cost is kept beside our price, and has no part in it', async () => {
      const world = await worldOf(CAP);
      const request = attempt(100_000);
      await ask(world, request);
      const body = used(10, { evidence: { gateway: 'openrouter', reported_cost: '999000000000' } });
      expect(await world.enforcer.settle(request.attempt_id, body, NOBODY)).toMatchObject({ costNanoUsd: 10_000n });
      const { items } = await world.ledger.settlements({ limit: 1 });
      expect(items).toMatchObject([{ costNanoUsd: 10_000n, evidence: { reportedCostNanoUsd: 999_000_000_000n } }]);
    });

    it('a fallback of its own adds the budgets of fallbacks, and takes away none', async () => {
      const world = await worldOf(`budgets:
  - { name: cap, owner: team, window: month, limit: 1, hard: block }
  - { name: fallbacks, match: { fallback: '*' }, owner: team, window: month, limit: 1000 }
  - { name: anthropic, match: { provider: anthropic }, owner: team, window: month, limit: 1000 }
`);
      const request = attempt(100_000);
      await ask(world, request);
      const evidence = { gateway: 'litellm', served_provider: 'anthropic', fallback: { by: 'gateway' as const } };
      await world.enforcer.settle(request.attempt_id, used(10, { evidence }), NOBODY);
      const { items } = await world.ledger.settlements({ limit: 1 });
      expect(items[0]?.attribution).toMatchObject({ provider: 'openai', fallback: 'openai/round' });
      expect(items[0]?.postings.map(({ budget }) => budget)).toEqual(['cap', 'fallbacks', 'anthropic']);
    });
  });

  it('estimated leaves the rest of its hold unresolved until an operator closes it', async () => {
    const world = await worldOf(CAP);
    const request = attempt(100_000);
    await ask(world, request);
    await world.enforcer.settle(request.attempt_id, used(30_000, { measured: false, status: 'aborted' }), NOBODY);
    expect(await standing(world, 'cap')).toEqual(['cap 30000/0/70000 ok']);
    expect(await ask(world, attempt(900_001))).toBe('exhausted');
    await world.enforcer.writeOff(request.attempt_id, 'checked with the provider', NOBODY);
    expect(await standing(world, 'cap')).toEqual(['cap 30000/0/0 ok']);
  });

  const CLOSED = {
    released: async (world: World, id: string) => {
      expect(await world.enforcer.release(id, NOBODY)).toEqual({ outcome: 'released' });
    },
    'written off': async (world: World, id: string) => {
      await world.ledger.lose({ attemptIds: [id] }, 'silent', START);
      expect(await world.enforcer.writeOff(id, 'no trace of it', NOBODY)).toEqual({ outcome: 'released' });
    },
  };
  it.each(['released', 'written off'] as const)('alone after its hold was %s is booked as overage', async (how) => {
    const world = await worldOf(CAP);
    const request = attempt(100_000);
    await ask(world, request);
    await CLOSED[how](world, request.attempt_id);
    const booked = await world.enforcer.settle(request.attempt_id, used(60_000), NOBODY);
    expect(booked).toMatchObject({ costNanoUsd: 60_000_000n, replayed: false });
    const again = await world.enforcer.settle(request.attempt_id, used(60_000), NOBODY);
    expect(again).toMatchObject({ costNanoUsd: 60_000_000n, replayed: true });
    expect(await world.enforcer.settle(request.attempt_id, used(1), NOBODY)).toMatchObject({
      refused: { status: 409 },
    });
    expect(await standing(world, 'cap')).toEqual(['cap 60000/0/0 ok']);
    const { items } = await world.ledger.settlements({ limit: 10 });
    expect(items).toMatchObject([{ overageNanoUsd: 60_000_000n, unknownHold: false }]);
  });

  it.each(['released', 'written off'] as const)(
    'in a late journal after its hold was %s is booked once',
    async (how) => {
      const world = await worldOf(CAP);
      const request = attempt(100_000);
      await ask(world, request);
      await CLOSED[how](world, request.attempt_id);
      const late = ended(request, 'settled', used(950_000));
      expect(await report(world, [late, late])).toMatchObject([
        { outcome: 'settled', cost: '950000000' },
        { outcome: 'duplicate', cost: '950000000' },
      ]);
      expect(await report(world, [{ ...late, ...used(1) }])).toMatchObject([{ outcome: 'conflict' }]);
      expect(await ask(world, attempt(100_000))).toBe('exhausted');
      expect(await standing(world, 'cap')).toEqual(['cap 950000/0/0 hard']);
      expect((await world.ledger.verify()).problems).toEqual([]);
    },
  );

  it('that comes after a release of an attempt that nobody knew is booked', async () => {
    const world = await worldOf(CAP);
    const request = attempt(100_000);
    expect(await report(world, [ended(request, 'released')])).toMatchObject([{ outcome: 'released' }]);
    expect(await report(world, [ended(request, 'settled', used(60_000))])).toMatchObject([{ outcome: 'settled' }]);
    expect(await standing(world, 'cap')).toEqual(['cap 60000/0/0 ok']);
  });

  it('in a batch does not spoil the others when it is bad', async () => {
    const world = await worldOf(CAP);
    const bad = ended(attempt(1), 'settled', { ...used(0), usage: { input_tokens: -5, output_tokens: 0 } });
    const results = await report(world, [bad, ended(attempt(1), 'settled', used(7))]);
    expect(results.map(({ outcome }) => outcome)).toEqual(['invalid', 'settled']);
  });

  it('of an unknown attempt alone is 404', async () => {
    const world = await worldOf(CAP);
    expect(await world.enforcer.settle('nobody', used(1), NOBODY)).toMatchObject({ refused: { status: 404 } });
    expect(await world.enforcer.release('nobody', NOBODY)).toMatchObject({ refused: { status: 404 } });
    expect(await world.enforcer.writeOff('nobody', 'x', NOBODY)).toMatchObject({ refused: { status: 404 } });
  });
});

describe('an attempt without an answer', () => {
  it('that was never sent is released', async () => {
    const world = await worldOf(CAP);
    const request = attempt(100_000);
    await ask(world, request);
    expect(await world.enforcer.release(request.attempt_id, NOBODY)).toEqual({ outcome: 'released' });
    expect(await world.enforcer.release(request.attempt_id, NOBODY)).toEqual({ outcome: 'already_released' });
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/0 ok']);
  });

  it('is unresolved, counts against the cap, and settles late', async () => {
    const world = await worldOf(CAP);
    const request = attempt(100_000);
    await ask(world, request);
    await report(world, [ended(request, 'lost')]);
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/100000 ok']);
    expect(await ask(world, attempt(900_001))).toBe('exhausted');
    expect((await world.enforcer.unresolved()).map(({ attemptId }) => attemptId)).toEqual([request.attempt_id]);
    await report(world, [ended(request, 'settled', used(60_000))]);
    expect(await standing(world, 'cap')).toEqual(['cap 60000/0/0 ok']);
  });

  it('is unresolved even when the server never saw it', async () => {
    const world = await worldOf(CAP);
    await report(world, [ended(attempt(40_000), 'lost')]);
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/40000 ok']);
  });

  it.each(['open', 'lost'] as const)(
    'told as %s by the journal of a process that is gone is unresolved soon',
    async (end) => {
      const world = await worldOf(CAP);
      await report(world, [{ ...ended(attempt(40_000), end), session: 'gone' }]);
      world.pass(31_000);
      await world.enforcer.sweep();
      expect(await standing(world, 'cap')).toEqual(['cap 0/0/40000 ok']);
    },
  );

  it('given up as lost, but never billed by its owner’s word, frees its money', async () => {
    const world = await worldOf(CAP);
    const request = attempt(100_000);
    await ask(world, request);
    await report(world, [ended(request, 'lost')]);
    expect(await report(world, [ended(request, 'released')])).toMatchObject([{ outcome: 'released' }]);
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/0 ok']);
  });
});

describe('a session', () => {
  it('that falls silent for 30 s leaves its holds unresolved', async () => {
    const world = await worldOf(CAP);
    await ask(world, attempt(100_000));
    world.pass(29_000);
    await world.enforcer.sweep();
    expect(await standing(world, 'cap')).toEqual(['cap 0/100000/0 ok']);
    world.pass(1_000);
    await world.enforcer.sweep();
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/100000 ok']);
    expect(await ask(world, attempt(1))).toBe('404 unknown-session');
  });

  it('that is heard of keeps them', async () => {
    const world = await worldOf(CAP);
    await ask(world, attempt(100_000));
    for (let beat = 0; beat < 5; beat += 1) {
      world.pass(10_000);
      await world.enforcer.heartbeat('s1', {}, NOBODY);
      await world.enforcer.sweep();
    }
    expect(await standing(world, 'cap')).toEqual(['cap 0/100000/0 ok']);
  });

  it('that ends leaves what it holds unresolved', async () => {
    const world = await worldOf(CAP);
    await ask(world, attempt(100_000));
    expect(await world.enforcer.endSession('s1', NOBODY)).toEqual({ ended: true });
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/100000 ok']);
  });

  it('gets its time again after a restart of the server, and must open again', async () => {
    const world = await worldOf(CAP);
    await world.enforcer.openSession({ session: 's2', attribution: {} }, NOBODY);
    await ask(world, attempt(100_000, { session: 's2' }));
    const restarted = await world.restart();
    expect(await restarted.enforcer.heartbeat('s2', {}, NOBODY)).toMatchObject({ refused: { status: 404 } });
    await restarted.enforcer.openSession({ session: 's2', attribution: {} }, NOBODY);
    world.pass(29_000);
    await restarted.enforcer.sweep();
    expect(await standing(restarted, 'cap')).toEqual(['cap 0/100000/0 ok']);
    world.pass(2_000);
    await restarted.enforcer.sweep();
    expect(await standing(restarted, 'cap')).toEqual(['cap 0/0/100000 ok']);
  });

  it('hears of a changed config with its heartbeat', async () => {
    const world = await worldOf(CAP);
    const soft = configOf(CAP.replace(', hard: block', ''));
    await world.enforcer.reload(soft, 'test');
    const reply = await world.enforcer.heartbeat('s1', { rules_version: 'old' }, NOBODY);
    expect(reply).toMatchObject({ rules: { version: soft.hash, admission: 'none' } });
    expect(await world.enforcer.heartbeat('s1', { rules_version: soft.hash }, NOBODY)).not.toHaveProperty('rules');
  });
});

describe('a hold', () => {
  it('that outlives max_call_duration is unresolved though its session lives', async () => {
    const world = await worldOf(`${CAP}limits: { max_call_duration: 20s }\n`);
    await ask(world, attempt(100_000));
    world.pass(20_000);
    await world.enforcer.sweep();
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/100000 ok']);
  });
});

describe('crossings', () => {
  it('fire once per threshold, also over a restart', async () => {
    const world = await worldOf(CAP);
    await spend(world, 600_000);
    const restarted = await world.restart();
    await spend(restarted, 10_000);
    const { items } = await restarted.enforcer.alerts({ limit: 10 });
    expect(items.map(({ thresholdBasisPoints }) => thresholdBasisPoints)).toEqual([5000]);
    expect(restarted.happenings.filter(({ kind }) => kind === 'alert')).toEqual([]);
  });

  it('missed by a crash between booking and telling are told at the next start', async () => {
    const world = await worldOf(CAP);
    const { ledger } = world;
    const kept = ledger.recordEvents;
    ledger.recordEvents = async () => {
      throw new Error('crashed');
    };
    await expect(spend(world, 600_000)).rejects.toThrow('crashed');
    ledger.recordEvents = kept;
    const restarted = await world.restart();
    expect((await restarted.enforcer.alerts({ limit: 10 })).items).toHaveLength(1);
  });

  it('are not fired again by a raised limit', async () => {
    const world = await worldOf(CAP);
    await spend(world, 600_000);
    await world.enforcer.reload(configOf(CAP.replace('limit: 1', 'limit: 1.1')), 'test');
    await spend(world, 10_000);
    expect((await world.enforcer.alerts({ limit: 10 })).items).toHaveLength(1);
  });

  it('start over with the next window', async () => {
    const world = await worldOf(CAP.replace('month', 'hour'));
    await spend(world, 600_000);
    world.pass(3_600_000);
    await world.enforcer.openSession({ session: 's1', attribution: {} }, NOBODY);
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/0 ok']);
    await spend(world, 600_000);
    expect((await world.enforcer.alerts({ limit: 10 })).items).toHaveLength(2);
  });
});

describe('a rolling budget', () => {
  const ROLLING = 'budgets: [{ name: r, owner: team, window: { rolling: 1h }, limit: 1, soft: [50%], hard: block }]\n';
  it('gives room back bit by bit', async () => {
    const world = await worldOf(ROLLING);
    await spend(world, 400_000);
    world.pass(30 * 60_000);
    await world.enforcer.openSession({ session: 's1', attribution: {} }, NOBODY);
    await spend(world, 500_000);
    expect(await ask(world, attempt(200_000))).toBe('exhausted');
    world.pass(35 * 60_000);
    await world.enforcer.openSession({ session: 's1', attribution: {} }, NOBODY);
    expect(await standing(world, 'r')).toEqual(['r 500000/0/0 soft']);
    expect(await ask(world, attempt(500_000))).toBe('warn');
  });

  it('tells again only after it has fallen 5 points below the threshold', async () => {
    const world = await worldOf(ROLLING);
    await spend(world, 500_000);
    await spend(world, 10_000);
    expect((await world.enforcer.alerts({ limit: 10 })).items).toHaveLength(1);
    world.pass(2 * 3_600_000);
    await world.enforcer.openSession({ session: 's1', attribution: {} }, NOBODY);
    await spend(world, 500_000);
    expect((await world.enforcer.alerts({ limit: 10 })).items).toHaveLength(2);
  });
});
