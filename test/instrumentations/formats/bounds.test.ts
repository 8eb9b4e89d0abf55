import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../../instrumentations/formats/anthropic-messages.ts';
import { FRAMING_TOKENS } from '../../../instrumentations/formats/bound.ts';
import type { Format } from '../../../instrumentations/formats/format.ts';
import { gemini } from '../../../instrumentations/formats/gemini.ts';
import { geminiEmbeddings } from '../../../instrumentations/formats/gemini-embeddings.ts';
import { openaiChat } from '../../../instrumentations/formats/openai-chat.ts';
import { openaiEmbeddings } from '../../../instrumentations/formats/openai-embeddings.ts';
import { openaiResponses } from '../../../instrumentations/formats/openai-responses.ts';
import { bytes } from './recording.ts';

const chat = (part: object) => ({ model: 'gpt-4.1', messages: [{ role: 'user', content: [part] }] });
const responses = (part: object) => ({ model: 'gpt-4.1', input: [{ role: 'user', content: [part] }] });
const messages = (block: object, rest: object = {}) => ({
  model: 'claude-sonnet-4-5',
  max_tokens: 100,
  messages: [{ role: 'user', content: [block] }],
  ...rest,
});
const parts = (part: object, rest: object = {}) => ({ contents: [{ role: 'user', parts: [part] }], ...rest });
const DATA = 'A'.repeat(4000);

function bound(format: Format, body: object) {
  return format.request(body, bytes(body))!.bound;
}

