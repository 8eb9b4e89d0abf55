/**
 * Each case runs twice in a process of its own, bare and instrumented. The application has to see the same, and the
 * server has to hear exactly the settlements that the case stands for.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SettlementRequest } from '../../../src/protocol/wire.ts';
import { startProvider, type TestProvider } from '../../support/provider.ts';
import { REGISTER, runApp } from '../../support/run-app.ts';
import { type StubServer, startStub } from '../../support/stub-server.ts';

/** Measured by the provider: 40 tokens in, 12 out. */
const OK = 'settled ok 40/12';
const BROKEN = 'settled aborted, estimated';
const CUT = 'settled error, estimated';
const REJECTED = 'released rejected 0/0';
const LOST = 'lost';

const OPENAI: Record<string, string[]> = {
  'chat json': [OK],
  'chat json withResponse': [OK],
  'chat json asResponse, json()': [OK],
  'chat json asResponse, text()': [OK],
  'chat json asResponse, arrayBuffer()': [OK],
  'chat json asResponse, clone()': [OK],
  'chat json asResponse, body': [OK],
  'chat json asResponse, unread': [LOST],
  'chat json parse': [OK],
  'chat json in parallel': [OK, OK, OK],
  'chat stream': [OK],
  'chat stream with usage': [OK],
  'chat stream with other stream options': [OK],
  'chat stream withResponse': [OK],
  'chat stream asResponse, text()': [OK],
  'chat stream asResponse, body': [OK],
  'chat stream tee': [OK],
  'chat stream tee, one branch left': [OK],
  'chat stream toReadableStream': [OK],
  'chat stream helper': [OK],
  'chat stream helper with usage': [OK],
  'chat runTools': [OK, OK],
  'chat stream break': [BROKEN],
  'chat stream controller.abort': [BROKEN],
  'chat stream signal': [BROKEN],
  'chat stream unread': [LOST],
  'chat aborted before': [],
  'chat aborted while waiting': [LOST],
  'chat timeout': [LOST],
  'chat 400': [REJECTED],
  'chat 429 then ok': [REJECTED, OK],
  'chat stream 500 then ok': [REJECTED, OK],
  'chat 500, no retry': [REJECTED],
  'chat stream cut': [CUT],
  'chat json cut': [LOST],
  'chat nobody listens': ['released aborted 0/0'],
  'chat own fetch': [OK],
  'chat own fetch, not the global one': [OK],
  'chat withOptions': [OK],
  'chat subclass': [OK],
  'chat azure': [OK],
  'responses json': [OK],
  'responses stream': [OK],
  'responses stream helper': [OK],
  'responses stream break': [BROKEN],
  embeddings: ['settled ok 40/0'],
  'something else': [],
};

const ANTHROPIC: Record<string, string[]> = {
  'messages json': [OK],
  'messages json withResponse': [OK],
  'messages json asResponse': [OK],
  'messages json unread': [LOST],
  'messages beta json': [OK],
  'messages stream': [OK],
  'messages stream asResponse, body': [OK],
  'messages stream tee': [OK],
  'messages stream toReadableStream': [OK],
  'messages stream helper': [OK],
  'messages stream break': [BROKEN],
  'messages stream helper abort': [BROKEN],
  'messages aborted before': [],
  'messages 400': [REJECTED],
  'messages 429 then ok': [REJECTED, OK],
  'messages stream 500 then ok': [REJECTED, OK],
  'messages stream cut': [CUT],
  'messages timeout': [LOST],
  'messages middleware': [OK],
};

const FETCH: Record<string, string[]> = {
  'fetch itself': [],
  'json()': [OK],
  'text()': [OK],
  'bytes()': [OK],
  'blob()': [OK],
  response: [OK],
  'body as bytes': [OK],
  'lower-case method': [OK],
  'Request object': [OK],
  'Request object, stream': [OK],
  'URL object': [OK],
  'stream, for await': [OK],
  'stream, getReader': [OK],
  'stream, byob reader': [OK],
  'stream, pipeThrough': [OK],
  'stream, tee': [OK],
  'stream, clone': [OK],
  'stream, into another Response': [OK],
  'stream, text()': [OK],
  'stream, cancel': [BROKEN],
  'stream, break': [BROKEN],
  'stream, abort': [BROKEN],
  'stream, cut': [CUT],
  'aborted before': [],
  '429': [REJECTED],
  unread: [LOST],
  'reader kept, response gone': [OK],
  'body that is no JSON': [],
  'not a format': [],
  'relative URL': [],
};

