/**
 * A provider that answers anything: SDKs and plain fetch with our hooks on, beside the same ones without. The application sees the
 * same result or the same error, every attempt ends once, and a count is the provider's or called an estimate.
 */
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import fc from 'fast-check';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hookFetch } from '../../../instrumentations/hooks/fetch.ts';
import { hookStainless } from '../../../instrumentations/hooks/stainless.ts';
import { readEnvironment } from '../../../src/client/environment.ts';
import { localPrices } from '../../../src/client/local-prices.ts';
import { createClient } from '../../../src/client/runtime.ts';
import { MAX_USAGE_COUNT } from '../../../src/domain/usage.ts';
import type { ReservationRequest, SettlementRequest, SettlementsRequest } from '../../../src/protocol/wire.ts';
import { readBody, stop } from '../../support/provider.ts';
import { RULES } from '../../support/stub-server.ts';
import { RECORDINGS } from '../formats/recording.ts';

const require = createRequire(import.meta.url);
/** Another copy of each SDK, which no hook has seen. */
const bareSdks = {
  OpenAI: require('openai') as typeof OpenAI,
  Anthropic: require('@anthropic-ai/sdk') as typeof Anthropic,
};
const bareFetch = globalThis.fetch;

interface Answer {
  status: number;
  type: string | undefined;
  pieces: Uint8Array[];
}

let server: Server;
let url: string;
let answer: Answer;
let asked: string[];
let reserved: ReservationRequest[];
let settled: SettlementRequest[];

const client = createClient({
  environment: readEnvironment({}, () => {}),
  prices: localPrices,
  transport: async (_method, path, body) => {
    if (path === '/v1/sessions') return { status: 201, body: { rules: RULES, heartbeat_ms: 60_000 } };
    if (path === '/v1/settlements') {
      const { settlements } = body as SettlementsRequest;
      settled.push(...settlements);
      return { status: 200, body: { results: settlements.map(() => ({ outcome: 'settled' })) } };
    }
    if (path !== '/v1/reservations') return { status: 200, body: {} };
    const { attempt_id } = body as ReservationRequest;
    reserved.push(body as ReservationRequest);
    return {
      status: 201,
      body: { hold: attempt_id, decision: 'allow', amount: '1', expires_at: '2030-01-01T00:00:00Z' },
    };
  },
});

