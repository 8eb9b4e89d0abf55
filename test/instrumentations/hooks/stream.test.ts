/** Streams in pieces of every size: what is kept, what is taken out, what is read of it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gemini } from '../../../instrumentations/formats/gemini.ts';
import { openaiChat } from '../../../instrumentations/formats/openai-chat.ts';
import { LINES } from '../../../instrumentations/hooks/framing.ts';
import { elementsOf, eventsOf, lastEventEnd } from '../../../instrumentations/hooks/sse.ts';
import { ExtraEventStripper } from '../../../instrumentations/hooks/strip.ts';
import { Tape } from '../../../instrumentations/hooks/tape.ts';

const chunk = (choices: unknown[], usage: unknown = null): string =>
  `data: ${JSON.stringify({ id: 'c1', model: 'gpt-4.1', choices, usage })}\n\n`;
const delta = (content: string): string => chunk([{ index: 0, delta: { content }, finish_reason: null }]);
const USAGE = { prompt_tokens: 40, completion_tokens: 12, total_tokens: 52 };
const FINISH = chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]);
const EXTRA = chunk([], USAGE);
const DONE = 'data: [DONE]\n\n';
const WORDS = ['Grüße ', 'with "usage": quoted, ', '世界 ', '\\"usage\\":{} '].map(delta).join('');

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const request = openaiChat.request(
  { model: 'gpt-4.1', messages: [{ role: 'user', content: 'hi' }], stream: true },
  100,
);

/** The text in pieces, cut at these places. */
function pieces(text: string, cuts: readonly number[]): Uint8Array[] {
  const whole = bytes(text);
  const ends = [...new Set([...cuts.map((cut) => cut % (whole.length + 1)), whole.length])].sort((a, b) => a - b);
  return ends.map((end, index) => whole.slice(index === 0 ? 0 : ends[index - 1], end));
}

const cuts = fc.array(fc.nat(), { maxLength: 40 });

