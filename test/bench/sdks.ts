/** The SDKs of the bench, each twice in one process: once hooked and once not. Their provider is a canned answer. */
import { setImmediate } from 'node:timers/promises';
import type { Anthropic } from '@anthropic-ai/sdk';
import type { OpenAI } from 'openai';

export const CHUNKS = 103;

/** A short question, one of 30 KB, or the short one answered as a stream. */
export type Load = 'json' | 'prompt' | 'stream';

/** Makes one call and reads its answer. */
export type Make = (load: Load) => Promise<void>;

export type SdkName = 'openai' | 'anthropic';

export interface Sdk {
  name: string;
  bare: Make;
  hooked: Make;
}

/** Needs `hookLoading` before it. */
export async function sdks(): Promise<Sdk[]> {
  // A query makes another module of the same file, which no hook recognises.
  const bareOpenai = await import(`${import.meta.resolve('openai/client')}?bare`);
  const { OpenAI } = await import('openai');
  const bareAnthropic = await import(`${import.meta.resolve('@anthropic-ai/sdk/client')}?bare`);
  const { Anthropic } = await import('@anthropic-ai/sdk');
  return [
    { name: 'openai', bare: makerOf('openai', bareOpenai.OpenAI), hooked: makerOf('openai', OpenAI) },
    { name: 'anthropic', bare: makerOf('anthropic', bareAnthropic.Anthropic), hooked: makerOf('anthropic', Anthropic) },
  ];
}

/** Of an SDK's class, whichever copy of it. */
export function makerOf(name: SdkName, sdk: unknown): Make {
  if (name === 'openai') {
    const options = { apiKey: 'k', fetch: canned(CHAT, chatChunks()) };
    return chat(new (sdk as typeof OpenAI)(options));
  }
  const options = { apiKey: 'k', fetch: canned(MESSAGE, messageChunks()) };
  return message(new (sdk as typeof Anthropic)(options));
}

const QUESTION = 'Say hello to everybody in the house, please.';
const messages = [{ role: 'user' as const, content: QUESTION }];
const longMessages = [{ role: 'user' as const, content: QUESTION.padEnd(30 * 1024, ' And to the neighbours.') }];

function chat({ chat: { completions } }: OpenAI): Make {
  const asked = { model: 'gpt-4.1', max_tokens: 300, messages };
  return async (load) => {
    if (load === 'json') return void (await completions.create(asked));
    if (load === 'prompt') return void (await completions.create({ ...asked, messages: longMessages }));
    const answer = await completions.create({ ...asked, stream: true, stream_options: { include_usage: true } });
    for await (const _ of answer);
  };
}

function message({ messages: api }: Anthropic): Make {
  const asked = { model: 'claude-haiku-4-5', max_tokens: 300, messages };
  return async (load) => {
    if (load === 'json') return void (await api.create(asked));
    if (load === 'prompt') return void (await api.create({ ...asked, messages: longMessages }));
    for await (const _ of await api.create({ ...asked, stream: true }));
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
