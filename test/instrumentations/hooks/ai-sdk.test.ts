/** What an application with the AI SDK sees of a decision, which of its requests are caught, and its own tracing beside ours. */
import { describe, expect, test } from 'vitest';
import { ATTR } from '../../../src/telemetry/names.ts';
import { brief } from '../../sdks/run.ts';
import { app, contended, downgrade, IMPORT, useStage } from '../../support/stage.ts';
import { deny } from '../../support/stub-server.ts';

const stage = useStage();

const MAJORS: Record<string, string>[] = [
  {
    AI: 'ai',
    OPENAI: '@ai-sdk/openai',
    ANTHROPIC: '@ai-sdk/anthropic',
    GOOGLE: '@ai-sdk/google',
    OTEL: '@ai-sdk/otel',
  },
  { AI: 'ai-6', OPENAI: 'ai-sdk-openai-3', ANTHROPIC: 'ai-sdk-anthropic-3', GOOGLE: 'ai-sdk-google-3' },
];

interface Told {
  result?: unknown;
  error?: unknown;
}

async function call(env: Record<string, string>, ...ways: string[]) {
  const { json, stderr } = await stage.run([...IMPORT, app('ai-call.mjs')], { ...env, WAYS: ways.join('|') });
  return { told: Object.values(json as Record<string, Told>), stderr };
}

const HOLDS = expect.stringMatching(/^The fuse holds/) as string;

const KINDS = [
  ...['chat', 'responses', 'anthropic', 'google'].flatMap((kind) => [kind, `${kind} stream`]),
  'openai embed',
  'google embed',
];

const CAUGHT = [
  'a fetch of its own over ours',
  'a fetch of its own with a Request',
  'a fetch that a framework put over ours',
  'a framework’s fetch with a Request',
  'a gateway',
  'a gateway below a path',
];

const REFUSED = { name: 'AI_APICallError', statusCode: 402, isRetryable: false };

