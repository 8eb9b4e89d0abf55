/** What an application with Google's SDK sees of a decision, in ESM, CommonJS and a bundle, of both majors. */
import { beforeAll, describe, expect, test } from 'vitest';
import { ATTR } from '../../../src/telemetry/names.ts';
import { REGISTER } from '../../support/run-app.ts';
import { app, contended, downgrade, IMPORT, useStage } from '../../support/stage.ts';
import { deny } from '../../support/stub-server.ts';

const stage = useStage();

interface Told {
  result?: unknown;
  error?: { class: string; name: string; status: number; message: string };
}

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const ran = await stage.run(args, env);
  return { ...ran, ...(ran.json as Told) };
}

interface Loaded {
  how: string;
  args: readonly string[];
  env?: Record<string, string>;
}

const ESM: Loaded = { how: 'ESM', args: [...IMPORT, app('google-call.mjs')] };
const ESM_2: Loaded = { how: 'ESM, major 2', args: [...IMPORT, app('google-call-2.mjs')] };

const refused = (message: string): unknown => ({
  error: { code: 402, message, details: [{ budget: 'support-production', alert_id: 'alert-1' }] },
});

async function expectSettledOnce({ args, env }: Loaded, WAY: string, output = 12): Promise<void> {
  const { result, stderr } = await run(args, { ...env, WAY });
  expect(result).toBeDefined();
  expect(stage.stub.reservations.map((one) => one.provider)).toEqual(['google']);
  expect(stage.stub.settlements).toHaveLength(1);
  expect(stage.stub.settlements[0]).toMatchObject({
    end: 'settled',
    measured: true,
    usage: { input_tokens: 40, output_tokens: output },
  });
  expect(stderr).toBe('');
}

async function expectDenied({ args, env }: Loaded, WAY: string): Promise<void> {
  stage.stub.decide = deny;
  const { error } = await run(args, { ...env, WAY });
  expect(error).toMatchObject({ name: 'ApiError', status: 402 });
  expect(JSON.parse(error!.message)).toMatchObject(
    refused('The call was not sent (exhausted). the month is spent') as object,
  );
  expect(stage.provider.seen).toEqual([]);
  expect(stage.stub.reservations).toHaveLength(1);
}

async function expectDowngraded({ args, env }: Loaded, WAY: string, verb: string): Promise<void> {
  stage.stub.decide = downgrade({ model: 'gemini-2.5-flash-lite', max_output_tokens: 20 });
  const { result } = await run(args, { ...env, WAY });
  expect(stage.provider.seen.map(({ body }) => body.generationConfig)).toEqual([{ maxOutputTokens: 20 }]);
  expect(stage.provider.seen[0]?.path).toMatch(new RegExp(`^/v1(beta)?/models/gemini-2.5-flash-lite:${verb}$`));
  expect(stage.stub.settlements.map(({ model, measured }) => [model, measured])).toEqual([
    ['gemini-2.5-flash-lite', true],
  ]);
  expect(result).toBeDefined();
}

describe.each([
  ESM,
  ESM_2,
  { how: 'CommonJS', args: [...IMPORT, app('google-call.cjs')], env: { SDK: '@google/genai' } },
  { how: 'CommonJS, major 2', args: [...IMPORT, app('google-call.cjs')], env: { SDK: 'google-genai-2' } },
  { how: 'require first', args: [app('google-call.cjs')], env: { SDK: '@google/genai', FIRST: REGISTER } },
] satisfies Loaded[])('Google’s SDK, $how', (loaded) => {
  test('is reserved, answered and settled once', () => expectSettledOnce(loaded, 'json'));
  test('denied, it throws its own error, and nothing is sent', () => expectDenied(loaded, 'json'));
  test('downgraded, it asks another model', () => expectDowngraded(loaded, 'json', 'generateContent'));
});

describe.each(['google-call.mjs', 'google-call-2.mjs'])('a bundle of %s', (entry) => {
  let loaded: Loaded;
  beforeAll(async () => {
    loaded = { how: 'bundle', args: [...IMPORT, await stage.bundle(entry)] };
  });
  test('is reserved, answered and settled once', () => expectSettledOnce(loaded, 'stream'));
  test('denied, it throws its own error, and nothing is sent', () => expectDenied(loaded, 'json'));
  test('downgraded, it asks another model', () => expectDowngraded(loaded, 'stream', 'streamGenerateContent'));
});

