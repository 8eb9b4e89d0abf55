/** Providers, gateways and proxies report nonsense: no exception, no invented count, and a reason that can be logged. */
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../../instrumentations/formats/anthropic-messages.ts';
import type { Format } from '../../../instrumentations/formats/format.ts';
import { gemini } from '../../../instrumentations/formats/gemini.ts';
import { geminiEmbeddings } from '../../../instrumentations/formats/gemini-embeddings.ts';
import { openaiChat } from '../../../instrumentations/formats/openai-chat.ts';
import { openaiEmbeddings } from '../../../instrumentations/formats/openai-embeddings.ts';
import { openaiResponses } from '../../../instrumentations/formats/openai-responses.ts';
import { MAX_USAGE_COUNT } from '../../../src/domain/usage.ts';

const request = { model: 'm', stream: false, bound: { inputTokens: 900 }, estimatedInputTokens: 300 };
const ABSURD = MAX_USAGE_COUNT + 1;

const chat = (usage: unknown) => ({ choices: [{ message: { content: 'abc' } }], usage });
const response = (usage: unknown) => ({ output: [{ content: [{ type: 'output_text', text: 'abc' }] }], usage });
const message = (usage: unknown) => ({ content: [{ type: 'text', text: 'abc' }], usage });

const candidates = (usageMetadata: unknown) => ({
  candidates: [{ content: { parts: [{ text: 'abc' }] } }],
  usageMetadata,
});

describe('usage that is garbage', () => {
  const cases: [Format, (usage: unknown) => object, unknown, string][] = [
    [openaiChat, chat, { prompt_tokens: -1, completion_tokens: 1 }, 'usage.prompt_tokens is -1'],
    [openaiChat, chat, { prompt_tokens: 1.5, completion_tokens: 1 }, 'usage.prompt_tokens is 1.5'],
    [openaiChat, chat, { prompt_tokens: '12', completion_tokens: 1 }, 'usage.prompt_tokens is no number (string)'],
    [openaiChat, chat, { prompt_tokens: null, completion_tokens: 1 }, 'usage.prompt_tokens is null'],
    [openaiChat, chat, { prompt_tokens: 1 }, 'usage.completion_tokens is missing'],
    [openaiChat, chat, {}, 'usage.prompt_tokens is missing'],
    [openaiChat, chat, [], 'usage is no object'],
    [openaiChat, chat, 'many', 'usage is no object'],
    [openaiChat, chat, 7, 'usage is no object'],
    [openaiChat, chat, { prompt_tokens: ABSURD, completion_tokens: 1 }, `usage.prompt_tokens is ${ABSURD}`],
    [
      openaiChat,
      chat,
      { prompt_tokens: 1, completion_tokens: 1, total_tokens: ABSURD },
      `usage.total_tokens is ${ABSURD}`,
    ],
    [
      openaiChat,
      chat,
      { prompt_tokens: 5, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 6 } },
      'usage has more cached tokens (6) than input tokens (5)',
    ],
    [
      openaiChat,
      chat,
      { prompt_tokens: 5, completion_tokens: 1, completion_tokens_details: { reasoning_tokens: 2 } },
      'usage has more reasoning tokens (2) than output tokens (1)',
    ],
    [
      openaiChat,
      chat,
      { prompt_tokens: 5, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 'six' } },
      'usage.cached_tokens is no number (string)',
    ],
    [
      openaiChat,
      chat,
      { prompt_tokens: 0, completion_tokens: 4 },
      'usage counts no input tokens, but 3 bytes were received',
    ],
    [
      openaiChat,
      chat,
      { prompt_tokens: 9, completion_tokens: 0 },
      'usage counts no output tokens, but 3 bytes were received',
    ],
    [openaiResponses, response, { input_tokens: -1, output_tokens: 1 }, 'usage.input_tokens is -1'],
    [openaiResponses, response, { input_tokens: 1, output_tokens: {} }, 'usage.output_tokens is no number (object)'],
    [openaiResponses, response, true, 'usage is no object'],
    [
      openaiResponses,
      response,
      { input_tokens: 5, output_tokens: 1, input_tokens_details: { cached_tokens: 3, cache_write_tokens: 3 } },
      'usage has more cached tokens (6) than input tokens (5)',
    ],
    [openaiEmbeddings, (usage) => ({ data: [{}], usage }), { prompt_tokens: -4 }, 'usage.prompt_tokens is -4'],
    [openaiEmbeddings, (usage) => ({ data: [{}], usage }), {}, 'usage.prompt_tokens is missing'],
    [anthropicMessages, message, { input_tokens: 5 }, 'usage.output_tokens is missing'],
    [anthropicMessages, message, { input_tokens: 5, output_tokens: 2.5 }, 'usage.output_tokens is 2.5'],
    [
      anthropicMessages,
      message,
      { input_tokens: 5, output_tokens: 2, cache_read_input_tokens: -9 },
      'usage.cache_read_input_tokens is -9',
    ],
    [gemini, candidates, { promptTokenCount: -1 }, 'usage.promptTokenCount is -1'],
    [gemini, candidates, { promptTokenCount: 5, candidatesTokenCount: 1.5 }, 'usage.candidatesTokenCount is 1.5'],
    [
      gemini,
      candidates,
      { promptTokenCount: 5, thoughtsTokenCount: 'x' },
      'usage.thoughtsTokenCount is no number (string)',
    ],
    [
      gemini,
      candidates,
      { promptTokenCount: 5, candidatesTokenCount: 1, cachedContentTokenCount: 6 },
      'usage has more cached tokens (6) than input tokens (5)',
    ],
    [
      gemini,
      candidates,
      { promptTokenCount: 5, candidatesTokenCount: 1, promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 6 }] },
      'usage has more input audio tokens (6) than input tokens (5)',
    ],
    [gemini, candidates, { totalTokenCount: ABSURD }, `usage.totalTokenCount is ${ABSURD}`],
    [gemini, candidates, [], 'usage is no object'],
    [
      gemini,
      candidates,
      { candidatesTokenCount: 1, totalTokenCount: 1 },
      'usage counts no input tokens, but 3 bytes were received',
    ],
    [
      geminiEmbeddings,
      (usageMetadata) => ({ embedding: {}, usageMetadata }),
      { promptTokenCount: 0 },
      'usage counts no tokens, but 1 vectors were received',
    ],
    [
      geminiEmbeddings,
      (token_count) => ({ predictions: [{ embeddings: { statistics: { token_count } } }] }),
      '4',
      'usage.token_count is no number (string)',
    ],
    [
      anthropicMessages,
      message,
      { input_tokens: MAX_USAGE_COUNT, output_tokens: 2, cache_read_input_tokens: 1 },
      `usage has more input tokens (${MAX_USAGE_COUNT + 1}) than possible tokens (${MAX_USAGE_COUNT})`,
    ],
  ];

  it.each(cases)('$0.id with $2', (format, body, usage, invalid) => {
    const facts = format.response(body(usage), request);
    expect(facts.invalid).toBe(invalid);
    expect(facts.usage).toBeUndefined();
    expect(facts.estimate?.inputTokens).toBe((usage as { prompt_tokens?: number }).prompt_tokens === 9 ? 9 : 300);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['missing', undefined],
  ])('that is %s is no complaint, and an estimate', (_, usage) => {
    const facts = openaiChat.response(chat(usage), request);
    expect(facts).toEqual({ estimate: { inputTokens: 300, outputTokens: 1 } });
  });

  it('says nothing of the text that stood where a number should', () => {
    const facts = openaiChat.response(chat({ prompt_tokens: 'my secret prompt', completion_tokens: 1 }), request);
    expect(JSON.stringify(facts)).not.toContain('secret');
  });
});

