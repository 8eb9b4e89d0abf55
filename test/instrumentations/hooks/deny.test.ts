/** What an application sees of a decision, and that a denied call never leaves the process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startProvider, type TestProvider } from '../../support/provider.ts';
import { REGISTER, runApp } from '../../support/run-app.ts';
import { allow, deny, type StubServer, startStub } from '../../support/stub-server.ts';

const app = (name: string): string => fileURLToPath(new URL(`../../support/apps/${name}`, import.meta.url));
const IMPORT = ['--import', REGISTER];

let provider: TestProvider;
let stub: StubServer;
let folder: string;

beforeAll(async () => {
  provider = await startProvider();
  folder = mkdtempSync(join(tmpdir(), 'spendfuse-bundle-'));
});
beforeEach(async () => {
  await stub?.stop();
  stub = await startStub();
  provider.seen.length = 0;
});
afterAll(async () => {
  await provider.stop();
  await stub.stop();
  rmSync(folder, { recursive: true });
});

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const ran = await runApp({ args, env: { PROVIDER: provider.url, SPENDFUSE_ENDPOINT: stub.url, ...env } });
  return { ...ran, ...(ran.json as { result?: Record<string, unknown>; error?: Record<string, unknown> }) };
}

describe('a denied call', () => {
  beforeEach(() => {
    stub.decide = deny;
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
      expect(provider.seen).toEqual([]);
      expect(stub.reservations).toHaveLength(1);
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
    expect(provider.seen).toEqual([]);
  });

  test('that may be tried later is a 429 with the seconds to wait', async () => {
    stub.decide = () => {
      const { body } = deny();
      return { status: 429, body: { ...(body as object), status: 429, code: 'contended', retry_after: 7 } };
    };
    const thrown = await run([...IMPORT, app('one-call.mjs')]);
    expect(thrown.error).toMatchObject({ status: 429, code: 'contended', retryAfter: 7 });
    const answered = await run([...IMPORT, app('one-call.mjs')], { SDK: 'fetch' });
    expect(answered.result).toMatchObject({ status: 429, headers: { 'retry-after': '7', 'x-should-retry': 'false' } });
    expect(provider.seen).toEqual([]);
  });

  test('in a bundle surfaces as the SDK’s own error, after one attempt', async () => {
    const outfile = join(folder, 'bundle.mjs');
    const banner = {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    };
    await build({ entryPoints: [app('one-call.mjs')], bundle: true, platform: 'node', format: 'esm', outfile, banner });
    const { error } = await run([...IMPORT, outfile]);
    expect(error).toMatchObject({
      class: expect.stringMatching('APIError'),
      status: 402,
      code: 'exhausted',
      type: 'budget_exceeded',
    });
    expect(provider.seen).toEqual([]);
    expect(stub.reservations).toHaveLength(1);
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
    expect(stub.reservations).toHaveLength(1);
    expect(stub.settlements).toHaveLength(1);
    expect(stub.settlements[0]).toMatchObject({ end: 'settled', measured: true });
    expect(stderr).not.toMatch(/spendfuse/);
    stub.decide = deny;
    expect((await run(args, env)).error).toMatchObject({ class: 'BudgetExceededError' });
  });
});

describe('a downgrade', () => {
  test.each(['openai', 'fetch', 'anthropic'])('of %s is sent in place of what was asked for', async (SDK) => {
    stub.decide = (request) => {
      const { status, body } = allow(request);
      const rewrite = { model: 'gpt-4.1-mini', max_output_tokens: 20 };
      return { status, body: { ...(body as object), decision: 'downgrade', budget: 'b', rewrite } };
    };
    await run([...IMPORT, app('one-call.mjs')], { SDK });
    expect(provider.seen.map(({ body }) => [body.model, body.max_tokens])).toEqual([['gpt-4.1-mini', 20]]);
    expect(stub.settlements.map(({ model }) => model)).toEqual(['gpt-4.1-mini']);
  });
});

describe('waiting in the queue', () => {
  test('goes on for as long as the server says that it is at work', async () => {
    stub.decide = (request) => ({ ...allow(request), processing: true, afterMs: 600 });
    const { result, stderr } = await run([...IMPORT, app('one-call.mjs')]);
    expect(result).toMatchObject({ id: 'chatcmpl-1' });
    expect(stderr).not.toMatch(/unreachable/);
    expect(stub.settlements[0]).not.toHaveProperty('bound');
  });
});
