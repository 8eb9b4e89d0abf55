import { expect, it } from 'vitest';
import { attempt, NOBODY, type World, worldOf } from './world.ts';

const BUDGETS = 'budgets: [{ name: b, owner: team, per: [team], window: day, limit: 10, hard: { action: block } }]';

it('a server that was restarted while ledger time stood still names no slot as the life before it did', async () => {
  const before = await worldOf(BUDGETS);
  const old = await slotOf(before, 'ads');
  const after = await before.restart();
  expect(old).toBeDefined();
  expect(await slotOf(after, 'search')).not.toBe(old);
});

async function slotOf({ enforcer }: World, team: string): Promise<string | undefined> {
  const patience = { signal: new AbortController().signal, onWait: () => {} };
  const answer = await enforcer.reserve(attempt(10, { route: true, attribution: { team } }), NOBODY, patience);
  return 'granted' in answer ? answer.granted.route?.slots[0]?.slot : undefined;
}
