import { describe, expect, it } from 'vitest';
import { ask, attempt, ended, NOBODY, report, spend, standing, used, worldOf } from './world.ts';

/** One dollar a month is a million units. */
const CAP = `
budgets:
  - { name: cap, owner: team, window: month, limit: 1, hard: block }
limits: { max_wait: 1s }
`;

describe('an attempt', () => {
  it('is held at its worst case and settled at its true cost', async () => {
    const world = await worldOf(CAP);
    const request = attempt(400_000);
    expect(await ask(world, request)).toBe('allow');
    expect(await standing(world, 'cap')).toEqual(['cap 0/400000/0 ok']);
    await world.enforcer.settle(request.attempt_id, used(100_000), NOBODY);
    expect(await standing(world, 'cap')).toEqual(['cap 100000/0/0 ok']);
  });

  it('fits up to the last nano-dollar and not one more', async () => {
    const world = await worldOf(CAP);
    await spend(world, 600_000);
    expect(await ask(world, attempt(400_001))).toBe('exhausted');
    expect(await ask(world, attempt(400_000))).toBe('allow');
  });

  it('is answered the same when it is asked again, and refused when it asks for something else', async () => {
    const world = await worldOf(CAP);
    const request = attempt(400_000);
    await ask(world, request);
    expect(await ask(world, request)).toBe('allow');
    expect(await standing(world, 'cap')).toEqual(['cap 0/400000/0 ok']);
    expect(await ask(world, { ...request, bound: { input_tokens: 1 } })).toBe('409 attempt-conflict');
  });

  it('cannot be asked for again after it has ended', async () => {
    const world = await worldOf(CAP);
    const request = attempt(10);
    await ask(world, request);
    await world.enforcer.settle(request.attempt_id, used(10), NOBODY);
    expect(await ask(world, request)).toBe('409 attempt-conflict');
  });

  it('needs a session', async () => {
    const world = await worldOf(CAP);
    expect(await ask(world, attempt(1, { session: 'nobody' }))).toBe('404 unknown-session');
  });

  it('worth more than an account may hold is refused', async () => {
    const world = await worldOf(CAP);
    const absurd = attempt(1, { bound: { input_tokens: 0, output_tokens: Number.MAX_SAFE_INTEGER } });
    expect(await ask(world, absurd)).toBe('422 absurd-bound');
  });

  it('that matches no budget follows `unmatched`', async () => {
    const elsewhere = 'budgets: [{ name: b, owner: team, match: { team: x }, window: day, limit: 1, hard: block }]\n';
    expect(await ask(await worldOf(elsewhere), attempt(1))).toBe('allow');
    expect(await ask(await worldOf(`${elsewhere}unmatched: deny\n`), attempt(1))).toBe('unmatched');
  });

  it('of an unpriced model is held at the ceiling, and its owner is told once', async () => {
    const world = await worldOf(`${CAP}unpriced: { ceiling: { input: 2, output: 4, max_output_tokens: 1000 } }\n`);
    const request = attempt(100, { model: 'nobody-knows-this-model' });
    await ask(world, request);
    expect(await standing(world, 'cap')).toEqual(['cap 0/400/0 ok']);
    await world.enforcer.settle(request.attempt_id, used(100), NOBODY);
    await spend(world, 10, { model: 'nobody-knows-this-model' });
    expect(await standing(world, 'cap')).toEqual(['cap 440/0/0 ok']);
    const { items } = await world.enforcer.alerts({ limit: 10 });
    expect(items.map(({ kind }) => kind)).toEqual(['unpriced']);
  });
});

