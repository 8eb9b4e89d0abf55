/** Streams of JSON lines in pieces of every size: what is read of them, and when they are over. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ollama } from '../../../instrumentations/formats/ollama.ts';
import { LINES } from '../../../instrumentations/hooks/framing.ts';
import { lastEventEnd } from '../../../instrumentations/hooks/sse.ts';
import { Tape } from '../../../instrumentations/hooks/tape.ts';

const line = (content: string, more: object = {}): string =>
  `${JSON.stringify({ model: 'llama3.2', message: { role: 'assistant', content }, done: false, ...more })}\n`;
const WORDS = ['Grüße ', 'data: {"done":true} ', '世界 ', '\n\n "done":true'].map((word) => line(word)).join('');
const TOOL = line('', { message: { tool_calls: [{ function: { name: 'end', arguments: { done: true } } }] } });
const LAST = line('', { done: true, done_reason: 'stop', prompt_eval_count: 40, eval_count: 12 });
const TEXT = WORDS + TOOL + LAST;

const request = ollama.request({ model: 'llama3.2', messages: [{ role: 'user', content: 'hi' }] }, 100);
const cuts = fc.array(fc.nat(), { maxLength: 40 });

function pieces(text: string, at: readonly number[]): Uint8Array[] {
  const whole = new TextEncoder().encode(text);
  const ends = [...new Set([...at.map((cut) => cut % (whole.length + 1)), whole.length])].sort((a, b) => a - b);
  return ends.map((end, index) => whole.slice(index === 0 ? 0 : ends[index - 1], end));
}

describe('lines of JSON', () => {
  test('tell their counts and their end however they are cut', () => {
    fc.assert(
      fc.property(cuts, (at) => {
        const tape = new Tape(ollama, request!, LINES);
        const over = pieces(TEXT, at).map((piece) => {
          tape.push(piece);
          return tape.isOver;
        });
        expect(over.indexOf(true)).toBe(over.length - 1);
        expect(tape.facts().usage).toEqual({ inputTokens: 40, outputTokens: 12 });
      }),
    );
  });

  test('are reckoned from what came where they break off', () => {
    fc.assert(
      fc.property(fc.nat(Buffer.byteLength(WORDS + TOOL)), (length) => {
        const tape = new Tape(ollama, request!, LINES);
        tape.push(new TextEncoder().encode(TEXT).slice(0, length));
        expect(tape.facts().usage).toBeUndefined();
        expect(tape.isOver).toBe(false);
      }),
    );
  });

  test('are digested as they come, so that a long answer does not stay in memory', () => {
    const tape = new Tape(ollama, request!, LINES);
    for (let index = 0; index < 600; index++) tape.push(new TextEncoder().encode(line('x'.repeat(1000))));
    // Of itself too large to be kept: it is digested at once, and ends the stream all the same.
    tape.push(new TextEncoder().encode(line('x'.repeat(300_000)) + LAST));
    expect(tape.isOver).toBe(true);
    expect(tape.facts()).toMatchObject({ finishReasons: ['stop'], usage: { inputTokens: 40, outputTokens: 12 } });
  });

  test.each([
    ['{"a":1}\n{"b":', 8],
    ['{"a":1}\n', 8],
    ['{"a":', 0],
  ])('end in %j after %i bytes', (text, end) => {
    expect(lastEventEnd(Buffer.from(text))).toBe(end);
  });
});
