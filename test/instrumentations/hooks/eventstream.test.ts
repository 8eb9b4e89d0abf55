/** AWS event streams as they come over the wire, cut and garbled: no exception, and no event that was not sent whole. */

import { crc32 } from 'node:zlib';
import { EventStreamCodec } from '@smithy/core/event-streams';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bedrockConverse } from '../../../instrumentations/formats/bedrock-converse.ts';
import { bedrockInvoke } from '../../../instrumentations/formats/bedrock-invoke.ts';
import { eventOf, framesOf } from '../../../instrumentations/hooks/eventstream.ts';
import { FRAMES } from '../../../instrumentations/hooks/framing.ts';
import { Tape } from '../../../instrumentations/hooks/tape.ts';
import { chunkFrame, eventFrame, exceptionFrame, frame } from '../../support/event-stream.ts';

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString('utf8'),
  (text) => Buffer.from(text),
);
const usage = { inputTokens: 12, outputTokens: 9, totalTokens: 21 };
const words = ['Grüße', ' an', ' die', ' 世界'];
const STREAM = Buffer.concat([
  eventFrame('messageStart', { role: 'assistant' }),
  ...words.map((text) => eventFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text } })),
  eventFrame('messageStop', { stopReason: 'end_turn' }),
  eventFrame('metadata', { usage }),
]);
const asked = bedrockConverse.request({ messages: [{ role: 'user', content: [{ text: 'hi' }] }] }, 60)!;

function read(...pieces: readonly Uint8Array[]) {
  const tape = new Tape(bedrockConverse, asked, FRAMES);
  for (const piece of pieces) tape.push(piece);
  return tape.facts();
}

const WHOLE = { finishReasons: ['end_turn'], usage: { inputTokens: 12, outputTokens: 9 } };

describe('the test’s own encoder', () => {
  it.each([
    eventFrame('metadata', { usage }),
    chunkFrame({ generation: 'Grüße' }),
    exceptionFrame('throttlingException', 'slow down'),
    frame({ ':message-type': 'event' }, ''),
  ])('writes what AWS’s decoder reads', (bytes) => {
    const { headers, body } = codec.decode(bytes);
    const [own] = framesOf(bytes).frames;
    expect(headers[':message-type']?.value).toBe(own?.kind);
    expect(Buffer.from(body).equals(own!.payload)).toBe(true);
  });
});