describe('a denial', () => {
  it('says which budget, what is spent and what the call may cost', async () => {
    const world = await worldOf(CAP);
    await spend(world, 950_000);
    const answer = await world.enforcer.reserve(attempt(60_000), NOBODY, { signal: AbortSignal.abort(), onWait() {} });
    expect(answer).toMatchObject({
      denied: {
        code: 'exhausted',
        action: 'block',
        budget: 'cap',
        state: 'hard',
        limitNanoUsd: 1_000_000_000n,
        spentNanoUsd: 950_000_000n,
        detail: 'Budget "cap" (owner: team): $0.95 of $1.00 is spent; this call may cost up to $0.06.',
      },
    });
  });

  it('near the cap tells the owner once and makes the instance hard', async () => {
    const world = await worldOf(CAP);
    await spend(world, 950_000);
    await ask(world, attempt(60_000));
    await ask(world, attempt(70_000));
    const { items } = await world.enforcer.alerts({ limit: 10 });
    expect(items.map(({ kind }) => kind)).toEqual(['denied']);
    expect(await standing(world, 'cap')).toEqual(['cap 950000/0/0 hard']);
  });

  it('far below the cap tells nobody: only this call is too large', async () => {
    const world = await worldOf(CAP);
    expect(await ask(world, attempt(1_000_001))).toBe('exhausted');
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/0 ok']);
    expect((await world.enforcer.alerts({ limit: 10 })).items).toEqual([]);
  });

  it('of a pause lasts until the window ends', async () => {
    const world = await worldOf('budgets: [{ name: p, owner: team, window: day, limit: 1, hard: pause }]\n');
    const answer = await world.enforcer.reserve(attempt(1_000_001), NOBODY, {
      signal: AbortSignal.abort(),
      onWait() {},
    });
    expect(answer).toMatchObject({ denied: { action: 'pause', retryAfterMs: 12 * 3_600_000 } });
    world.pass(12 * 3_600_000);
    expect(await ask(world, attempt(1_000_000))).toBe('allow');
  });

  it('is by the strictest of several budgets', async () => {
    const world = await worldOf(`
budgets:
  - { name: pausing, owner: team, window: day, limit: 0.5, hard: pause }
  - { name: blocking, owner: team, window: day, limit: 0.6, hard: block }
`);
    const impatient = { signal: AbortSignal.abort(), onWait() {} };
    const both = await world.enforcer.reserve(attempt(700_000), NOBODY, impatient);
    expect(both).toMatchObject({ denied: { budget: 'blocking', action: 'block' } });
    const one = await world.enforcer.reserve(attempt(550_000), NOBODY, impatient);
    expect(one).toMatchObject({ denied: { budget: 'pausing', action: 'pause' } });
  });
});

describe('several budgets on one call', () => {
  const TWO = `
budgets:
  - { name: small, owner: team, match: { team: a }, window: day, limit: 0.1, hard: block }
  - { name: large, owner: team, window: day, limit: 1, hard: block }
`;
  it('are held together or not at all', async () => {
    const world = await worldOf(TWO);
    expect(await ask(world, attempt(200_000, { attribution: { team: 'a' } }))).toBe('exhausted');
    expect(await standing(world, 'large')).toEqual(['large 0/0/0 ok']);
    expect(await ask(world, attempt(100_000, { attribution: { team: 'a' } }))).toBe('allow');
    expect(await standing(world, 'large')).toEqual(['large 0/100000/0 ok']);
  });
});

describe('a conditional stop', () => {
  it('pauses batch before production is touched', async () => {
    const world = await worldOf(`
budgets:
  - name: staged
    owner: team
    window: day
    limit: 1
    thresholds: [{ at: 80%, when: { workflow: batch }, action: pause }]
    hard: block
`);
    await spend(world, 750_000);
    expect(await ask(world, attempt(100_000, { attribution: { workflow: 'batch' } }))).toBe('exhausted');
    expect(await ask(world, attempt(100_000, { attribution: { workflow: 'chat' } }))).toBe('allow');
  });
});