beforeAll(async () => {
  server = createServer(async (request, response) => {
    asked.push(await readBody(request));
    const { status, type, pieces } = answer;
    response.writeHead(status, { ...(type !== undefined && { 'content-type': type }), 'x-should-retry': 'false' });
    for (const piece of pieces) {
      response.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  hookFetch(client);
  expect(hookStainless(client, OpenAI)).toBe(true);
  expect(hookStainless(client, Object.getPrototypeOf(Anthropic))).toBe(true);
});
beforeEach(async () => {
  await client.journal.flush({ timeoutMs: 5_000 });
  asked = [];
  reserved = [];
  settled = [];
});
afterAll(async () => {
  globalThis.fetch = bareFetch;
  await stop(server);
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const ofFormat = (id: string) => RECORDINGS.filter(({ format }) => format === id);

/** Whole answers of a provider, as text. */
function textsOf(format: string): string[] {
  return ofFormat(format).flatMap(({ response, events }) => [
    ...(response ? [JSON.stringify(response)] : []),
    ...(events ? [`${events.map((event) => `data: ${JSON.stringify(event)}`).join('\n\n')}\n\ndata: [DONE]\n\n`] : []),
  ]);
}

const ODD = [
  '',
  'null',
  '[]',
  '"x"',
  '{"error":{"message":"busy","type":"server_error"}}',
  '{"id":"c","choices":[{"index":0,"message":{"content":"x"}}],"usage":{"prompt_tokens":-1,"completion_tokens":1e300}}',
  '{"id":"c","choices":"no","usage":[1,2]}',
  '<html><body>502</body></html>',
  'data: {"error":{"message":"overloaded"}}\n\n',
  'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"overloaded"}}\n\n',
  'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\r\n\r\ndata: {"cho',
  ': ping\n\ndata:\n\ndata: 7\n\ndata: [DONE]',
  'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":"',
];

/** The same in pieces, also in the middle of a character. */
const inPieces = (whole: Uint8Array): fc.Arbitrary<Uint8Array[]> =>
  fc.array(fc.nat(whole.length), { maxLength: 4 }).map((cuts) => {
    const ends = [...cuts, whole.length].sort((a, b) => a - b);
    return ends.map((end, at) => whole.slice(at === 0 ? 0 : ends[at - 1], end)).filter(({ length }) => length > 0);
  });

/** A text with some of its bytes replaced. */
const damaged = (text: string): fc.Arbitrary<Uint8Array> =>
  fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }).map((edits) => {
    const copy = bytes(text);
    for (const [at, byte] of edits) if (copy.length > 0) copy[at % copy.length] = byte;
    return copy;
  });

const answers = (format: string): fc.Arbitrary<Answer> =>
  fc.record({
    status: fc.constantFrom(200, 200, 200, 200, 201, 400, 429, 500),
    type: fc.constantFrom(
      'application/json',
      'text/event-stream',
      'text/event-stream; charset=utf-8',
      'text/html',
      undefined,
    ),
    pieces: fc
      .oneof(
        fc.constantFrom(...textsOf(format)).chain(damaged),
        fc.constantFrom(...ODD).map(bytes),
        fc.uint8Array({ maxLength: 80 }),
      )
      .chain((whole) => inPieces(whole as Uint8Array)),
  });

async function seen(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return { result: JSON.parse(JSON.stringify((await run()) ?? null)) };
  } catch (error) {
    const { name, message, status, code, type } = error as Error & Record<string, unknown>;
    return { error: { name, message, status, code, type } };
  }
}

async function events(stream: unknown): Promise<unknown> {
  const all: unknown[] = [];
  try {
    for await (const event of stream as AsyncIterable<unknown>) all.push(event);
    return all;
  } catch (error) {
    return [...all, String(error)];
  }
}

interface Sides {
  OpenAI: typeof OpenAI;
  Anthropic: typeof Anthropic;
  fetch: typeof fetch | undefined;
}

const chat = { model: 'gpt-4.1', max_tokens: 100, messages: [{ role: 'user' as const, content: 'Grüße' }] };
const claude = { ...chat, model: 'claude-haiku-4-5' };
/** With usage asked for already: without, an event that only our asking brings would be taken out. */
const streamed = { ...chat, stream: true as const, stream_options: { include_usage: true } };

const openai = ({ OpenAI: Sdk, fetch }: Sides) =>
  new Sdk({ apiKey: 'k', baseURL: `${url}/v1`, maxRetries: 0, logLevel: 'off', ...(fetch && { fetch }) });
const anthropic = ({ Anthropic: Sdk, fetch }: Sides) =>
  new Sdk({ apiKey: 'k', baseURL: url, maxRetries: 0, logLevel: 'off', ...(fetch && { fetch }) });
const post = ({ fetch = globalThis.fetch }: Sides, path: string, body: object) =>
  fetch(url + path, { method: 'POST', body: JSON.stringify(body) });

const CALLS: readonly { name: string; format: string; call: (sides: Sides) => Promise<unknown> }[] = [
  { name: 'openai, JSON', format: 'openai-chat', call: (sides) => openai(sides).chat.completions.create(chat) },
  {
    name: 'openai, a stream',
    format: 'openai-chat',
    call: async (sides) => events(await openai(sides).chat.completions.create(streamed)),
  },
  {
    name: 'openai, responses',
    format: 'openai-responses',
    call: async (sides) =>
      events(await openai(sides).responses.create({ model: 'gpt-4.1', input: 'hi', stream: true })),
  },
  {
    name: 'openai, embeddings',
    format: 'openai-embeddings',
    call: (sides) => openai(sides).embeddings.create({ model: 'text-embedding-3-small', input: 'hi' }),
  },
  { name: 'anthropic, JSON', format: 'anthropic-messages', call: (sides) => anthropic(sides).messages.create(claude) },
  {
    name: 'anthropic, a stream',
    format: 'anthropic-messages',
    call: async (sides) => events(await anthropic(sides).messages.create({ ...claude, stream: true })),
  },
  {
    name: 'fetch, text()',
    format: 'openai-chat',
    call: async (sides) => (await post(sides, '/v1/chat/completions', streamed)).text(),
  },
  {
    name: 'fetch, bytes of Gemini',
    format: 'gemini',
    call: async (sides) => {
      const request = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };
      const response = await post(sides, '/v1beta/models/gemini-2.5-flash:streamGenerateContent', request);
      return Buffer.from(await response.arrayBuffer()).toString('hex');
    },
  },
];

describe.each(CALLS)('$name', ({ format, call }) => {
  test('the application sees what it would see without us, and the attempt is settled once', async () => {
    await fc.assert(
      fc.asyncProperty(answers(format), async (given) => {
        answer = given;
        reserved = [];
        settled = [];
        const bare = await seen(() => call({ ...bareSdks, fetch: bareFetch }));
        const hooked = await seen(() => call({ OpenAI, Anthropic, fetch: undefined }));
        expect(hooked).toEqual(bare);
        expect(reserved).toHaveLength(1);
        await endOfAttempts();
        await client.journal.flush({ timeoutMs: 5_000 });
        expect(settled.map(({ attempt_id }) => attempt_id)).toEqual(reserved.map(({ attempt_id }) => attempt_id));
        expectSound(settled[0]!);
      }),
      { numRuns: 60 },
    );
  });
});

/** What is read to its end, or given up, is settled in a turn or two. */
async function endOfAttempts(): Promise<void> {
  for (let turn = 0; turn < 50 && !client.open.isEmpty; turn += 1)
    await new Promise((resolve) => setImmediate(resolve));
  // An SDK that neither reads nor cancels leaves it to the collector of garbage; here it ends as with the process.
  for (const attempt of client.open.all()) attempt.abandon();
}

/** What is said to be measured is made of numbers in the answer; what is not is called an estimate. */
function expectSound({ measured, end, usage }: SettlementRequest): void {
  const counts = Object.values(usage ?? {}).filter((count) => typeof count === 'number');
  for (const count of counts) expect(Number.isInteger(count) && count >= 0 && count <= MAX_USAGE_COUNT).toBe(true);
  if (end !== 'settled' || !measured) return;
  const sent = Buffer.concat(answer.pieces).toString('utf8');
  expect(sent).toMatch(/usage/i);
  const most = (sent.match(/\d+/g) ?? []).reduce((sum, count) => sum + Number(count), 0);
  for (const count of counts) expect(count).toBeLessThanOrEqual(most);
}

test('a request that is nobody’s, odd or unreadable leaves as it came', async () => {
  answer = { status: 200, type: 'application/json', pieces: [bytes('{"ok":true}')] };
  const bodies = ['', '{', '[]', 'null', '{"model":7}', '{"model":"nobody-knows-it","messages":[]}', '\ud800{"a":1}'];
  for (const body of bodies) {
    asked = [];
    const send = (fetch: typeof globalThis.fetch) =>
      seen(async () => (await fetch(`${url}/v1/chat/completions`, { method: 'POST', body })).json());
    expect(await send(globalThis.fetch)).toEqual(await send(bareFetch));
    expect(asked[0]).toBe(asked[1]);
  }
});

test('a body that is a stream, and a Request with one, leave as they came', async () => {
  answer = { status: 200, type: 'application/json', pieces: [bytes('{"ok":true}')] };
  const init = () => {
    const body = new Blob([JSON.stringify(chat)]).stream();
    return { method: 'POST', body, duplex: 'half' } as RequestInit;
  };
  const target = `${url}/v1/chat/completions`;
  expect(await (await fetch(target, init())).json()).toEqual({ ok: true });
  expect(await (await fetch(new Request(target, init()))).json()).toEqual({ ok: true });
  expect(asked).toEqual([JSON.stringify(chat), JSON.stringify(chat)]);
});

test('tool arguments of megabytes arrive as they were sent, and are settled by the provider’s count', async () => {
  const part = (text: string, usage: unknown = null) =>
    `data: ${JSON.stringify({ id: 'c', model: 'gpt-4.1', choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: text } }] } }], usage })}\n\n`;
  const text = '世"\\u0000'.repeat(1_000);
  const last =
    'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\ndata: {"id":"c","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":7}}\n\ndata: [DONE]\n\n';
  answer = { status: 200, type: 'text/event-stream', pieces: [...Array(500).fill(bytes(part(text))), bytes(last)] };
  const all = (await events(
    await openai({ OpenAI, Anthropic, fetch: undefined }).chat.completions.create(streamed),
  )) as {
    choices: { delta: { tool_calls?: { function: { arguments: string } }[] } }[];
  }[];
  const joined = all
    .flatMap(({ choices }) => choices.map(({ delta }) => delta.tool_calls?.[0]?.function.arguments))
    .join('');
  expect(joined === text.repeat(500)).toBe(true);
  await client.journal.flush({ timeoutMs: 5_000 });
  expect(settled.map(({ end, measured, usage }) => [end, measured, usage.input_tokens, usage.output_tokens])).toEqual([
    ['settled', true, 9, 7],
  ]);
});
