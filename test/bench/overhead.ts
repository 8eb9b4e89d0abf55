/** What the one import adds to a call: the same SDK class twice in one process, once hooked and once not. */
import { setImmediate, setTimeout } from 'node:timers/promises';
import { hookLoading } from '../../instrumentations/hooks/load.ts';
import { readEnvironment } from '../../src/client/environment.ts';
import { localPrices } from '../../src/client/local-prices.ts';
import { createClient } from '../../src/client/runtime.ts';
import type { Transport } from '../../src/client/transport.ts';
import type { HeartbeatRequest, ReservationRequest, SettlementsRequest } from '../../src/protocol/wire.ts';
import { routeOver } from './admission.ts';
import { compare } from './measure.ts';

const CHUNKS = 100;

/** Whether the stubbed server grants routes and slices, or each attempt asks it. */
let leases = false;

/** The server's answers without a server: what is measured is this process. */
const stub: Transport = async (_method, path, body) => {
  if (path === '/v1/sessions') return { status: 201, body: SESSION };
  if (path === '/v1/reservations') return { status: 201, body: grantOf(body as ReservationRequest) };
  if (path.endsWith('/heartbeat')) return { status: 200, body: { slices: slicesOf(body as HeartbeatRequest) } };
  const { settlements = [] } = (body ?? {}) as Partial<SettlementsRequest>;
  return { status: 200, body: { results: settlements.map(({ attempt_id }) => ({ attempt_id, outcome: 'settled' })) } };
};
const RULES = {
  version: '1',
  admission: 'server',
  when_unreachable: 'allow',
  unreachable_allowance: '0',
  max_wait_ms: 0,
};
const SESSION = { session: 's', heartbeat_ms: 60_000, server_time: '', rules: RULES, rate_cards: [] };
const GRANT = { hold: 'h', decision: 'allow', amount: '1', expires_at: '' };

function grantOf({ route, provider, model }: ReservationRequest) {
  return route && leases ? { ...GRANT, route: routeOver(6, provider, model) } : GRANT;
}

/** Nobody runs out of these. */
const slicesOf = ({ wants = [] }: HeartbeatRequest) =>
  wants.map(({ slice }) => ({ slice, amount: '1000000000000000', valid_ms: 60_000 }));

export async function overhead(): Promise<void> {
  hookLoading(createClient({ environment: readEnvironment({}, () => {}), prices: localPrices, transport: stub }));
  const both = await sdks();
  // No route is known yet, so that each attempt asks.
  for (const sdk of both) print(`${sdk.name}, JSON, each call asks`, await measure(sdk, false), 1, 'call');
  leases = true;
  for (const sdk of both) {
    await untilLeased(sdk);
    print(`${sdk.name}, JSON, from slices of 6 slots`, await measure(sdk, false), 1, 'call');
    print(`${sdk.name}, stream of ${CHUNKS} chunks`, await measure(sdk, true), CHUNKS, 'chunk');
  }
}

type Sdk = Awaited<ReturnType<typeof sdks>>[number];

function measure({ call, bare, hooked }: Sdk, stream: boolean): Promise<number[]> {
  return compare([call(bare, stream), call(hooked, stream)], { times: stream ? 200 : 2_000, rounds: 15 });
}

/** A few calls ask the server; then a heartbeat brings slices. */
async function untilLeased({ call, hooked }: Sdk): Promise<void> {
  await call(hooked, false).run(10);
  await setTimeout(300);
}

function print(what: string, [bare = 0, hooked = 0]: number[], per: number, unit: string): void {
  const added = (hooked - bare) / per;
  const figures = `bare ${bare.toFixed(1)} µs, with spendfuse ${hooked.toFixed(1)} µs`;
  console.log(
    `${what.padEnd(36)} ${added.toFixed(2).padStart(6)} µs added per ${unit}  (${figures}, ×${(hooked / bare).toFixed(2)})`,
  );
}