describe.each(MAJORS)('$AI', (env) => {
  test('denied, each kind of call fails with its own error that says why; nothing is sent or tried again', async () => {
    stage.stub.decide = deny;
    const { told } = await call(env, ...KINDS);
    const message = 'The call was not sent (exhausted). the month is spent';
    const responseHeaders = { 'spendfuse-budget': 'support-production', 'spendfuse-decision': 'block' };
    expect(told).toMatchObject(
      KINDS.map(() => ({ error: { ...REFUSED, message, data: { error: { message } }, responseHeaders } })),
    );
    expect(stage.provider.seen).toEqual([]);
    expect(stage.stub.reservations).toHaveLength(KINDS.length);
  });

  test('denied for now, no kind of call is tried again', async () => {
    stage.stub.decide = () => contended();
    const { told } = await call(env, ...KINDS);
    expect(told).toMatchObject(KINDS.map(() => ({ error: REFUSED })));
    expect(stage.provider.seen).toEqual([]);
    expect(stage.stub.reservations).toHaveLength(KINDS.length);
  });

  test('denied, models of Vercel’s gateway fail with its own error', async () => {
    stage.stub.decide = () => contended();
    const ways = ['vercel', 'vercel stream', 'vercel embed'];
    const { told } = await call(env, ...ways);
    const refused = { name: 'GatewayForbiddenError', statusCode: 402, isRetryable: false };
    const message = expect.stringContaining('The call was not sent (contended)') as string;
    expect(told).toMatchObject(ways.map(() => ({ error: { ...refused, message } })));
    expect(stage.provider.seen).toEqual([]);
    expect(stage.stub.reservations).toHaveLength(ways.length);
  });

  test('downgraded, Vercel’s gateway is asked for another model in its header', async () => {
    stage.stub.decide = downgrade({ model: 'openai/gpt-4.1-mini', max_output_tokens: 20 });
    const { told } = await call(env, 'vercel stream');
    expect(told).toEqual([{ result: HOLDS }]);
    const [sent] = stage.provider.seen;
    expect([sent?.path, sent?.headers['ai-language-model-id'], sent?.body.maxOutputTokens]).toEqual([
      '/v4/ai/language-model',
      'openai/gpt-4.1-mini',
      20,
    ]);
    expect(stage.stub.settlements.map((one) => [one.model, brief(one)])).toEqual([
      ['openai/gpt-4.1-mini', 'settled ok 40/12'],
    ]);
  });

  test('a step that is denied ends the steps; the one before it was paid for', async () => {
    stage.stub.decide = (request) => (stage.stub.reservations.length > 1 ? deny() : downgrade({})(request));
    const { told } = await call(env, 'steps');
    expect(told).toMatchObject([{ error: REFUSED }]);
    expect(stage.provider.seen).toHaveLength(1);
    expect(stage.stub.settlements.map(brief)).toEqual(['settled ok 40/12']);
  });

  test.each([
    ['chat stream', 'gpt-4.1-mini'],
    ['responses', 'gpt-4.1-mini'],
    ['anthropic stream', 'claude-3-5-haiku'],
    ['google stream', 'gemini-2.5-flash-lite'],
  ])('%s, downgraded: another model is asked and settled', async (kind, model) => {
    stage.stub.decide = downgrade({ model, max_output_tokens: 20 });
    const { told } = await call(env, kind);
    expect(told).toEqual([{ result: HOLDS }]);
    const [sent] = stage.provider.seen;
    expect(JSON.stringify([sent?.path, sent?.body.model])).toContain(model);
    expect(stage.stub.settlements.map((one) => [one.model, brief(one)])).toEqual([[model, 'settled ok 40/12']]);
  });

  test('a fetch of its own that ends in ours is caught, and so is a gateway', async () => {
    const { told, stderr } = await call(env, ...CAUGHT);
    expect(told).toEqual(CAUGHT.map(() => ({ result: HOLDS })));
    expect(stage.stub.settlements.map(brief)).toEqual(CAUGHT.map(() => 'settled ok 40/12'));
    expect(stderr).toBe('');
  });

  test('a body that is a stream is not caught, nor is the fetch of the package undici; both is said', async () => {
    const { told, stderr } = await call(env, 'a body that is a stream', 'the fetch of undici');
    expect(told).toEqual([{ result: HOLDS }, { result: HOLDS }]);
    expect(stage.stub.reservations).toEqual([]);
    expect(stderr).toContain('neither metered nor capped');
    expect(stderr).toContain('did not go through globalThis.fetch');
  });
});

interface Span {
  name: string;
  scope: string;
  id: string;
  parent?: string;
  trace: string;
  attributes: Record<string, unknown>;
}

describe.each(MAJORS)('$AI with its own tracing', (env) => {
  test('each request is settled once, and each call has one span of ours under the SDK’s own', async () => {
    const { json, stderr } = await stage.run([...IMPORT, app('ai-traced.mjs')], env);
    const { spans, texts } = json as { spans: Span[]; texts: string[] };
    expect(stderr).toBe('');
    expect(texts.map((text) => text.trim())).toEqual(Array(5).fill('The fuse holds while the house sleeps on.'));
    expect(stage.stub.settlements).toHaveLength(stage.provider.seen.length);
    expect(new Set(stage.stub.settlements.map((one) => one.attempt_id)).size).toBe(11);

    const chats = spans.filter(({ scope, name }) => scope === 'spendfuse' && name.startsWith('chat'));
    const own = new Map(spans.filter(({ scope }) => scope !== 'spendfuse').map((span) => [span.id, span.name]));
    expect(chats.map(({ parent }) => own.get(parent ?? ''))).toEqual(
      chats.map(() => expect.stringMatching(/^chat gpt|\.do(Generate|Stream)$/)),
    );
    // One was tried twice; the tool asks another model in the middle of a step.
    expect(chats.map(({ name, attributes }) => [name, attributes[ATTR.attempts]])).toEqual([
      ['chat gpt-4.1', 1],
      ['chat gpt-4.1', 1],
      ['chat gpt-4.1', 2],
      ...Array(2)
        .fill([
          ['chat gpt-4.1', 1],
          ['chat gpt-4.1-mini', 1],
          ['chat gpt-4.1', 1],
        ])
        .flat(),
    ]);
    expect(new Set(spans.map(({ trace }) => trace)).size).toBe(1);
  });
});
