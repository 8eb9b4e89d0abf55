import { describe, expect, it } from 'vitest';
import { anthropicBatches } from '../../../instrumentations/formats/anthropic-batches.ts';
import { anthropicComplete } from '../../../instrumentations/formats/anthropic-complete.ts';
import { anthropicMessages } from '../../../instrumentations/formats/anthropic-messages.ts';
import { anthropicVertex } from '../../../instrumentations/formats/anthropic-vertex.ts';
import type { Format, Rewrite } from '../../../instrumentations/formats/format.ts';
import { gemini } from '../../../instrumentations/formats/gemini.ts';
import { geminiEmbeddings } from '../../../instrumentations/formats/gemini-embeddings.ts';
import { openaiChat } from '../../../instrumentations/formats/openai-chat.ts';
import { openaiEmbeddings } from '../../../instrumentations/formats/openai-embeddings.ts';
import { openaiResponses } from '../../../instrumentations/formats/openai-responses.ts';

function frozen<T extends object>(value: T): T {
  for (const member of Object.values(value)) if (typeof member === 'object' && member !== null) frozen(member);
  return Object.freeze(value);
}

describe('rewrite', () => {
  const cases: [string, Format, object, Rewrite, object][] = [
    ['sets the model', openaiChat, { model: 'gpt-4.1' }, { model: 'gpt-4.1-mini' }, { model: 'gpt-4.1-mini' }],
    [
      'lowers max_tokens',
      openaiChat,
      { model: 'gpt-4.1', max_tokens: 900 },
      { maxOutputTokens: 512 },
      { model: 'gpt-4.1', max_tokens: 512 },
    ],
    [
      'never raises',
      openaiChat,
      { model: 'gpt-4.1', max_tokens: 100 },
      { maxOutputTokens: 512 },
      { model: 'gpt-4.1', max_tokens: 100 },
    ],
    [
      'lowers the field that the caller used',
      openaiChat,
      { model: 'gpt-4.1', max_completion_tokens: 900 },
      { maxOutputTokens: 512 },
      { model: 'gpt-4.1', max_completion_tokens: 512 },
    ],
    [
      'lowers both where both are set',
      openaiChat,
      { model: 'x', max_completion_tokens: 900, max_tokens: 100 },
      { maxOutputTokens: 512 },
      { model: 'x', max_completion_tokens: 512, max_tokens: 100 },
    ],
    [
      'adds max_tokens',
      openaiChat,
      { model: 'mistral-large' },
      { maxOutputTokens: 512 },
      { model: 'mistral-large', max_tokens: 512 },
    ],
    [
      'adds max_completion_tokens for reasoning models',
      openaiChat,
      { model: 'o3' },
      { maxOutputTokens: 512 },
      { model: 'o3', max_completion_tokens: 512 },
    ],
    [
      'takes null for nothing',
      openaiChat,
      { model: 'gpt-5', max_tokens: null },
      { maxOutputTokens: 5 },
      { model: 'gpt-5', max_tokens: null, max_completion_tokens: 5 },
    ],
    [
      'moves the limit when the new model refuses max_tokens',
      openaiChat,
      { model: 'gpt-4.1', max_tokens: 900 },
      { model: 'openai/gpt-5-mini', maxOutputTokens: 512 },
      { model: 'openai/gpt-5-mini', max_completion_tokens: 512 },
    ],
    [
      'replaces a limit that is garbage',
      openaiChat,
      { model: 'x', max_tokens: 'many' },
      { maxOutputTokens: 512 },
      { model: 'x', max_tokens: 512 },
    ],
    [
      'lowers a response',
      openaiResponses,
      { model: 'o3', max_output_tokens: 9000 },
      { model: 'o4-mini', maxOutputTokens: 512 },
      { model: 'o4-mini', max_output_tokens: 512 },
    ],
    [
      'limits a response',
      openaiResponses,
      { model: 'o3' },
      { maxOutputTokens: 512 },
      { model: 'o3', max_output_tokens: 512 },
    ],
    [
      'keeps embeddings but for the model',
      openaiEmbeddings,
      { model: 'a', input: 'hi' },
      { model: 'b', maxOutputTokens: 1 },
      { model: 'b', input: 'hi' },
    ],
    [
      'lowers a message',
      anthropicMessages,
      { model: 'a', max_tokens: 4000 },
      { model: 'b', maxOutputTokens: 512 },
      { model: 'b', max_tokens: 512 },
    ],
    [
      'takes fallbacks from a message for another model, which has its own',
      anthropicMessages,
      { model: 'a', max_tokens: 100, fallbacks: [{ model: 'dear' }] },
      { model: 'b' },
      { model: 'b', max_tokens: 100 },
    ],
    [
      'lowers what fallbacks may write',
      anthropicMessages,
      { model: 'a', max_tokens: 900, fallbacks: [{ model: 'c', max_tokens: 800 }, { model: 'd' }] },
      { maxOutputTokens: 512 },
      { model: 'a', max_tokens: 512, fallbacks: [{ model: 'c', max_tokens: 512 }, { model: 'd' }] },
    ],
    [
      'names no model in the body where the path does',
      anthropicVertex,
      { anthropic_version: 'v', max_tokens: 900 },
      { model: 'b', maxOutputTokens: 512 },
      { anthropic_version: 'v', max_tokens: 512 },
    ],
    [
      'rewrites each message of a batch',
      anthropicBatches,
      { requests: [{ custom_id: 'a', params: { model: 'a', max_tokens: 900 } }, null] },
      { model: 'b', maxOutputTokens: 512 },
      { requests: [{ custom_id: 'a', params: { model: 'b', max_tokens: 512 } }, null] },
    ],
    [
      'lowers a legacy completion',
      anthropicComplete,
      { model: 'a', prompt: 'hi', max_tokens_to_sample: 900 },
      { model: 'b', maxOutputTokens: 512 },
      { model: 'b', prompt: 'hi', max_tokens_to_sample: 512 },
    ],
    [
      'turns thinking off where there is no room for it',
      anthropicMessages,
      { max_tokens: 4000, thinking: { type: 'enabled', budget_tokens: 2000 } },
      { maxOutputTokens: 512 },
      { max_tokens: 512, thinking: { type: 'disabled' } },
    ],
    [
      'halves thinking where there is some',
      anthropicMessages,
      { max_tokens: 9000, thinking: { type: 'enabled', budget_tokens: 8000 } },
      { maxOutputTokens: 4000 },
      { max_tokens: 4000, thinking: { type: 'enabled', budget_tokens: 2000 } },
    ],
    ['limits Gemini', gemini, { a: 1 }, { maxOutputTokens: 512 }, { a: 1, generationConfig: { maxOutputTokens: 512 } }],
    [
      'lowers Gemini, in the spelling of the caller',
      gemini,
      { generation_config: { max_output_tokens: 9000, temperature: 0 } },
      { maxOutputTokens: 512 },
      { generation_config: { max_output_tokens: 512, temperature: 0 } },
    ],
    [
      'leaves Gemini room to answer after it has thought',
      gemini,
      { generationConfig: { maxOutputTokens: 9000, thinkingConfig: { thinkingBudget: 8000 } } },
      { maxOutputTokens: 4000 },
      { generationConfig: { maxOutputTokens: 4000, thinkingConfig: { thinkingBudget: 2000 } } },
    ],
    [
      'keeps thinking that is dynamic or off',
      gemini,
      { generationConfig: { thinkingConfig: { thinkingBudget: -1 } } },
      { model: 'gemini-2.5-flash-lite', maxOutputTokens: 512 },
      { generationConfig: { maxOutputTokens: 512, thinkingConfig: { thinkingBudget: -1 } } },
    ],
    [
      'takes levels of thinking from a model that knows none',
      gemini,
      { generationConfig: { thinkingConfig: { thinkingLevel: 'HIGH', includeThoughts: true } } },
      { model: 'gemini-2.5-flash' },
      { generationConfig: { thinkingConfig: { includeThoughts: true } } },
    ],
    [
      'takes thinking from a model that does not think',
      gemini,
      { generationConfig: { temperature: 0, thinkingConfig: { thinkingBudget: 0 } } },
      { model: 'models/gemini-2.0-flash' },
      { generationConfig: { temperature: 0 } },
    ],
    [
      'names the model of each text of a batch, as the API asks for',
      geminiEmbeddings,
      { requests: [{ model: 'models/a', content: {} }, null] },
      { model: 'b', maxOutputTokens: 5 },
      { requests: [{ model: 'models/b', content: {} }, null] },
    ],
  ];

  it.each(cases)('%s', (_, format, body, rewrite, expected) => {
    const next = format.rewrite(frozen(body), rewrite);
    expect(next).toEqual(expected);
    expect(next).not.toBe(body);
  });

  it('changes nothing that it was not asked to change', () => {
    const body = { model: 'gpt-4.1', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }], tools: [] };
    expect(openaiChat.rewrite(body, {})).toEqual(body);
  });
});

