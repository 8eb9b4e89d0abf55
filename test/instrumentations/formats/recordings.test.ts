import { describe, expect, it } from 'vitest';
import type { Format, ResponseFacts } from '../../../instrumentations/formats/format.ts';
import { FORMATS } from '../../../instrumentations/formats/index.ts';
import { bytes, isInOnePiece, RECORDINGS, type Recording } from './recording.ts';

function formatOf(recording: Recording): Format {
  return FORMATS.find(({ id }) => id === recording.format)!;
}

function replay(format: Format, recording: Recording): ResponseFacts {
  const asked = format.request(recording.request, bytes(recording.request), recording.path)!;
  const answered = recording.headers && format.headers?.((name) => recording.headers?.[name]);
  const request = answered ? { ...asked, answered } : asked;
  if (!recording.events) return format.response(recording.response, request);
  const reader = format.stream(request);
  for (const event of recording.events) reader.push(event);
  return reader.facts();
}

describe.each(FORMATS.map(({ id }) => id))('recorded calls of %s', (id) => {
  const recordings = RECORDINGS.filter(({ format }) => format === id);

  it.each(recordings)('$case: $shows', (recording) => {
    expect(replay(formatOf(recording), recording)).toEqual(recording.expect.facts);
  });

  it.each(recordings)('$case: the request says what may be used', (recording) => {
    const { model, stream, bound } = recording.expect;
    const facts = formatOf(recording).request(recording.request, bytes(recording.request), recording.path)!;
    const { inputTokens, ...rest } = facts.bound;
    expect({ model: facts.model, stream: facts.stream, bound: rest }).toEqual({ model, stream, bound });
    // What is billed by the search has no tokens.
    if (formatOf(recording).operation !== 'rerank')
      expect(inputTokens).toBeGreaterThanOrEqual(bytes(recording.request) - 1000);
    if (!bound.unseenInput) expect(facts.estimatedInputTokens).toBeLessThanOrEqual(inputTokens);
  });

  it.each(recordings)('$case: input stays within the bound unless some of it is unseen', (recording) => {
    const { bound } = formatOf(recording).request(recording.request, bytes(recording.request), recording.path)!;
    const { usage } = recording.expect.facts;
    if (usage && !bound.unseenInput) expect(usage.inputTokens).toBeLessThanOrEqual(bound.inputTokens);
  });
});

describe('the recordings', () => {
  it('show every format, and streams of those that stream', () => {
    const shown = new Set(RECORDINGS.map(({ format }) => format));
    expect([...shown].sort()).toEqual(FORMATS.map(({ id }) => id).sort());
    const streamed = new Set(RECORDINGS.filter(({ events }) => events).map(({ format }) => format));
    const streaming = FORMATS.filter((format) => !isInOnePiece(format));
    expect([...streamed].sort()).toEqual(streaming.map(({ id }) => id).sort());
  });

  it.each(RECORDINGS.filter(({ expect: { extraEvents } }) => extraEvents !== undefined))(
    '$format/$case has $expect.extraEvents events to hide when it was we who asked',
    (recording) => {
      const extra = recording.events!.filter((event) => formatOf(recording).isExtraEvent!(event));
      expect(extra).toHaveLength(recording.expect.extraEvents!);
    },
  );
});