describe('the input bound', () => {
  // Tokens above (below) one per byte of the request and the framing.
  const cases: [string, Format, object, number, boolean][] = [
    ['text of a chat', openaiChat, chat({ type: 'text', text: 'hi' }), 0, false],
    ['an image by URL', openaiChat, chat({ type: 'image_url', image_url: { url: 'https://e.com/i' } }), 12_500, false],
    [
      'an image inside, whose bytes do not count',
      openaiChat,
      chat({ type: 'image_url', image_url: { url: `data:image/png;base64,${DATA}` } }),
      12_500 - 4022,
      false,
    ],
    [
      'an image for gpt-4o-mini, which charges 33 times as much',
      openaiChat,
      { ...chat({ type: 'image_url', image_url: { url: 'https://e.com/i' } }), model: 'gpt-4o-mini' },
      48_169,
      false,
    ],
    [
      'audio inside, by its bytes',
      openaiChat,
      chat({ type: 'input_audio', input_audio: { data: DATA, format: 'mp3' } }),
      0,
      false,
    ],
    ['a file by id', openaiChat, chat({ type: 'file', file: { file_id: 'file-1' } }), 0, true],
    ['a file inside', openaiChat, chat({ type: 'file', file: { file_data: DATA } }), 0, true],
    ['a video by URL', openaiChat, chat({ type: 'video_url', video_url: { url: 'https://e.com/v' } }), 0, true],
    [
      'an earlier spoken answer by id',
      openaiChat,
      { model: 'gpt-audio', messages: [{ role: 'assistant', audio: { id: 'audio_1' } }] },
      0,
      true,
    ],
    ['an image of a response', openaiResponses, responses({ type: 'input_image', file_id: 'file-1' }), 12_500, false],
    [
      'a file of a response by URL',
      openaiResponses,
      responses({ type: 'input_file', file_url: 'https://e.com/f' }),
      0,
      true,
    ],
    [
      'a screenshot',
      openaiResponses,
      {
        model: 'computer-use-preview',
        input: [
          { type: 'computer_call_output', output: { type: 'computer_screenshot', image_url: 'https://e.com/s' } },
        ],
      },
      12_500,
      false,
    ],
    [
      'an item by reference',
      openaiResponses,
      { model: 'gpt-4.1', input: [{ type: 'item_reference', id: 'msg_1' }] },
      0,
      true,
    ],
    ['a conversation', openaiResponses, { model: 'gpt-4.1', input: 'hi', conversation: 'conv_1' }, 0, true],
    ['a stored template without a model', openaiResponses, { prompt: { id: 'pmpt_1' } }, 0, true],
    [
      'a tool of the caller',
      openaiResponses,
      { model: 'gpt-4.1', input: 'hi', tools: [{ type: 'function' }] },
      0,
      false,
    ],
    [
      'a search in files',
      openaiResponses,
      { model: 'gpt-4.1', input: 'hi', tools: [{ type: 'file_search' }] },
      0,
      true,
    ],
    [
      'compaction',
      openaiResponses,
      { model: 'gpt-5', input: 'hi', context_management: [{ type: 'compaction' }] },
      0,
      true,
    ],
    [
      'an image for Claude',
      anthropicMessages,
      messages({ type: 'image', source: { type: 'url', url: 'https://e.com/i' } }),
      5000,
      false,
    ],
    [
      'an image inside for Claude',
      anthropicMessages,
      messages({ type: 'image', source: { type: 'base64', data: DATA } }),
      1000,
      false,
    ],
    [
      'a PDF inside',
      anthropicMessages,
      messages({ type: 'document', source: { type: 'base64', data: DATA } }),
      0,
      true,
    ],
    [
      'a plain text document',
      anthropicMessages,
      messages({ type: 'document', source: { type: 'text', data: DATA } }),
      0,
      false,
    ],
    [
      'an image inside the result of a tool',
      anthropicMessages,
      messages({ type: 'tool_result', content: [{ type: 'image', source: { type: 'file', file_id: 'file_1' } }] }),
      5000,
      false,
    ],
    [
      'tools and their preamble',
      anthropicMessages,
      messages({ type: 'text', text: 'hi' }, { tools: [{ name: 'a', input_schema: {} }] }),
      1000,
      false,
    ],
    [
      'a tool that Anthropic describes',
      anthropicMessages,
      messages({ type: 'text', text: 'hi' }, { tools: [{ type: 'bash_20250124', name: 'bash' }] }),
      4000,
      false,
    ],
    [
      'a toolset',
      anthropicMessages,
      messages({ type: 'text', text: 'hi' }, { tools: [{ type: 'browser_toolset_20260801' }] }),
      16_000,
      false,
    ],
    [
      'a tool that fetches',
      anthropicMessages,
      messages({ type: 'text', text: 'hi' }, { tools: [{ type: 'web_fetch_20250910' }] }),
      4000,
      true,
    ],
    [
      'tools of a remote server',
      anthropicMessages,
      messages({ type: 'text', text: 'hi' }, { mcp_servers: [{ type: 'url' }] }),
      0,
      true,
    ],
    ['a text for Gemini', gemini, parts({ text: 'hi' }), 0, false],
    ['an image for Gemini', gemini, parts({ inlineData: { mimeType: 'image/png', data: DATA } }), 6450 - 4000, false],
    [
      'an image for Gemini by its address',
      gemini,
      parts({ file_data: { mime_type: 'image/png', file_uri: 'gs://b/i' } }),
      6450,
      false,
    ],
    ['audio for Gemini', gemini, parts({ inline_data: { mime_type: 'audio/mp3', data: DATA } }), 0, false],
    ['a film for Gemini', gemini, parts({ inlineData: { mimeType: 'video/mp4', data: DATA } }), 0, true],
    ['a film of YouTube', gemini, parts({ fileData: { fileUri: 'https://youtu.be/x' } }), 0, true],
    ['a document for Gemini', gemini, parts({ inlineData: { mimeType: 'application/pdf', data: DATA } }), 0, true],
    ['a part that nobody knows', gemini, parts({ hologram: {} }), 0, true],
    ['the answer of a tool', gemini, parts({ functionResponse: { name: 'a', response: {} } }), 0, false],
    [
      'an image in the answer of a tool',
      gemini,
      parts({ functionResponse: { name: 'a', parts: [{ inlineData: { mimeType: 'image/png' } }] } }),
      6450,
      false,
    ],
    ['a cache of Gemini', gemini, parts({ text: 'hi' }, { cachedContent: 'cachedContents/1' }), 0, true],
    ['functions for Gemini', gemini, parts({ text: 'hi' }, { tools: [{ functionDeclarations: [{}] }] }), 0, false],
    ['code run by Gemini', gemini, parts({ text: 'hi' }, { tools: [{ codeExecution: {} }] }), 0, true],
    [
      'an image to embed',
      geminiEmbeddings,
      { content: { parts: [{ inlineData: { mimeType: 'image/png', data: DATA } }] } },
      6450 - 4000,
      false,
    ],
    ['embeddings', openaiEmbeddings, { model: 'text-embedding-3-small', input: ['a', 'b'] }, 0, false],
  ];

  it.each(cases)('of %s', (_, format, body, allowance, unseen) => {
    const { inputTokens, unseenInput } = bound(format, body);
    expect(inputTokens - bytes(body) - FRAMING_TOKENS).toBe(allowance);
    expect(unseenInput).toBe(unseen ? true : undefined);
  });
});

