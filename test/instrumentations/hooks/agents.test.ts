/** What @openai/agents knows of a call: the agent that it is made for. */
import { describe, expect, test } from 'vitest';
import { app, IMPORT, useStage } from '../../support/stage.ts';

describe('calls of @openai/agents', () => {
  const stage = useStage();

  test.each([
    ['@openai/agents', 'off'],
    ['@openai/agents', 'on'],
    ['openai-agents-0.19', 'off'],
    ['openai-agents-0.19', 'on'],
  ])('%s with its tracing %s: the agent is known unless the application says another', async (PACKAGE, TRACING) => {
    const { code, stderr } = await stage.run([...IMPORT, app('agents-named.mjs')], { PACKAGE, TRACING });
    const agents = Object.groupBy(stage.stub.reservations, ({ attribution }) => attribution.workflow ?? '');
    const named = Object.entries(agents).map(([workflow, all]) => [
      workflow,
      (all ?? []).map(({ attribution }) => attribution.agent),
    ]);
    expect(Object.fromEntries(named)).toEqual({
      handoff: ['triage', 'refunds'],
      parallel: expect.toSatisfy((both: string[]) => both.toSorted().join() === 'refunds,sales'),
      named: ['mine'],
      unprintable: [undefined],
      outside: [undefined],
    });
    expect(code).toBe(0);
    expect(stderr).toBe('spendfuse: the value of "agent" is left out: use 1 to 256 printable characters\n');
  });
});
