/** A stream that somebody began to read, and what becomes of it when nobody asks for more. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openaiChat } from '../../../instrumentations/formats/openai-chat.ts';
import { watchResponse } from '../../../instrumentations/hooks/response.ts';
import type { Attempt } from '../../../src/client/attempt.ts';
import { type End, meter } from '../../../src/client/meter.ts';

const MINUTE_MS = 60_000;
const EVENT = `data: ${JSON.stringify({ id: 'c1', model: 'gpt-4.1', choices: [{ index: 0, delta: { content: 'The fuse holds' } }] })}\n\n`;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A stream of one event that nobody ends, and what its attempt came to. */
function answer() {
  const ends: End[] = [];
  const body = { model: 'gpt-4.1', stream: true, messages: [{ role: 'user', content: 'hi' }] };
  const attempt = {
    format: openaiChat,
    facts: openaiChat.request(body, 80)!,
    hidesExtraEvent: false,
    answer: undefined,
    get ended() {
      return ends.length > 0;
    },
    end: (end: End) => void ends.push(end),
    noteChunk() {},
  } as unknown as Attempt;
  let source!: ReadableStreamDefaultController<Uint8Array>;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      source = controller;
    },
  });
  source.enqueue(new TextEncoder().encode(EVENT));
  const response = new Response(stream, { headers: { 'content-type': 'text/event-stream' } });
  watchResponse(response, attempt, undefined);
  return {
    response,
    source,
    told: () => ends.map(meter).map(({ end, measured, usage }) => ({ end, measured, usage })),
  };
}

const ESTIMATED = { end: 'settled', measured: false, usage: expect.objectContaining({ outputTokens: 5 }) };

describe('a stream of which nobody asks for more', () => {
  test('is taken for left after five minutes, and settled by what was read of it', async () => {
    const { response, told } = answer();
    const reader = response.body!.getReader();
    await reader.read();
    await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
    expect(told()).toEqual([]);
    await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
    expect(told()).toEqual([ESTIMATED]);
    await reader.cancel();
    expect(told()).toHaveLength(1);
  });

  test('nobody ever read is lost', async () => {
    const { response, told } = answer();
    await vi.advanceTimersByTimeAsync(7 * MINUTE_MS);
    expect(told()).toEqual([{ end: 'lost', measured: false, usage: expect.anything() }]);
    expect(response.bodyUsed).toBe(false);
  });

  test('is settled so in a loop, too', async () => {
    const { response, told } = answer();
    await response.body![Symbol.asyncIterator]().next();
    await vi.advanceTimersByTimeAsync(7 * MINUTE_MS);
    expect(told()).toEqual([ESTIMATED]);
  });

  test('and nobody pulls at a pipe that it went into, either', async () => {
    const { response, source, told } = answer();
    for (let more = 0; more < 10; more += 1) source.enqueue(new TextEncoder().encode(EVENT));
    const piped = response.body!.pipeThrough(new TransformStream<Uint8Array, Uint8Array>()).getReader();
    await piped.read();
    await vi.advanceTimersByTimeAsync(7 * MINUTE_MS);
    expect(told()).toMatchObject([{ end: 'settled', measured: false }]);
  });

  test('is not left while somebody waits for the provider, or comes back in time', async () => {
    const { response, source, told } = answer();
    const reader = response.body!.getReader();
    await reader.read();
    const next = reader.read();
    await vi.advanceTimersByTimeAsync(20 * MINUTE_MS);
    source.enqueue(new TextEncoder().encode(EVENT));
    await next;
    await vi.advanceTimersByTimeAsync(4 * MINUTE_MS);
    source.enqueue(new TextEncoder().encode(EVENT));
    await reader.read();
    await vi.advanceTimersByTimeAsync(4 * MINUTE_MS);
    expect(told()).toEqual([]);
  });
});