const GOOGLE: Record<string, string[]> = {
  json: [OK],
  'json in parallel': [OK, OK, OK],
  'json with config': [OK],
  stream: [OK],
  'stream break': [BROKEN],
  'stream abort': [BROKEN],
  'stream unread': [LOST],
  'aborted before': [],
  'aborted while waiting': [LOST],
  timeout: [LOST],
  '400': [REJECTED],
  '429': [REJECTED],
  '429 then ok': [REJECTED, OK],
  'stream 500 then ok': [REJECTED, OK],
  'stream cut': [CUT],
  'json cut': [LOST],
  'nobody listens': ['released aborted 0/0'],
  'function call and its answer': [OK, OK],
  'tool that the SDK calls': [OK, OK],
  chat: [OK, OK],
  interaction: [OK],
  'interaction stream': [OK],
  'interaction stream break': [BROKEN],
  'own fetch': [OK],
  embeddings: ['settled ok 40/0'],
  'tokens counted': [],
  'vertex json': [OK],
  'vertex stream': [OK],
  'vertex embeddings': ['settled ok 40/0'],
  'array of chunks': [OK],
  'array of chunks, text()': [OK],
  'array of chunks, body': [OK],
  'array of chunks, cut': [CUT],
  'array of chunks, left': [BROKEN],
};

/** What Google's SDK itself has to say of an answer with functions. */
const OF_THE_SDK = /^there are non-text parts .*\n/gm;

type Seen = Record<string, unknown>;

describe.each([
  { app: 'openai', sdk: 'openai', expected: OPENAI },
  { app: 'anthropic', sdk: '@anthropic-ai/sdk', expected: ANTHROPIC },
  { app: 'fetch', sdk: 'fetch', expected: FETCH },
  { app: 'google', sdk: '@google/genai', expected: GOOGLE },
  { app: 'google', sdk: 'google-genai-2', expected: GOOGLE },
])('$sdk', ({ app, sdk, expected }) => {
  let provider: TestProvider;
  let stub: StubServer;
  let bare: Seen;
  let instrumented: Seen;
  let stderr: string;

  beforeAll(async () => {
    provider = await startProvider();
    stub = await startStub();
    const file = fileURLToPath(new URL(`../../support/apps/${app}-cases.mjs`, import.meta.url));
    const env = { PROVIDER: provider.url, SPENDFUSE_ENDPOINT: stub.url, SDK: sdk };
    bare = (await runApp({ args: ['--expose-gc', file], env })).json as Seen;
    const ran = await runApp({ args: ['--expose-gc', '--import', REGISTER, file], env });
    instrumented = ran.json as Seen;
    stderr = ran.stderr.replace(OF_THE_SDK, '');
  });
  afterAll(async () => {
    await provider?.stop();
    await stub?.stop();
  });

  test.each(Object.entries(expected))('%s', (name, settlements) => {
    expect(instrumented[name]).toEqual(bare[name]);
    const heard = stub.settlements.filter(({ attribution }) => attribution.workflow === name);
    expect(heard.map(brief)).toEqual(settlements);
  });

  test('every case is expected', () => {
    expect(Object.keys(bare).sort()).toEqual(Object.keys(expected).sort());
  });

  test('retries belong to one call', () => {
    const retried = Object.keys(expected).filter((name) => name.endsWith('then ok'));
    for (const name of retried) {
      const calls = stub.settlements.filter(({ attribution }) => attribution.workflow === name);
      expect(new Set(calls.map((call) => call.call_id)).size, name).toBe(1);
      expect(new Set(calls.map((call) => call.attempt_id)).size, name).toBe(2);
    }
  });

  test('each reservation is settled, and nothing is said on stderr', () => {
    const settled = new Set(stub.settlements.map((settlement) => settlement.attempt_id));
    expect(stub.reservations.filter((reservation) => !settled.has(reservation.attempt_id))).toEqual([]);
    // On a machine under load a decision may take longer than it may; then that is said, and nothing else changes.
    expect(stderr.replace(/^spendfuse: the server \S+ is (unreachable.*|back)\n/gm, '')).toBe('');
  });

  test('what is settled as measured is what the provider billed', () => {
    const measured = stub.settlements.filter((one) => one.end === 'settled' && one.measured);
    for (const { usage } of measured) {
      expect(usage.input_tokens).toBe(40);
      if (usage.output_tokens > 0) expect(usage.cached_read_tokens).toBe(16);
    }
  });

  test('no key, prompt or completion leaves for the server', () => {
    const told = JSON.stringify([stub.sessions, stub.reservations, stub.settlements]);
    expect(told).not.toMatch(/secret|Grüße|fuse |sleeps/);
    expect(told).toMatch(/fp:[0-9a-f]{32}/);
  });
});

function brief({ end, status, measured, usage }: SettlementRequest): string {
  if (end === 'lost') return end;
  return measured ? `${end} ${status} ${usage.input_tokens}/${usage.output_tokens}` : `${end} ${status}, estimated`;
}