describe('the extra event', () => {
  const strip = (text: string, at: readonly number[]): string => {
    const stripper = new ExtraEventStripper(openaiChat);
    const passed = pieces(text, at).map((piece) => stripper.push(piece));
    return Buffer.concat([...passed, stripper.flush()].filter((part) => part !== undefined)).toString('utf8');
  };

  test('is taken out however the stream is cut, and nothing else is', () => {
    fc.assert(
      fc.property(cuts, (at) => {
        expect(strip(WORDS + FINISH + EXTRA + DONE, at)).toBe(WORDS + FINISH + DONE);
      }),
    );
  });

  test.each([
    ['CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
    ['spaces', (text: string) => text.replaceAll('":', '": ')],
  ])('is found with %s', (_, write) => {
    fc.assert(
      fc.property(cuts, (at) => {
        expect(strip(write(WORDS + FINISH + EXTRA + DONE), at)).toBe(write(WORDS + FINISH + DONE));
      }),
    );
  });

  test('a stream without it passes as it is, also when it is cut off', () => {
    const cutOff = WORDS.slice(0, -20);
    fc.assert(fc.property(cuts, (at) => void expect(strip(cutOff, at)).toBe(cutOff)));
  });

  test('chunks of whole events are passed on as the very same objects', () => {
    const stripper = new ExtraEventStripper(openaiChat);
    const whole = bytes(delta('word'));
    expect(stripper.push(whole)).toBe(whole);
  });
});

describe('a tape', () => {
  const read = (text: string, at: readonly number[] = []) => {
    const tape = new Tape(openaiChat, request!, LINES);
    for (const piece of pieces(text, at)) tape.push(piece);
    return tape.facts();
  };

  test('says the same of a stream however it is cut', () => {
    const whole = read(WORDS + FINISH + EXTRA + DONE);
    expect(whole).toMatchObject({ model: 'gpt-4.1', responseId: 'c1', finishReasons: ['stop'] });
    expect(whole.usage).toMatchObject({ inputTokens: 40, outputTokens: 12 });
    fc.assert(fc.property(cuts, (at) => void expect(read(WORDS + FINISH + EXTRA + DONE, at)).toEqual(whole)));
  });

  test('says what the format says when it gets every event', () => {
    const reader = openaiChat.stream(request!);
    for (const event of eventsOf(WORDS + FINISH + EXTRA + DONE)) reader.push(event);
    expect(read(WORDS + FINISH + EXTRA + DONE)).toEqual(reader.facts());
  });

  test('estimates a stream that was cut off, and one whose usage is all zeros', () => {
    expect(read(WORDS).usage).toBeUndefined();
    expect(read(WORDS).estimate?.outputTokens).toBeGreaterThan(5);
    const zeros = chunk([], { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 });
    expect(read(WORDS + FINISH + zeros + DONE)).toMatchObject({
      invalid: expect.any(String),
      estimate: expect.anything(),
    });
  });

  test('that grows past what is kept still counts every byte and finds the usage', () => {
    const long = delta('x'.repeat(1000)).repeat(800);
    expect(read(long + FINISH + EXTRA + DONE, [100_001, 500_002]).usage).toMatchObject({ outputTokens: 12 });
    const estimate = read(long, [100_001, 300_003, 500_002]).estimate?.outputTokens ?? 0;
    expect(estimate).toBe(read(long).estimate?.outputTokens);
  });

  test('of a body that is no JSON says nothing', () => {
    const tape = new Tape(openaiChat, request!, undefined);
    tape.push(bytes('<html>'));
    expect(tape.facts()).toEqual({});
  });
});

describe('server-sent events', () => {
  test.each([
    ['data: {"a":1}\n\ndata: {"b":2}\n\n', [{ a: 1 }, { b: 2 }]],
    ['event: x\r\ndata:{"a":1}\r\n\r\n', [{ a: 1 }]],
    ['data: {"a":\ndata: 1}\n\n', [{ a: 1 }]],
    ['data: {"a":1}\r\rdata: {"b":2}\r\r', [{ a: 1 }, { b: 2 }]],
    ['{"a":1}\n{"b":2}\n', [{ a: 1 }, { b: 2 }]],
    [': ping\n\ndata: [DONE]\n\n', []],
    ['data: {"a":1}', [{ a: 1 }]],
  ])('%j', (text, events) => {
    expect(eventsOf(text)).toEqual(events);
  });

  test.each([
    ['data: 1\n\ndata: 2', 9],
    ['data: 1\r\n\r\ndata', 11],
    ['data: 1\n', 0],
    ['', 0],
  ])('the last event of %j ends at %i', (text, end) => {
    expect(lastEventEnd(bytes(text))).toBe(end);
  });
});

describe('an array of chunks, as Google streams it where no events are asked for', () => {
  const chunks = [
    { text: 'a "quoted" ] } one', more: [[1], { a: '\\' }] },
    { text: '世界 }]' },
    { candidates: [{ content: { parts: [{ text: '{"x":' }] } }] },
  ];
  const text = JSON.stringify(chunks, null, 2);

  test('gives the chunks that are whole, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.nat(text.length), (at) => {
        const found = elementsOf(text.slice(0, at));
        expect(found).toEqual(chunks.slice(0, found.length));
      }),
    );
    expect(elementsOf(text.slice(0, -2))).toEqual(chunks);
  });

  test.each(['', '[', '[]', ']]]]{{', '[1,2', '["', '[{"a":"\\'])('%s gives none and breaks nothing', (odd) => {
    expect(elementsOf(odd)).toEqual([]);
  });

  test('reads past a picture of megabytes', () => {
    const picture = { data: 'A'.repeat(20_000_000) };
    expect(elementsOf(`[${JSON.stringify(picture)},{"a`)).toEqual([picture]);
    expect(elementsOf(`[{"data":"${'\\n'.repeat(5_000_000)}`)).toEqual([]);
  });

  test('is estimated by what came of it', () => {
    const asked = gemini.request({ contents: [{ parts: [{ text: 'hi' }] }] }, 100, '/models/m:streamGenerateContent');
    const tape = new Tape(gemini, asked!, undefined);
    const counted = { candidates: [{ content: { parts: [{ text: 'abc' }] } }], usageMetadata: { promptTokenCount: 4 } };
    tape.push(bytes(`[${JSON.stringify(counted)},{"cand`));
    expect(tape.facts().estimate).toEqual({ inputTokens: 4, outputTokens: 1 });
  });
});
