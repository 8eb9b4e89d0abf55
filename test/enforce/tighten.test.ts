import { describe, expect, it } from 'vitest';
import type { WireBound } from '../../src/protocol/wire.ts';
import { attempt, NOBODY, spend, worldOf } from './world.ts';

const CAP = `
budgets:
  - { name: cap, owner: team, window: month, limit: 1, hard: block }
limits: { max_wait: 0s }
`;

/** Whether the answer to a reservation says \`tighten\`, after so much was spent. */
async function answerTo(bound: WireBound, already = 0) {
  const world = await worldOf(CAP);
  if (already > 0) await spend(world, already);
  const patience = { signal: new AbortController().signal, onWait: () => {} };
  const answer = await world.enforcer.reserve(attempt(0, { bound }), NOBODY, patience);
  const alerts = world.happenings.flatMap((each) => (each.kind === 'alert' ? each.event.kind : []));
  if ('granted' in answer) return { told: 'granted', tighten: answer.granted.tighten, alerts };
  if ('denied' in answer) return { told: answer.denied.code, tighten: answer.denied.tighten, alerts };
  throw new Error(JSON.stringify(answer));
}

const input = (input_tokens: number, more: Partial<WireBound> = {}): WireBound => ({
  input_tokens,
  output_tokens: 0,
  ...more,
});

describe('a grant asks for a tighter bound', () => {
  it.each([
    ['when the worst case is more than a fiftieth of the headroom', input(20_001), 0, true],
    ['not while headroom is plentiful', input(20_000), 0, undefined],
    ['sooner as the headroom shrinks', input(10_001), 500_000, true],
    ['not when the input was counted', input(30_000, { counted: true }), 0, undefined],
    ['not when output makes nine tenths of it', input(3_000, { output_tokens: 28_000 }), 0, undefined],
    ['when input makes a tenth of it', input(4_000, { output_tokens: 28_000 }), 0, true],
  ])('%s', async (_, bound, already, tighten) => {
    expect(await answerTo(bound, already)).toMatchObject({ told: 'granted', tighten });
  });
});

describe('a denial', () => {
  it.each([
    ['asks for one that may fit', input(100_001), 'exhausted', true],
    ['asks for none where output alone is too much', input(50_000, { output_tokens: 150_000 }), 'exhausted', undefined],
    ['asks for none where the provider adds input', input(1, { unseen_input: true }), 'exhausted', undefined],
    ['asks for none where it was counted', input(100_001, { counted: true }), 'exhausted', undefined],
  ])('%s', async (_, bound, told, tighten) => {
    expect(await answerTo(bound, 900_000)).toMatchObject({ told, tighten });
  });

  it.each([
    ['tells the owner', input(100_001), ['threshold', 'denied']],
    [
      'tells nobody yet when the client comes again with a counted one',
      input(100_001, { countable: true }),
      ['threshold'],
    ],
    [
      'tells the owner when it has counted',
      input(100_001, { countable: true, counted: true }),
      ['threshold', 'denied'],
    ],
    [
      'tells the owner when counting would not help',
      input(1, { countable: true, output_tokens: 200_000 }),
      ['threshold', 'denied'],
    ],
  ])('%s', async (_, bound, alerts) => {
    const soft = await answerTo(bound, 950_000);
    expect(soft.told).toBe('exhausted');
    expect(soft.alerts.filter((kind) => kind === 'denied')).toEqual(alerts.filter((kind) => kind === 'denied'));
  });
});
