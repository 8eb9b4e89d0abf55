import { describe, expect, it } from 'vitest';
import type { Principal } from '../../src/enforce/enforcer.ts';
import { ask, attempt, NOBODY, spend, used, worldOf } from './world.ts';

/** Everything that can happen by itself has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** One dollar a month is a million output tokens. */
const config = (threshold = '') => `
budgets:
  - { name: cap, owner: team, window: month, limit: 1, hard: block${threshold} }
limits: { max_wait: 60s }
`;

describe('who waits in line', () => {
  it('below the lower cap of its workflow does not hold up those with a higher one', async () => {
    const world = await worldOf(config(', thresholds: [{ at: 50%, action: pause, when: { workflow: batch } }]'));
    const batch = { attribution: { workflow: 'batch' } };
    const running = attempt(400_000);
    await ask(world, running);
    const waiting = ask(world, attempt(200_000, batch));
    await settled();
    expect(world.enforcer.waitingCount?.()).toBe(1);
    await spend(world, 50_000);
    expect(world.enforcer.waitingCount?.()).toBe(1);
    await world.enforcer.settle(running.attempt_id, used(0), NOBODY);
    expect(await waiting).toBe('allow');
  });

  it('goes behind one with a higher cap, whose room it would take', async () => {
    const world = await worldOf(config(', thresholds: [{ at: 90%, action: pause, when: { workflow: batch } }]'));
    const running = attempt(500_000);
    await ask(world, running);
    const order: string[] = [];
    const large = ask(world, attempt(600_000)).then(() => order.push('large'));
    await settled();
    const small = ask(world, attempt(1_000, { attribution: { workflow: 'batch' } })).then(() => order.push('small'));
    await settled();
    expect(world.enforcer.waitingCount?.()).toBe(2);
    await world.enforcer.settle(running.attempt_id, used(0), NOBODY);
    await Promise.all([large, small]);
    expect(order).toEqual(['large', 'small']);
  });

  it('for the share of its own token lets all others pass', async () => {
    const world = await worldOf(config());
    const limited: Principal = {
      name: 'ci',
      token: { name: 'ci', role: 'client', secret: { env: 'X' }, pins: {}, maxShareBasisPoints: 1_000 },
    };
    await world.enforcer.openSession({ session: 's2', attribution: {} }, limited);
    const own = { session: 's2' };
    const running = attempt(90_000, own);
    expect(await ask(world, running, limited)).toBe('allow');
    const next = ask(world, attempt(50_000, own), limited);
    await settled();
    const small = ask(world, attempt(5_000, own), limited);
    await settled();
    expect(world.enforcer.waitingCount?.()).toBe(2);
    await spend(world, 800_000);
    expect(world.enforcer.waitingCount?.()).toBe(2);
    await world.enforcer.release(running.attempt_id, limited);
    await settled();
    // A tenth of what is left: 20,000. The first of them does not fit it, and the second waits behind it.
    expect(world.enforcer.waitingCount?.()).toBe(2);
    await world.enforcer.close();
    await Promise.allSettled([next, small]);
  });

  it('is not held up by those whose answer it does not share', async () => {
    const world = await worldOf(
      'budgets: [{ name: cap, owner: team, per: team, window: month, limit: 1, hard: block }]\nlimits: { max_wait: 60s }\n',
    );
    const of = (team: string) => ({ attribution: { team } });
    const running = attempt(1_000_000, of('a'));
    await ask(world, running);
    const waiting = Array.from({ length: 200 }, () => ask(world, attempt(1_000, of('a'))));
    await settled();
    expect(world.enforcer.waitingCount?.()).toBe(200);
    await spend(world, 1_000_000, of('b'));
    await world.enforcer.settle(running.attempt_id, used(0), NOBODY);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['allow']));
  });
});

describe('a downgrade of several choices', () => {
  it('is held for all of them', async () => {
    const world = await worldOf(
      config(', thresholds: [{ at: 10%, action: downgrade, max_output_tokens: 1000 }]').replace('60s', '0s'),
    );
    await spend(world, 200_000);
    const bound = { input_tokens: 0, output_tokens: 40_000, choices: 4 };
    const request = attempt(0, { bound });
    expect(await ask(world, request)).toBe('downgrade');
    const [hold] = await world.ledger.holds([request.attempt_id]);
    expect(hold!.amountNanoUsd).toBe(4_000_000n);
  });
});