async function sdks() {
  // A query makes another module of the same file, which no hook recognises.
  const bareOpenai = await import(`${import.meta.resolve('openai/client')}?bare`);
  const { OpenAI } = await import('openai');
  const bareAnthropic = await import(`${import.meta.resolve('@anthropic-ai/sdk/client')}?bare`);
  const { Anthropic } = await import('@anthropic-ai/sdk');
  const messages = [{ role: 'user' as const, content: 'Say hello to everybody in the house, please.' }];
  return [
    {
      name: 'openai',
      bare: new bareOpenai.OpenAI({ apiKey: 'k', fetch: canned(CHAT, chatChunks()) }) as InstanceType<typeof OpenAI>,
      hooked: new OpenAI({ apiKey: 'k', fetch: canned(CHAT, chatChunks()) }),
      call: (client: unknown, stream: boolean) =>
        side(async () => {
          const { completions } = (client as InstanceType<typeof OpenAI>).chat;
          const asked = { model: 'gpt-4.1', max_tokens: 300, messages };
          if (!stream) return void (await completions.create(asked));
          const answer = await completions.create({ ...asked, stream: true, stream_options: { include_usage: true } });
          for await (const _ of answer);
        }),
    },
    {
      name: 'anthropic',
      bare: new bareAnthropic.Anthropic({ apiKey: 'k', fetch: canned(MESSAGE, messageChunks()) }) as InstanceType<
        typeof Anthropic
      >,
      hooked: new Anthropic({ apiKey: 'k', fetch: canned(MESSAGE, messageChunks()) }),
      call: (client: unknown, stream: boolean) =>
        side(async () => {
          const asked = { model: 'claude-haiku-4-5', max_tokens: 300, messages };
          const { messages: api } = client as InstanceType<typeof Anthropic>;
          if (!stream) return void (await api.create(asked));
          for await (const _ of await api.create({ ...asked, stream: true }));
        }),
    },
  ];
}

function side(call: () => Promise<void>) {
  return {
    name: '',
    async run(times: number) {
      for (let time = 0; time < times; time += 1) await call();
    },
  };
}

/**
 * An answer takes a turn of the event loop, as any answer does: without one no timer is ever due, and what the journal
 * could not send would pile up in the heap.
 */
function canned(json: object, chunks: Uint8Array[]): typeof fetch {
  const text = JSON.stringify(json);
  return async (_url, init) => {
    await setImmediate();
    const streams = typeof init?.body === 'string' && init.body.includes('"stream":true');
    if (!streams) return new Response(text, { headers: { 'content-type': 'application/json' } });
    return new Response(streamOf(chunks), { headers: { 'content-type': 'text/event-stream' } });
  };
}

const USAGE = { prompt_tokens: 20, completion_tokens: 100, total_tokens: 120 };
const CHAT = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-4.1-2025-04-14',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello, everybody.' }, finish_reason: 'stop' }],
  usage: USAGE,
};
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-4-5',
  content: [{ type: 'text', text: 'Hello, everybody.' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 20, output_tokens: 100 },
};

function streamOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks[next++];
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
  });
}

function chatChunks(): Uint8Array[] {
  const chunk = (choices: unknown[], usage: unknown = null) =>
    sse({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'gpt-4.1-2025-04-14', choices, usage });
  const words = Array.from({ length: CHUNKS - 2 }, () =>
    chunk([{ index: 0, delta: { content: 'word ' }, finish_reason: null }]),
  );
  return [
    ...words,
    chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]),
    chunk([], USAGE),
    bytes('data: [DONE]\n\n'),
  ];
}

function messageChunks(): Uint8Array[] {
  const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'word ' } };
  return [
    sse({ type: 'message_start', message: { ...MESSAGE, content: [], stop_reason: null } }),
    sse({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    ...Array.from({ length: CHUNKS - 5 }, () => sse(delta)),
    sse({ type: 'content_block_stop', index: 0 }),
    sse({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 100 } }),
    sse({ type: 'message_stop' }),
  ];
}

function sse(event: object): Uint8Array {
  const type = 'type' in event ? `event: ${String(event.type)}\n` : '';
  return bytes(`${type}data: ${JSON.stringify(event)}\n\n`);
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