describe.each([ESM, ESM_2])('$how', (loaded) => {
  test('a stream that is denied', () => expectDenied(loaded, 'stream'));
  test('embeddings that are denied', () => expectDenied(loaded, 'embed'));
  test('embeddings', () => expectSettledOnce(loaded, 'embed', 0));
  test('a stream that is downgraded', () => expectDowngraded(loaded, 'stream', 'streamGenerateContent'));

  test('an interaction that is denied throws its own error, and nothing is sent', async () => {
    stage.stub.decide = deny;
    const { error } = await run(loaded.args, { WAY: 'interaction' });
    expect(error).toMatchObject({
      name: 'APIError',
      status: 402,
      message: '402 The call was not sent (exhausted). the month is spent',
    });
    expect(stage.provider.seen).toEqual([]);
    expect(stage.stub.reservations).toHaveLength(1);
  });

  test('an interaction that is downgraded asks another model', async () => {
    stage.stub.decide = downgrade({ model: 'gemini-2.5-flash' });
    await run(loaded.args, { WAY: 'interaction' });
    expect(stage.provider.seen.map(({ body }) => body.model)).toEqual(['gemini-2.5-flash']);
    expect(stage.stub.settlements.map(({ model, measured }) => [model, measured])).toEqual([
      ['gemini-2.5-flash', true],
    ]);
  });

  test('denied for now, it is not tried again where the caller asked for retries', async () => {
    stage.stub.decide = () => contended(7);
    const { error } = await run(loaded.args, { RETRIES: 'yes' });
    expect(error).toMatchObject({ status: 402 });
    expect(JSON.parse(error!.message)).toMatchObject({ error: { details: [{ code: 'contended', retry_after: 7 }] } });
    expect(stage.provider.seen).toEqual([]);
    expect(stage.stub.reservations).toHaveLength(1);
  });
});

test('a downgrade of plain fetch with a Request changes its path and keeps the rest', async () => {
  stage.stub.decide = downgrade({ model: 'gemini-2.5-flash-lite' });
  const script = `
    const body = JSON.stringify({ contents: [{ parts: [{ text: 'hi' }] }] });
    const headers = { 'x-goog-api-key': 'AIza-secret', 'x-own': 'kept' };
    const url = '${stage.provider.url}/v1beta/models/gemini-2.5-pro:generateContent?key=k';
    for (const input of [new Request(url, { method: 'POST', headers, body }), new URL(url)]) {
      const init = input instanceof URL ? { method: 'POST', headers, body } : undefined;
      await (await fetch(input, init)).json();
    }
    console.log('{}');`;
  await run([...IMPORT, '--input-type=module', '--eval', script]);
  expect(stage.provider.seen.map(({ path, headers }) => [path, headers['x-own']])).toEqual([
    ['/v1beta/models/gemini-2.5-flash-lite:generateContent', 'kept'],
    ['/v1beta/models/gemini-2.5-flash-lite:generateContent', 'kept'],
  ]);
});

interface Span {
  name: string;
  parent?: string;
  id: string;
  status: number;
  attributes: Record<string, unknown>;
}

test.each(['@google/genai', 'google-genai-2'])(
  '%s: one span a call with its retries, under the caller’s',
  async (SDK) => {
    const { json, stderr } = await run([...IMPORT, app('google-otel.mjs')], { SDK });
    expect(stderr).toBe('');
    const spans = json as Span[];
    const parent = spans.find(({ name }) => name === 'parent');
    const calls = spans.filter((span) => span.parent === parent?.id);
    const brief = calls.map(({ name, status, attributes }) => [
      name,
      status,
      attributes[ATTR.attempts],
      attributes[ATTR.errorType],
      attributes[ATTR.usageInputTokens],
      attributes[ATTR.usageOutputTokens],
    ]);
    const name = 'generate_content gemini-2.5-flash';
    expect(brief).toEqual([
      [name, 0, 1, undefined, 40, 12],
      [name, 0, 1, undefined, 40, 12],
      [name, 0, 2, undefined, 40, 12],
      [name, 2, 1, '400', undefined, undefined],
    ]);
  },
);