describe('rewritePath', () => {
  const vertex = '/v1/projects/p/locations/l/';
  it.each([
    ['/v1beta/models/gemini-2.5-pro:generateContent', 'g', '/v1beta/models/g:generateContent'],
    ['/proxy/v1beta/models/gemini-2.5-pro:streamGenerateContent', 'g', '/proxy/v1beta/models/g:streamGenerateContent'],
    ['/v1beta/models/a:generateContent', 'models/g', '/v1beta/models/g:generateContent'],
    ['/v1beta/models/a:generateContent', 'g@001?x', '/v1beta/models/g@001%3Fx:generateContent'],
    ['/v1beta/tunedModels/mine:generateContent', 'g', '/v1beta/models/g:generateContent'],
    [`${vertex}publishers/google/models/a:generateContent`, 'g', `${vertex}publishers/google/models/g:generateContent`],
    [`${vertex}endpoints/12:generateContent`, 'g', `${vertex}publishers/google/models/g:generateContent`],
    ['/v1beta/models/a:generateContent', undefined, '/v1beta/models/a:generateContent'],
  ])('%s to %s is %s', (path, model, expected) => {
    expect(gemini.rewritePath!(path, model === undefined ? {} : { model })).toBe(expected);
  });

  it('names Claude on Vertex AI in its path', () => {
    const path = `${vertex}publishers/anthropic/models/claude-opus-5:streamRawPredict`;
    const next = `${vertex}publishers/anthropic/models/claude-haiku-4-5@20251001:streamRawPredict`;
    expect(anthropicVertex.rewritePath!(path, { model: 'claude-haiku-4-5@20251001' })).toBe(next);
    expect(anthropicVertex.rewritePath!(path, { maxOutputTokens: 5 })).toBe(path);
  });
});

