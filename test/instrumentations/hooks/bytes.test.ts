/** Any bytes in any pieces, read in any way: the application gets those bytes and that failure, as if nobody watched. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openaiChat } from '../../../instrumentations/formats/openai-chat.ts';
import { watchResponse } from '../../../instrumentations/hooks/response.ts';
import type { Attempt } from '../../../src/client/attempt.ts';
import type { End } from '../../../src/client/meter.ts';

type Bytes = Uint8Array<ArrayBuffer>;

interface Answer {
  pieces: Bytes[];
  type: string;
  ending: 'closed' | 'failed' | 'silent';
}

const EVENT = 'data: {"id":"c1","model":"gpt-4.1","choices":[{"index":0,"delta":{"content":"Grüße 世界"}}]}\n\n';
/** With a choice: without, it would be the event that is hidden where we asked for it. */
const BODY =
  '{"id":"c1","model":"gpt-4.1","choices":[{"index":0}],"usage":{"prompt_tokens":40,"completion_tokens":12}}';
const facts = openaiChat.request({ model: 'gpt-4.1', messages: [] }, 100);

const bytes = (text: string): Bytes => new TextEncoder().encode(text);
const piece = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 60 }),
  fc.constantFrom(EVENT, BODY, 'data: ', '\n\n', '\r\n\r\n', 'data: [DONE]\n\n', '{"usage":', '"usage"').map(bytes),
  fc.tuple(fc.constantFrom(EVENT, BODY).map(bytes), fc.nat(90)).map(([whole, at]) => whole.slice(0, at + 1)),
) as fc.Arbitrary<Bytes>;
const types = fc.constantFrom('text/event-stream', 'application/json', 'application/x-ndjson', 'audio/mpeg', '');

/** A response as fetch makes it: nothing comes before it is asked for, so a failure comes when all before it has been read. */
function responseOf({ pieces, type, ending }: Answer): Response {
  const left = [...pieces];
  const body = new ReadableStream(
    {
      type: 'bytes',
      pull(controller) {
        const next = left.shift();
        if (next) controller.enqueue(Uint8Array.from(next));
        else if (ending === 'failed') controller.error(new TypeError('terminated'));
        else if (ending === 'closed') {
          controller.close();
          controller.byobRequest?.respond(0);
        }
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: type ? { 'content-type': type } : {} });
}

function watched(answer: Answer, hidesExtraEvent: boolean): { response: Response; ends: End[] } {
  const ends: End[] = [];
  const attempt = {
    format: openaiChat,
    facts,
    hidesExtraEvent,
    answer: undefined,
    noteChunk() {},
    get ended() {
      return ends.length > 0;
    },
    end(one: End) {
      if (ends.length === 0) ends.push(one);
    },
  };
  const response = responseOf(answer);
  watchResponse(response, attempt as unknown as Attempt, undefined);
  return { response, ends };
}

/** What is left out is chance, or ours: where chunks begin. */
interface Seen {
  bytes: string;
  error?: string;
}

type Reading = (response: Response) => Promise<Seen>;

const whole =
  (read: (response: Response) => Promise<ArrayBuffer | Uint8Array | string>): Reading =>
  async (response) => {
    try {
      return { bytes: Buffer.from((await read(response)) as string).toString('hex') };
    } catch (error) {
      return { bytes: '', error: String(error) };
    }
  };

async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Seen> {
  const all: Uint8Array[] = [];
  const so = (): string => Buffer.concat(all).toString('hex');
  try {
    for await (const chunk of chunks) all.push(Uint8Array.from(chunk));
    return { bytes: so() };
  } catch (error) {
    return { bytes: so(), error: String(error) };
  }
}

async function* byReader(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
}

async function* byByob(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader({ mode: 'byob' });
  let view = new Uint8Array(37);
  for (let read = await reader.read(view); !read.done; read = await reader.read(view)) {
    yield read.value;
    view = new Uint8Array(read.value.buffer);
  }
}

const body = (response: Response): ReadableStream<Uint8Array> => response.body as ReadableStream<Uint8Array>;

const READINGS: Readonly<Record<string, Reading>> = {
  'arrayBuffer()': whole((response) => response.arrayBuffer()),
  'bytes()': whole((response) => response.bytes()),
  'text()': whole((response) => response.text()),
  'blob()': whole(async (response) => (await response.blob()).arrayBuffer()),
  'json()': whole(async (response) => JSON.stringify(await response.json())),
  'for await': (response) => collected(body(response)),
  getReader: (response) => collected(byReader(body(response))),
  pipeThrough: (response) => collected(byReader(body(response).pipeThrough(new TransformStream()))),
  'a clone, and itself': async (response) => {
    const [copy, own] = [body(response.clone()), body(response)].map((stream) => collected(byReader(stream)));
    expect(await own).toEqual(await copy);
    return own as Promise<Seen>;
  },
  tee: (response) => collected(byReader(body(response).tee()[1])),
};

const answers = (...endings: Answer['ending'][]): fc.Arbitrary<Answer> =>
  fc.record({ pieces: fc.array(piece, { maxLength: 8 }), type: types, ending: fc.constantFrom(...endings) });
const RUNS = { numRuns: 120 };

describe.each(Object.entries(READINGS))('read by %s', (_, read) => {
  test('it is the same, and the attempt ends once', async () => {
    await fc.assert(
      fc.asyncProperty(answers('closed', 'failed'), fc.boolean(), async (answer, hides) => {
        const { response, ends } = watched(answer, hides);
        expect(await read(response)).toEqual(await read(responseOf(answer)));
        await new Promise((resolve) => setImmediate(resolve));
        expect(ends).toHaveLength(1);
      }),
      RUNS,
    );
  });
});

test('read into the caller’s own buffers it is the same', async () => {
  await fc.assert(
    fc.asyncProperty(answers('closed'), async (answer) => {
      const { response, ends } = watched(answer, false);
      expect(await collected(byByob(body(response)))).toEqual(await collected(byByob(body(responseOf(answer)))));
      expect(ends).toHaveLength(1);
    }),
    RUNS,
  );
});

describe('a stream that its reader gives up', () => {
  /** Reads `reads` times, gives up, and reads on as nobody should. */
  async function givenUp(response: Response, reads: number): Promise<unknown[]> {
    const reader = body(response).getReader();
    for (let read = 0; read < reads; read += 1) await reader.read();
    await reader.cancel('enough');
    return [await reader.read(), await reader.read()];
  }

  test('gives nothing more, whatever was held back', async () => {
    await fc.assert(
      fc.asyncProperty(answers('silent'), fc.nat(4), fc.boolean(), async (answer, reads, hides) => {
        const few = Math.min(reads, answer.pieces.length);
        const { response, ends } = watched({ ...answer, type: 'text/event-stream' }, false);
        const { response: hiding } = watched({ ...answer, pieces: [bytes(EVENT), bytes('data: {"cho')] }, hides);
        const over = { done: true, value: undefined };
        expect(await givenUp(response, few)).toEqual([over, over]);
        expect(await givenUp(hiding, 1)).toEqual([over, over]);
        expect(ends.map(({ kind }) => kind)).toEqual(['broken']);
      }),
      RUNS,
    );
  });

  test('gives nothing more to an iterator that has returned', async () => {
    const { response } = watched(
      { pieces: [bytes(`${EVENT}data: {"cho`)], type: 'text/event-stream', ending: 'silent' },
      true,
    );
    const iterator = body(response)[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toEqual(bytes(EVENT));
    await iterator.return?.();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });
});
