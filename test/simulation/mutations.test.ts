import { expect, it } from 'vitest';
import { MUTATIONS, type Mutation } from './mutations.ts';
import { play } from './world.ts';

const SEEDS = 12;
const STEPS = 8_000;

/** The first world that shows the defect, within about a hundred thousand steps. */
async function firstViolation({ mutate, mutateLease }: Mutation) {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { violation } = await play({ seed, steps: STEPS, mutate, mutateLease });
    if (violation) return violation;
  }
  return undefined;
}

it.each(MUTATIONS)('the simulation finds $name', { timeout: 120_000 }, async (mutation) => {
  const violation = await firstViolation(mutation);
  expect(violation?.message).toMatch(mutation.noticed);
  expect(violation?.events.length).toBeGreaterThan(0);
});
