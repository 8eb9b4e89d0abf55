import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReservationReply, ReservationRequest } from '../../src/protocol/wire.ts';
import { ask, attempt, configOf, NOBODY, spend, standing, used, type World, worldOf } from './world.ts';

/** One dollar a month is a million output tokens. */
const CAP = `
budgets:
  - { name: cap, owner: team, window: month, limit: 1, hard: block, clamp_output: true }
limits: { max_wait: 0s }
`;

/** Everything that can happen by itself has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function granted(world: World, request: ReservationRequest): Promise<ReservationReply> {
  const patience = { signal: new AbortController().signal, onWait: () => {} };
  const answer = await world.enforcer.reserve(request, NOBODY, patience);
  if (!('granted' in answer)) throw new Error(JSON.stringify(answer));
  return answer.granted;
}

describe('where the whole output does not fit', () => {
  it('it is shortened to what the budget can still pay for', async () => {
    const world = await worldOf(CAP);
    await spend(world, 600_000);
    const reply = await granted(world, attempt(500_000));
    expect(reply).toMatchObject({
      decision: 'downgrade',
      budget: 'cap',
      amount: '400000000',
      rewrite: { max_output_tokens: 400_000 },
    });
    expect(await standing(world, 'cap')).toEqual(['cap 600000/400000/0 ok']);
  });

  it('after the input is paid for', async () => {
    const world = await worldOf(CAP);
    const bound = { input_tokens: 900_000, output_tokens: 500_000 };
    expect((await granted(world, attempt(0, { bound }))).rewrite).toEqual({ max_output_tokens: 100_000 });
  });

  it('and divided among the choices', async () => {
    const world = await worldOf(CAP);
    const bound = { input_tokens: 0, output_tokens: 3_000_000, choices: 3 };
    const reply = await granted(world, attempt(0, { bound }));
    expect([reply.rewrite, reply.amount]).toEqual([{ max_output_tokens: 333_333 }, '999999000']);
  });

  it('also where the request names no limit of its own', async () => {
    const world = await worldOf(CAP.replace('limit: 1', 'limit: 0.01'));
    const bound = { input_tokens: 0 };
    expect((await granted(world, attempt(0, { bound }))).rewrite).toEqual({ max_output_tokens: 10_000 });
  });

  it('is answered the same when it is asked again', async () => {
    const world = await worldOf(CAP);
    await spend(world, 600_000);
    const request = attempt(500_000);
    const first = await granted(world, request);
    await spend(world, 0);
    expect(await granted(world, request)).toEqual(first);
  });

  it('goes with a cheaper model that another threshold asks for', async () => {
    const world = await worldOf(
      CAP.replace(
        'hard: block',
        'hard: block, thresholds: [{ at: 50%, action: downgrade, models: { round: round-mini } }]',
      ),
    );
    await spend(world, 600_000);
    const rewrite = { model: 'round-mini', max_output_tokens: 400_000 };
    expect((await granted(world, attempt(500_000))).rewrite).toEqual(rewrite);
  });
});

describe('it is not shortened', () => {
  const exhausted: [string, number, Partial<ReservationRequest>][] = [
    ['below the least of use', 999_800, { bound: { input_tokens: 0, output_tokens: 1_000 } }],
    [
      'below the least of use for each choice',
      999_000,
      { bound: { input_tokens: 0, output_tokens: 9_000, choices: 4 } },
    ],
    ['when it asks for less than that by itself', 999_950, { bound: { input_tokens: 0, output_tokens: 100 } }],
    ['when the input alone is too much', 500_000, { bound: { input_tokens: 600_000, output_tokens: 1_000 } }],
    ['when there is none (embeddings)', 500_000, { bound: { input_tokens: 600_000, output_tokens: 0 } }],
  ];
  it.each(exhausted)('%s', async (_, already, more) => {
    const world = await worldOf(CAP);
    await spend(world, already);
    expect(await ask(world, attempt(0, more))).toBe('exhausted');
  });

  it('when one budget in the way does not allow it', async () => {
    const other = '  - { name: other, owner: team, window: day, limit: 0.5, hard: block }\n';
    const world = await worldOf(CAP.replace('limits:', `${other}limits:`));
    const answer = await ask(world, attempt(1_500_000));
    expect(answer).toBe('exhausted');
    // Where the other one has room for what the first can pay for, it is not in the way.
    await spend(world, 400_000);
    const roomy = await worldOf(CAP.replace('limits:', `${other.replace('0.5', '5')}limits:`));
    await spend(roomy, 600_000);
    expect(await ask(roomy, attempt(1_500_000))).toBe('downgrade');
  });

  it('when the budget does not say so', async () => {
    const world = await worldOf(CAP.replace(', clamp_output: true', ''));
    await spend(world, 600_000);
    expect(await ask(world, attempt(500_000))).toBe('exhausted');
  });
});

describe('budgets that each can pay for less', () => {
  it('shorten it to the least of them, and not below what one of them finds of use', async () => {
    const two = (least: number) =>
      CAP.replace(
        'limits:',
        `  - { name: day, owner: team, window: day, limit: 0.4, hard: block, clamp_output: { at_least: ${least} } }\nlimits:`,
      );
    const world = await worldOf(two(1));
    expect((await granted(world, attempt(2_000_000))).rewrite).toEqual({ max_output_tokens: 400_000 });
    expect(await ask(await worldOf(two(500_000)), attempt(2_000_000))).toBe('exhausted');
  });
});

describe('where only live holds are in the way', () => {
  it('it waits first, and is shortened when it has waited long enough', async () => {
    const world = await worldOf(CAP);
    const running = attempt(700_000);
    await ask(world, running);
    // max_wait is 0: the first try fails, then its time is up.
    const reply = await granted(world, attempt(500_000));
    expect(reply.rewrite).toEqual({ max_output_tokens: 300_000 });
  });

  it('it takes half of what it might have later, and waits where there is less', async () => {
    const world = await worldOf(CAP.replace('max_wait: 0s', 'max_wait: 60s'));
    await spend(world, 400_000);
    const running = attempt(200_000);
    await ask(world, running);
    const half = attempt(700_000);
    expect((await granted(world, half)).rewrite).toEqual({ max_output_tokens: 400_000 });
    const waiting = granted(world, attempt(700_000));
    await settled();
    expect(world.enforcer.waitingCount?.()).toBe(1);
    await world.enforcer.settle(running.attempt_id, used(50_000), NOBODY);
    await settled();
    // 150,000 are free now, and 550,000 may be when the other one has ended.
    expect(world.enforcer.waitingCount?.()).toBe(1);
    await world.enforcer.settle(half.attempt_id, used(100_000), NOBODY);
    expect((await waiting).rewrite).toEqual({ max_output_tokens: 450_000 });
  });

  it('it waits for them, though the whole will never fit', async () => {
    const world = await worldOf(CAP.replace('max_wait: 0s', 'max_wait: 60s'));
    await spend(world, 500_000);
    const running = attempt(500_000);
    await ask(world, running);
    const waiting = granted(world, attempt(600_000));
    await settled();
    expect(world.enforcer.waitingCount?.()).toBe(1);
    await world.enforcer.settle(running.attempt_id, used(100_000), NOBODY);
    expect((await waiting).rewrite).toEqual({ max_output_tokens: 400_000 });
  });
});

it('whatever is spent, held and asked for, nothing is held beyond the cap', async () => {
  const steps = fc.array(
    fc.record({
      input: fc.nat(200_000),
      output: fc.nat(600_000),
      choices: fc.integer({ min: 1, max: 4 }),
      used: fc.nat(100),
    }),
    { maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (calls) => {
      const world = await worldOf(CAP);
      for (const { input, output, choices, used: share } of calls) {
        const bound = { input_tokens: input, output_tokens: output * choices, choices };
        const request = attempt(0, { bound });
        const answer = await world.enforcer.reserve(request, NOBODY, PATIENCE);
        if (!('granted' in answer)) continue;
        const most = answer.granted.rewrite?.max_output_tokens ?? output;
        expect(most).toBeLessThanOrEqual(output);
        if (answer.granted.rewrite) expect(most).toBeGreaterThanOrEqual(256);
        expect(BigInt(answer.granted.amount)).toBe(BigInt(input + most * choices) * 1_000n);
        const [view] = await world.enforcer.budgets();
        expect(view!.spentNanoUsd + view!.reservedNanoUsd).toBeLessThanOrEqual(1_000_000_000n);
        const tokens = Math.floor((most * choices * share) / 100);
        await world.enforcer.settle(request.attempt_id, used(tokens), NOBODY);
      }
    }),
    { numRuns: 60 },
  );
});

const PATIENCE = { signal: new AbortController().signal, onWait: () => {} };

it('is a term that a reload brings into force', async () => {
  const world = await worldOf(CAP.replace(', clamp_output: true', ''));
  await spend(world, 600_000);
  expect(await ask(world, attempt(500_000))).toBe('exhausted');
  await world.enforcer.reload(configOf(CAP), 'x');
  expect(await ask(world, attempt(500_000))).toBe('downgrade');
});