describe('a downgrade', () => {
  const DOWNGRADE = `
budgets:
  - name: d
    owner: team
    window: day
    limit: 1
    thresholds: [{ at: 90%, action: downgrade, models: { round-large: round-small }, max_output_tokens: 1000 }]
    hard: block
`;
  it('rewrites the call from its threshold on, and holds the rewritten one', async () => {
    const world = await worldOf(DOWNGRADE);
    expect(await ask(world, attempt(1, { model: 'round-large' }))).toBe('allow');
    await spend(world, 900_000);
    const request = attempt(50_000, { model: 'round-large' });
    const answer = await world.enforcer.reserve(request, NOBODY, { signal: AbortSignal.abort(), onWait() {} });
    const granted = {
      decision: 'downgrade',
      budget: 'd',
      amount: '1000000',
      rewrite: { model: 'round-small', max_output_tokens: 1000 },
    };
    expect(answer).toMatchObject({ granted, replayed: false });
    const again = await world.enforcer.reserve(request, NOBODY, { signal: AbortSignal.abort(), onWait() {} });
    expect(again).toMatchObject({ granted, replayed: true });
  });

  it('does not help when the rewritten call does not fit either', async () => {
    const world = await worldOf(DOWNGRADE);
    await spend(world, 999_500);
    expect(await ask(world, attempt(50_000, { model: 'round-large' }))).toBe('exhausted');
  });
});

describe('a budget that does not act', () => {
  it('in shadow counts, tells and never stops', async () => {
    const world = await worldOf(
      'budgets: [{ name: s, owner: team, window: day, limit: 0.001, hard: block, shadow: true }]\n',
    );
    await spend(world, 5_000);
    expect(await standing(world, 's')).toEqual(['s 5000/0/0 hard']);
    const { items } = await world.enforcer.alerts({ limit: 10 });
    expect(items.map(({ kind, shadow }) => [kind, shadow])).toEqual([['threshold', true]]);
  });

  it('soft only tells at each threshold once and never stops', async () => {
    const world = await worldOf('budgets: [{ name: s, owner: team, window: day, limit: 1, soft: [50%, 75%, 90%] }]\n');
    for (let call = 0; call < 12; call += 1) await spend(world, 100_000);
    const { items } = await world.enforcer.alerts({ limit: 10 });
    expect(items.map(({ thresholdBasisPoints }) => thresholdBasisPoints)).toEqual([5000, 7500, 9000]);
    expect(await standing(world, 's')).toEqual(['s 1200000/0/0 soft']);
  });
});

describe('waiting', () => {
  it('ends with a grant when a live hold ends', async () => {
    const world = await worldOf(CAP);
    const first = attempt(900_000);
    await ask(world, first);
    let waits = 0;
    const patience = { signal: new AbortController().signal, onWait: () => (waits += 1) };
    const second = world.enforcer.reserve(attempt(900_000), NOBODY, patience);
    await new Promise((resolve) => setImmediate(resolve));
    await world.enforcer.settle(first.attempt_id, used(50_000), NOBODY);
    expect(await second).toMatchObject({ granted: { decision: 'allow' } });
    expect(waits).toBe(1);
  });

  it('ends with 429 after max_wait', async () => {
    const world = await worldOf(CAP.replace('1s', '20ms'));
    await ask(world, attempt(900_000));
    expect(await ask(world, attempt(900_000))).toBe('contended');
    expect(world.enforcer.waitingCount?.()).toBe(0);
  });

  it('ends when the caller goes away, and holds nothing', async () => {
    const world = await worldOf(CAP);
    const first = attempt(900_000);
    await ask(world, first);
    const leaving = new AbortController();
    const second = world.enforcer.reserve(attempt(800_000), NOBODY, { signal: leaving.signal, onWait() {} });
    await new Promise((resolve) => setImmediate(resolve));
    leaving.abort();
    expect(await second).toMatchObject({ denied: { code: 'contended' } });
    await world.enforcer.release(first.attempt_id, NOBODY);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/0 ok']);
  });

  it('ends with a denial when the money is gone meanwhile', async () => {
    const world = await worldOf(CAP);
    const first = attempt(900_000);
    await ask(world, first);
    const second = ask(world, attempt(900_000));
    await new Promise((resolve) => setImmediate(resolve));
    await world.enforcer.settle(first.attempt_id, used(900_000), NOBODY);
    expect(await second).toBe('exhausted');
  });

  it('does not hold up a reload, and follows the new config', async () => {
    const world = await worldOf(CAP);
    await ask(world, attempt(900_000));
    const second = ask(world, attempt(900_000));
    await new Promise((resolve) => setImmediate(resolve));
    const { configOf } = await import('./world.ts');
    await world.enforcer.reload(configOf(CAP.replace('limit: 1', 'limit: 2')), 'test');
    expect(await second).toBe('allow');
  });

  it('ends with NotReady when the server shuts down', async () => {
    const world = await worldOf(CAP);
    await ask(world, attempt(900_000));
    const second = ask(world, attempt(900_000));
    await new Promise((resolve) => setImmediate(resolve));
    await world.enforcer.close();
    await expect(second).rejects.toThrow('shutting down');
    await expect(ask(world, attempt(1))).rejects.toThrow('shutting down');
  });

  it('lets a hundred concurrent attempts through a cap that fits ten at a time, never over it', async () => {
    const world = await worldOf(CAP.replace('1s', '10s'));
    let most = 0n;
    const run = async (): Promise<string> => {
      const request = attempt(100_000);
      const answer = await ask(world, request);
      const [view] = await world.enforcer.budgets();
      const total = view!.spentNanoUsd + view!.reservedNanoUsd;
      if (total > most) most = total;
      if (answer === 'allow') await world.enforcer.settle(request.attempt_id, used(9_000), NOBODY);
      return answer;
    };
    const answers = await Promise.all(Array.from({ length: 100 }, run));
    expect(new Set(answers)).toEqual(new Set(['allow']));
    expect(most).toBeLessThanOrEqual(1_000_000_000n);
    expect(await standing(world, 'cap')).toEqual(['cap 900000/0/0 soft'].map((line) => line.replace('soft', 'ok')));
  });
});

