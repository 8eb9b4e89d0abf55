/** The SDKs of the bench, each twice in one process: once hooked and once not. Their provider is a canned answer. */
import { setImmediate } from 'node:timers/promises';
import type { Anthropic } from '@anthropic-ai/sdk';
import type { OpenAI } from 'openai';

export const CHUNKS = 100;

/** Makes one call and reads its answer. */
export type Make = (stream: boolean) => Promise<void>;

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
  const ofOpenai = { apiKey: 'k', fetch: canned(CHAT, chatChunks()) };
  const ofAnthropic = { apiKey: 'k', fetch: canned(MESSAGE, messageChunks()) };
  return [
    { name: 'openai', bare: chat(new bareOpenai.OpenAI(ofOpenai)), hooked: chat(new OpenAI(ofOpenai)) },
    {
      name: 'anthropic',
      bare: message(new bareAnthropic.Anthropic(ofAnthropic)),
      hooked: message(new Anthropic(ofAnthropic)),
    },
  ];
}

const messages = [{ role: 'user' as const, content: 'Say hello to everybody in the house, please.' }];

function chat({ chat: { completions } }: OpenAI): Make {
  const asked = { model: 'gpt-4.1', max_tokens: 300, messages };
  return async (stream) => {
    if (!stream) return void (await completions.create(asked));
    const answer = await completions.create({ ...asked, stream: true, stream_options: { include_usage: true } });
    for await (const _ of answer);
  };
}

function message({ messages: api }: Anthropic): Make {
  const asked = { model: 'claude-haiku-4-5', max_tokens: 300, messages };
  return async (stream) => {
    if (!stream) return void (await api.create(asked));
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