describe('a stream of frames', () => {
  it('is read as AWS writes it', () => {
    const headers = {
      ':event-type': { type: 'string', value: 'metadata' },
      ':message-type': { type: 'string', value: 'event' },
      flag: { type: 'boolean', value: true },
      off: { type: 'boolean', value: false },
      small: { type: 'byte', value: 1 },
      short: { type: 'short', value: 2 },
      number: { type: 'integer', value: 7 },
      blob: { type: 'binary', value: Uint8Array.of(1, 2, 3) },
      at: { type: 'timestamp', value: new Date(0) },
      id: { type: 'uuid', value: '01234567-89ab-cdef-0123-456789abcdef' },
    } as const;
    const bytes = codec.encode({ headers, body: Buffer.from(JSON.stringify({ usage })) });
    expect(framesOf(Buffer.from(bytes)).frames.map(eventOf)).toEqual([{ metadata: { usage } }]);
  });

  it('says the same however it is cut on its way', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(STREAM.length), { maxLength: 40 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), STREAM.length];
        const pieces = at.slice(1).map((end, index) => STREAM.subarray(at[index], end));
        expect(read(...pieces)).toEqual(WHOLE);
      }),
    );
  });

  it('is not kept in memory when it is long', () => {
    const long = eventFrame('contentBlockDelta', { delta: { text: 'x'.repeat(50_000) } });
    expect(read(...Array.from({ length: 30 }, () => long), STREAM)).toEqual(WHOLE);
    expect(read(...Array.from({ length: 30 }, () => long)).estimate?.outputTokens).toBe(500_000);
  });

  it('has no counts before they came whole', () => {
    const last = STREAM.length - eventFrame('metadata', { usage }).length;
    for (let length = 0; length < STREAM.length; length++) {
      const facts = read(STREAM.subarray(0, length));
      expect(facts.usage).toBeUndefined();
      if (length >= last) expect(facts).toMatchObject({ finishReasons: ['end_turn'], estimate: { outputTokens: 7 } });
    }
  });

  it('gives up at a byte that was changed, and makes nothing up', () => {
    fc.assert(
      fc.property(fc.nat(STREAM.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const bytes = Buffer.from(STREAM);
        bytes[at] = (bytes[at] as number) ^ by;
        const before = framesOf(STREAM.subarray(0, at)).frames.length;
        expect(framesOf(bytes).frames).toHaveLength(before);
        expect(read(bytes).usage).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('may be anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(STREAM.length), (noise, at) => {
        const { usage: counted } = read(STREAM.subarray(0, at), noise, STREAM.subarray(at));
        expect([undefined, WHOLE.usage]).toContainEqual(counted);
        expect(framesOf(Buffer.from(noise)).frames).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['headers longer than the frame', [100, 4_000]],
    ['a frame of 4 GB', [0xffffffff, 20]],
    ['a frame shorter than its own frame', [15, 0]],
  ])('is not waited for when it has %s', (_what, [total, headers]) => {
    const bytes = Buffer.from(frame({ ':message-type': 'event' }, 'x'.repeat(100)));
    bytes.writeUInt32BE(total as number, 0);
    bytes.writeUInt32BE(headers as number, 4);
    bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
    expect(framesOf(Buffer.concat([bytes, STREAM]))).toEqual({ frames: [], end: bytes.length + STREAM.length });
  });

  it.each([
    [exceptionFrame('throttlingException', 'slow down'), 'throttlingException'],
    [exceptionFrame('modelStreamErrorException', ''), 'modelStreamErrorException'],
    [
      frame({ ':message-type': 'error', ':error-code': 'InternalFailure', ':error-message': 'oh' }, ''),
      'InternalFailure',
    ],
    [frame({ ':message-type': 'exception' }, 'no json'), 'exception'],
  ])('tells the failure inside it, and estimates what had come: %#', (failure, error) => {
    const begun = STREAM.subarray(0, framesOf(STREAM.subarray(0, 300)).end);
    expect(read(begun, failure)).toMatchObject({ error, estimate: { inputTokens: 20 } });
    expect(read(begun, failure).usage).toBeUndefined();
  });

  it.each([
    ['no payload', frame({ ':message-type': 'event', ':event-type': 'metadata' }, '')],
    ['no JSON', frame({ ':message-type': 'event', ':event-type': 'metadata' }, '{"usage":')],
    ['a chunk without bytes', eventFrame('chunk', {})],
    ['a chunk of something else', eventFrame('chunk', { bytes: 7 })],
    ['a chunk that is no JSON', eventFrame('chunk', { bytes: 'AAAA' })],
    ['null', frame({ ':message-type': 'event', ':event-type': 'chunk' }, 'null')],
    ['an event that nobody knows', eventFrame('novelty', { usage })],
  ])('passes over %s', (_what, odd) => {
    expect(read(odd, STREAM)).toEqual(WHOLE);
    expect(read(STREAM, odd)).toEqual(WHOLE);
  });
});

describe('chunks of InvokeModel', () => {
  const request = bedrockInvoke.request({ prompt: 'hi' }, 20, '/model/mistral.mistral-7b/invoke-with-response-stream')!;
  const metrics = { 'amazon-bedrock-invocationMetrics': { inputTokenCount: 12, outputTokenCount: 9 } };

  it.each([
    [
      'Bedrock’s counts',
      [{ outputs: [{ text: 'a' }] }, { outputs: [{ text: 'b', stop_reason: 'stop' }], ...metrics }],
      9,
    ],
    [
      'counts of garbage',
      [{ outputs: [{ text: 'abc' }] }, { 'amazon-bedrock-invocationMetrics': { inputTokenCount: -1 } }],
      undefined,
    ],
    ['none', [{ outputs: [{ text: 'abc' }] }], undefined],
  ])('have %s', (_what, events, counted) => {
    const tape = new Tape(bedrockInvoke, request, FRAMES);
    for (const event of events) tape.push(chunkFrame(event));
    const facts = tape.facts();
    expect(facts.usage?.outputTokens).toBe(counted);
    if (counted === undefined) expect(facts.estimate?.outputTokens).toBe(1);
  });
});
