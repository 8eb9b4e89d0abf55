import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { openaiChat } from '../../../instrumentations/formats/openai-chat.ts';
import { openaiEmbeddings } from '../../../instrumentations/formats/openai-embeddings.ts';
import { openaiResponses } from '../../../instrumentations/formats/openai-responses.ts';
import { type CountTokens, MAX_COUNTED_CHARS, tokensSaved } from '../../../src/client/counting/count.ts';
import { encodingOf, load } from '../../../src/client/counting/tokenizer.ts';

const counters: CountTokens[] = [];
beforeAll(async () => {
  for (const encoding of ['o200k_base', 'cl100k_base'] as const) counters.push((await load(encoding))!);
});

const bytes = (text: string) => Buffer.byteLength(text);

const word = fc.constantFrom(
  ...[
    'the',
    'The',
    'NASA',
    "don't",
    'naïve',
    'Straße',
    'e\u0301te',
    '東京都',
    'привет',
    '🙂',
    '👩‍👩‍👧',
    '12345',
    '3.14',
  ],
  ...['{"a": [1, 2]}', '</div>', 'snake_case', 'camelCase', '<|endoftext|>', '\u00a0', 'x'.repeat(300), '\ud800'],
  ...['supercalifragilistic', '==', '...', '\t', "'s", 'I', 'a'],
);
const glue = fc.constantFrom(' ', ' ', ' ', ' ', '  ', '\n', '', '\r\n', ' \n ', '\u3000');
const prose = fc.array(fc.tuple(fc.oneof(word, word, fc.string({ unit: 'binary', maxLength: 8 })), glue), {
  maxLength: 80,
});
const anyText = prose.map((parts) => parts.map(([text, after]) => text + after).join(''));

describe('a counted bound', () => {
  test('is never below the count of the whole, whatever the text', () => {
    const property = fc.property(anyText, fc.nat(1), (text, which) => {
      const count = counters[which]!;
      expect(bytes(text) - tokensSaved([text], count)).toBeGreaterThanOrEqual(count(text));
    });
    fc.assert(property, { numRuns: 1_500 });
  });

  test('is never below it either where a provider puts texts side by side', () => {
    const property = fc.property(fc.array(anyText, { maxLength: 4 }), fc.nat(1), (texts, which) => {
      const count = counters[which]!;
      const whole = texts.join('');
      expect(bytes(whole) - tokensSaved(texts, count)).toBeGreaterThanOrEqual(count(whole));
    });
    fc.assert(property, { numRuns: 800 });
  });

  test('saves most of what bytes hold too much of prose', () => {
    const text = 'The quick brown fox jumps over the lazy dog, and nobody minds it at all. '.repeat(200);
    const bound = bytes(text) - tokensSaved([text], counters[0]!);
    expect(bound).toBeLessThan(counters[0]!(text) * 1.05);
  });

  test.each([
    ['one letter', 'a'.repeat(200_000)],
    ['no space', 'ab,'.repeat(60_000)],
    ['spaces alone', ' '.repeat(200_000)],
    ['a script without spaces', '東京都は日本の首都です。'.repeat(10_000)],
  ])('tokenizes nothing of a long run of %s', (_, text) => {
    let counted = 0;
    const saved = tokensSaved([text], (piece) => {
      counted += piece.length;
      return 1;
    });
    expect([saved, counted]).toEqual([0, 0]);
  });

  test('tokenizes pieces that are short, and no more than its allowance', () => {
    let total = 0;
    const texts = Array.from({ length: 10 }, () => 'some words of a long text '.repeat(2_000));
    tokensSaved(texts, (piece) => {
      expect(piece.length).toBeLessThanOrEqual(256);
      total += piece.length;
      return piece.length;
    });
    expect(total).toBeGreaterThan(MAX_COUNTED_CHARS * 0.9);
    expect(total).toBeLessThanOrEqual(MAX_COUNTED_CHARS);
  });
});

test.each([
  ['openai', 'gpt-4o-mini-2024-07-18', 'o200k_base'],
  ['openai', 'gpt-4.1', 'o200k_base'],
  ['openai', 'ft:gpt-4o:acme::x', 'o200k_base'],
  ['openai', 'o3-mini', 'o200k_base'],
  ['openai', 'gpt-5-nano', 'o200k_base'],
  ['openai', 'gpt-4', 'cl100k_base'],
  ['openai', 'gpt-4-turbo', 'cl100k_base'],
  ['openai', 'gpt-3.5-turbo', 'cl100k_base'],
  ['openai', 'text-embedding-3-small', 'cl100k_base'],
  ['openai', 'gpt-6', undefined],
  ['openai', 'gpt-50', undefined],
  ['openai', 'llama-3', undefined],
  ['groq', 'gpt-4o', undefined],
  ['azure', 'gpt-4o', undefined],
])('%s %s is counted by %s', (provider, model, encoding) => {
  expect(encodingOf(provider, model)).toBe(encoding);
});

describe('the texts that a format tells', () => {
  const parts = [{ type: 'text', text: 'c' }, { type: 'image_url', image_url: { url: 'u' } }, null, 7];
  test.each([
    [
      'chat',
      openaiChat,
      { messages: [{ role: 'user', content: 'a' }, { content: parts }, null, { content: 3 }] },
      ['a', 'c'],
    ],
    [
      'responses',
      openaiResponses,
      { instructions: 'i', input: [{ content: parts }, { output: 'o' }, 1] },
      ['i', 'c', 'o'],
    ],
    ['responses of one string', openaiResponses, { input: 'x' }, ['x']],
    ['embeddings', openaiEmbeddings, { input: ['a', [1, 2], 'b'] }, ['a', 'b']],
    ['embeddings of one string', openaiEmbeddings, { input: 'a' }, ['a']],
    ['garbage', openaiChat, { messages: 'none' }, []],
  ])('%s', (_, format, body, texts) => {
    expect(format.texts!(body)).toEqual(texts);
  });

  test('are each in the request, so that their bytes are in its bound', () => {
    const property = fc.property(fc.array(anyText, { maxLength: 5 }), (contents) => {
      const body = { model: 'gpt-4.1', messages: contents.map((content) => ({ role: 'user', content })) };
      const total = openaiChat.texts!(body).reduce((sum, text) => sum + bytes(text), 0);
      expect(total).toBeLessThanOrEqual(bytes(JSON.stringify(body)));
    });
    fc.assert(property, { numRuns: 200 });
  });
});