describe('a token', () => {
  const token = (more: object) => ({
    name: 'ci',
    token: { name: 'ci', role: 'client' as const, secret: { env: 'X' }, pins: {}, ...more },
  });
  it('pins a dimension: it is taken, and another claim is refused', async () => {
    const world = await worldOf(CAP.replace('owner: team', 'owner: team, per: [team]'));
    const principal = token({ pins: { team: 'support' } });
    await world.enforcer.openSession({ session: 's2', attribution: {} }, principal);
    expect(await ask(world, attempt(10, { session: 's2' }), principal)).toBe('allow');
    expect(await standing(world, 'cap')).toEqual(['cap{team=support} 0/10/0 ok']);
    const liar = attempt(10, { session: 's2', attribution: { team: 'search' } });
    expect(await ask(world, liar, principal)).toBe('403 attribution-refused');
  });

  it('may say only what `may_assert` lists', async () => {
    const world = await worldOf(CAP);
    const principal = token({ mayAssert: ['workflow'] });
    await world.enforcer.openSession({ session: 's2', attribution: {} }, principal);
    const asks = (attribution: object) => ask(world, attempt(1, { session: 's2', attribution }), principal);
    expect(await asks({ workflow: 'chat' })).toBe('allow');
    expect(await asks({ team: 'search' })).toBe('403 attribution-refused');
  });

  it('cannot use the session of another', async () => {
    const world = await worldOf(CAP);
    expect(await ask(world, attempt(1), token({}))).toBe('403 foreign-session');
    expect(await world.enforcer.endSession('s1', token({}))).toMatchObject({ refused: { status: 403 } });
  });

  it('holds no more than its share of the headroom', async () => {
    const world = await worldOf(CAP.replace('1s', '20ms'));
    const principal = token({ maxShareBasisPoints: 2000 });
    await world.enforcer.openSession({ session: 's2', attribution: {} }, principal);
    const first = attempt(150_000, { session: 's2' });
    expect(await ask(world, first, principal)).toBe('allow');
    expect(await ask(world, attempt(60_000, { session: 's2' }), principal)).toBe('contended');
    expect(await ask(world, attempt(600_000))).toBe('allow');
    await report(world, [ended(first, 'released')], principal);
    expect(await ask(world, attempt(60_000, { session: 's2' }), principal)).toBe('allow');
  });
});
