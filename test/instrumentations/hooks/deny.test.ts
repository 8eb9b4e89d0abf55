/** What an application sees of a decision, and that a denied call never leaves the process. */
import { beforeEach, describe, expect, test } from 'vitest';
import { REGISTER } from '../../support/run-app.ts';
import { app, contended, downgrade, IMPORT, useStage } from '../../support/stage.ts';
import { allow, deny } from '../../support/stub-server.ts';

const stage = useStage();

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const ran = await stage.run(args, env);
  return { ...ran, ...(ran.json as { result?: Record<string, unknown>; error?: Record<string, unknown> }) };
}

describe('a denied call', () => {
  beforeEach(() => {
    stage.stub.decide = deny;
  });

  test.each(['openai', 'anthropic'])(
    'of %s throws a BudgetExceededError, unwrapped and without a retry',
    async (SDK) => {
      const { error } = await run([...IMPORT, app('one-call.mjs')], { SDK });
      expect(error).toEqual({
        class: 'BudgetExceededError',
        name: 'BudgetExceededError',
        message: 'The call was not sent (exhausted). the month is spent',
        status: 402,
        code: 'exhausted',
        budget: 'support-production',
        state: 'hard',
        action: 'block',
        alertId: 'alert-1',
        userMessage: 'This feature has reached its spending limit.',
      });
      expect(stage.provider.seen).toEqual([]);
      expect(stage.stub.reservations).toHaveLength(1);
    },
  );

  test('of plain fetch is a 402 that no SDK retries', async () => {
    const { result } = await run([...IMPORT, app('one-call.mjs')], { SDK: 'fetch' });
    expect(result).toMatchObject({
      status: 402,
      headers: { 'x-should-retry': 'false', 'spendfuse-budget': 'support-production', 'spendfuse-decision': 'block' },
      body: {
        error: { type: 'budget_exceeded', code: 'exhausted', budget: 'support-production', alert_id: 'alert-1' },
      },
    });
    expect(stage.provider.seen).toEqual([]);
  });

  test('that may be tried later is a 429 with the seconds to wait', async () => {
    stage.stub.decide = () => contended(7);
    const thrown = await run([...IMPORT, app('one-call.mjs')]);
    expect(thrown.error).toMatchObject({ status: 429, code: 'contended', retryAfter: 7 });
    const answered = await run([...IMPORT, app('one-call.mjs')], { SDK: 'fetch' });
    expect(answered.result).toMatchObject({ status: 429, headers: { 'retry-after': '7', 'x-should-retry': 'false' } });
    expect(stage.provider.seen).toEqual([]);
  });

  test('in a bundle surfaces as the SDK’s own error, after one attempt', async () => {
    const { error } = await run([...IMPORT, await stage.bundle('one-call.mjs')]);
    expect(error).toMatchObject({
      class: expect.stringMatching('APIError'),
      status: 402,
      code: 'exhausted',
      type: 'budget_exceeded',
    });
    expect(stage.provider.seen).toEqual([]);
    expect(stage.stub.reservations).toHaveLength(1);
  });
});

describe('however it is loaded', () => {
  test.each([
    { way: '--import, ESM', args: [...IMPORT, app('one-call.mjs')] },
    { way: '--import, CommonJS', args: [...IMPORT, app('one-call.cjs')] },
    { way: '--require, ESM', args: ['--require', REGISTER, app('one-call.mjs')] },
    { way: '--require, CommonJS', args: ['--require', REGISTER, app('one-call.cjs')] },
    { way: 'require first', args: [app('one-call.cjs')], env: { FIRST: REGISTER } },
    { way: 'require after the SDK', args: [app('late.cjs')], env: { FIRST: REGISTER } },
    { way: '--import twice', args: [...IMPORT, '--require', REGISTER, app('one-call.mjs')] },
  ])('$way: a call is reserved, answered and settled once', async ({ args, env }) => {
    const { result, stderr } = await run(args, env);
    expect(result).toMatchObject({ id: 'chatcmpl-1' });
    expect(stage.stub.reservations).toHaveLength(1);
    expect(stage.stub.settlements).toHaveLength(1);
    expect(stage.stub.settlements[0]).toMatchObject({ end: 'settled', measured: true });
    expect(stderr).not.toMatch(/spendfuse/);
    stage.stub.decide = deny;
    expect((await run(args, env)).error).toMatchObject({ class: 'BudgetExceededError' });
  });
});

describe('a downgrade', () => {
  test.each(['openai', 'fetch', 'anthropic'])('of %s is sent in place of what was asked for', async (SDK) => {
    stage.stub.decide = downgrade({ model: 'gpt-4.1-mini', max_output_tokens: 20 });
    await run([...IMPORT, app('one-call.mjs')], { SDK });
    expect(stage.provider.seen.map(({ body }) => [body.model, body.max_tokens])).toEqual([['gpt-4.1-mini', 20]]);
    expect(stage.stub.settlements.map(({ model }) => model)).toEqual(['gpt-4.1-mini']);
  });
});

describe('waiting in the queue', () => {
  test('goes on for as long as the server says that it is at work', async () => {
    stage.stub.decide = (request) => ({ ...allow(request), processing: true, afterMs: 600 });
    const { result, stderr } = await run([...IMPORT, app('one-call.mjs')]);
    expect(result).toMatchObject({ id: 'chatcmpl-1' });
    expect(stderr).not.toMatch(/unreachable/);
    expect(stage.stub.settlements[0]).not.toHaveProperty('bound');
  });
});