describe('askForUsage', () => {
  it.each<[string, object, string | undefined, object | undefined]>([
    ['asks in a stream', { stream: true }, 'openai', { stream: true, stream_options: { include_usage: true } }],
    [
      'keeps other options',
      { stream: true, stream_options: { include_obfuscation: false, include_usage: false } },
      undefined,
      { stream: true, stream_options: { include_obfuscation: false, include_usage: true } },
    ],
    [
      'is silent where the caller asked',
      { stream: true, stream_options: { include_usage: true } },
      undefined,
      undefined,
    ],
    ['is silent without a stream', { stream: false }, undefined, undefined],
    ['is silent towards Mistral, which rejects the question', { stream: true }, 'mistral', undefined],
    ['is silent towards OpenRouter, which tells anyway', { stream: true }, 'openrouter', undefined],
    ['leaves garbage to the provider', { stream: true, stream_options: 'yes' }, undefined, undefined],
  ])('%s', (_, body, provider, expected) => {
    expect(openaiChat.askForUsage!(frozen(body), provider)).toEqual(expected);
  });

  it.each<[string, unknown, boolean]>([
    ['usage without choices', { choices: [], usage: { prompt_tokens: 1 } }, true],
    ['a chunk with usage and choices', { choices: [{ delta: {} }], usage: { prompt_tokens: 1 } }, false],
    ['a chunk with usage null', { choices: [{ delta: {} }], usage: null }, false],
    ["Azure's first chunk about the prompt", { choices: [], prompt_filter_results: [] }, false],
    ['a moderation chunk', { choices: [], moderation: {}, usage: { prompt_tokens: 1 } }, false],
    ['nonsense', 'data', false],
  ])('then hides, or does not: %s', (_, event, hidden) => {
    expect(openaiChat.isExtraEvent!(event)).toBe(hidden);
  });
});