describe('usage in a stream', () => {
  function facts(format: Format, events: unknown[]) {
    const reader = format.stream(request);
    for (const event of events) reader.push(event);
    return reader.facts();
  }
  const good = { choices: [{ delta: { content: 'abc' } }], usage: { prompt_tokens: 9, completion_tokens: 4 } };

  it('that is repeated is not added up', () => {
    expect(facts(openaiChat, [good, good, good]).usage).toEqual({ inputTokens: 9, outputTokens: 4 });
  });

  it('is not taken back by zeros', () => {
    const zeros = { choices: [], usage: { prompt_tokens: 0, completion_tokens: 0 } };
    expect(facts(openaiChat, [good, zeros]).usage).toEqual({ inputTokens: 9, outputTokens: 4 });
  });

  it('that turns into garbage leaves the last good one as the estimate', () => {
    expect(facts(openaiChat, [good, { choices: [], usage: { prompt_tokens: 'x' } }])).toEqual({
      invalid: 'usage.prompt_tokens is no number (string)',
      estimate: { inputTokens: 9, outputTokens: 4 },
    });
  });

  it('of the start alone is an estimate of the output', () => {
    const start = { type: 'message_start', message: { usage: { input_tokens: 9, output_tokens: 1 } } };
    expect(facts(anthropicMessages, [start])).toEqual({ estimate: { inputTokens: 9, outputTokens: 0 } });
  });

  it('of a start that is garbage is explained', () => {
    const start = { type: 'message_start', message: { usage: { input_tokens: -9, output_tokens: 1 } } };
    expect(facts(anthropicMessages, [start])).toEqual({
      invalid: 'usage.input_tokens is -9',
      estimate: { inputTokens: 300, outputTokens: 0 },
    });
  });

  it('may be asked for at any time, and asking changes nothing', () => {
    const reader = openaiChat.stream(request);
    expect(reader.facts()).toEqual({ estimate: { inputTokens: 300, outputTokens: 0 } });
    reader.push(good);
    expect(reader.facts()).toEqual(reader.facts());
    expect(reader.facts().usage).toEqual({ inputTokens: 9, outputTokens: 4 });
  });
});

describe('an answer that is no JSON object', () => {
  it.each([null, undefined, 'a page of HTML', 7, true, []])('%o is estimated', (body) => {
    expect(openaiChat.response(body, request)).toEqual({ estimate: { inputTokens: 300, outputTokens: 0 } });
  });
});