describe('the output bound', () => {
  it.each<[string, object, object]>([
    ['max_completion_tokens', { max_completion_tokens: 10 }, { outputTokens: 10 }],
    ['max_tokens', { max_tokens: 10 }, { outputTokens: 10 }],
    [
      'the larger of both, for a provider may know only one',
      { max_completion_tokens: 10, max_tokens: 20 },
      { outputTokens: 20 },
    ],
    ['either times n', { max_tokens: 10, n: 3 }, { outputTokens: 30, choices: 3 }],
    ['nothing, and the choices', { n: 3 }, { choices: 3 }],
    ['nothing, for null', { max_tokens: null, n: null }, { choices: 1 }],
    ['nothing, for what the provider refuses', { max_tokens: -5, n: '3' }, { choices: 1 }],
    ['nothing, for a fraction', { max_tokens: 1.5 }, { choices: 1 }],
  ])('of a chat is %s', (_, limits, expected) => {
    const { outputTokens, choices } = bound(openaiChat, { ...chat({ type: 'text', text: 'hi' }), ...limits });
    expect({ outputTokens, choices }).toEqual({ outputTokens: undefined, choices: undefined, ...expected });
  });

  it.each<[string, Format, object, number | undefined]>([
    ['of a response', openaiResponses, { model: 'o3', input: 'hi', max_output_tokens: 10 }, 10],
    ['of a response without one', openaiResponses, { model: 'o3', input: 'hi' }, undefined],
    ['of a message', anthropicMessages, messages({ type: 'text', text: 'hi' }), 100],
    ['of Gemini', gemini, parts({ text: 'hi' }, { generationConfig: { maxOutputTokens: 100 } }), 100],
    [
      'of candidates of Gemini',
      gemini,
      parts({ text: 'hi' }, { generation_config: { max_output_tokens: 100, candidate_count: 3 } }),
      300,
    ],
    ['of Gemini without one', gemini, parts({ text: 'hi' }), undefined],
    ['of embeddings', openaiEmbeddings, { model: 'text-embedding-3-small', input: 'hi' }, 0],
  ])('%s', (_, format, body, expected) => {
    expect(bound(format, body).outputTokens).toBe(expected);
  });
});

describe('a request', () => {
  it.each([
    [openaiChat, { messages: [] }, '/openai/deployments/support-gpt/chat/completions', 'support-gpt'],
    [openaiEmbeddings, { input: 'hi' }, '/openai/deployments/embed/embeddings', 'embed'],
    [openaiChat, { messages: [], model: 'gpt-4.1' }, '/openai/deployments/support-gpt/chat/completions', 'gpt-4.1'],
    [openaiChat, { messages: [] }, '/v1/chat/completions', 'unknown'],
  ])('names its model', (format, body, path, model) => {
    expect(format.request(body, 100, path)?.model).toBe(model);
  });

  it.each<[string, object]>([
    ['the request', { cache_control: { type: 'ephemeral', ttl: '1h' } }],
    ['the system prompt', { system: [{ type: 'text', text: 'a', cache_control: { ttl: '1h' } }] }],
    ['a tool', { tools: [{ name: 'a', cache_control: { ttl: '1h' } }] }],
    ['a block', { messages: [{ role: 'user', content: [{ type: 'text', cache_control: { ttl: '1h' } }] }] }],
  ])('asks for cache writes of 1 hour in %s', (_, rest) => {
    expect(bound(anthropicMessages, messages({ type: 'text', text: 'hi' }, rest)).cacheWrite1h).toBe(true);
    const short = JSON.parse(JSON.stringify(rest).replace('1h', '5m'));
    expect(bound(anthropicMessages, messages({ type: 'text', text: 'hi' }, short)).cacheWrite1h).toBeUndefined();
  });
});

describe('audio', () => {
  const spoken = { type: 'input_audio', input_audio: { data: DATA, format: 'mp3' } };
  it.each<[string, Format, object, false | undefined]>([
    ['is ruled out for text', openaiChat, chat({ type: 'text', text: 'hi' }), false],
    ['is ruled out for Claude', anthropicMessages, messages({ type: 'document', source: { type: 'url' } }), false],
    ['may go in', openaiChat, chat(spoken), undefined],
    ['may come out', openaiChat, { ...chat({ type: 'text', text: 'hi' }), modalities: ['text', 'audio'] }, undefined],
    ['is ruled out for Gemini', gemini, parts({ text: 'hi' }), false],
    ['may go into Gemini', gemini, parts({ inlineData: { mimeType: 'audio/wav', data: DATA } }), undefined],
    [
      'may come out of Gemini',
      gemini,
      parts({ text: 'hi' }, { generationConfig: { responseModalities: ['AUDIO'] } }),
      undefined,
    ],
    ['may go into a response', openaiResponses, responses(spoken), undefined],
    [
      'may be in what is unseen',
      openaiChat,
      chat({ type: 'video_url', video_url: { url: 'https://e.com' } }),
      undefined,
    ],
  ])('%s', (_, format, body, expected) => {
    expect(bound(format, body).audio).toBe(expected);
  });
});
