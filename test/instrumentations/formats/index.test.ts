import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FORMATS, formatFor } from '../../../instrumentations/formats/index.ts';

/** Requests of each format. */
const REQUESTS = [
  ['POST', '/v1/chat/completions', 'openai-chat'],
  ['POST', '/openai/v1/chat/completions', 'openai-chat'],
  ['POST', '/openai/deployments/support/chat/completions', 'openai-chat'],
  ['POST', '/v1/chat/completions/', 'openai-chat'],
  ['POST', '/v1/responses', 'openai-responses'],
  ['POST', '/v1/embeddings', 'openai-embeddings'],
  ['POST', '/v1/completions', 'openai-completions'],
  ['POST', '/openai/deployments/old/completions', 'openai-completions'],
  ['POST', '/v1/images/generations', 'openai-images'],
  ['POST', '/openai/deployments/paint/images/edits', 'openai-images'],
  ['POST', '/v1/images/variations', 'openai-images'],
  ['POST', '/v1/audio/speech', 'openai-speech'],
  ['POST', '/v1/audio/transcriptions', 'openai-transcriptions'],
  ['POST', '/v1/audio/translations', 'openai-transcriptions'],
  ['POST', '/v1/batches', 'openai-batches'],
  ['POST', '/v1/messages', 'anthropic-messages'],
  ['POST', '/anthropic/v1/messages', 'anthropic-messages'],
  ['POST', '/v1/messages/batches', 'anthropic-batches'],
  ['POST', '/v1/complete', 'anthropic-complete'],
  ['POST', '/v1/projects/p/locations/l/publishers/anthropic/models/claude-x@1:rawPredict', 'anthropic-vertex'],
  ['POST', '/v1/projects/p/locations/global/publishers/anthropic/models/claude-x:streamRawPredict', 'anthropic-vertex'],
  ['POST', '/v1/fim/completions', 'mistral-fim'],
  ['POST', '/v1/agents/completions', 'mistral-agents'],
  ['POST', '/v1/conversations', 'mistral-conversations'],
  ['POST', '/v1/conversations/conv_06835b734f2776bb80008fa7a309bf5a', 'mistral-conversations'],
  ['POST', '/proxy/v1/conversations/019b2bd7-0c4a/', 'mistral-conversations'],
  ['POST', '/v1/conversations/conv_1/restart', 'mistral-conversations'],
  ['POST', '/v1/chat', 'cohere-chat'],
  ['POST', '/v2/chat', 'cohere-chat'],
  ['POST', '/v1/embed', 'cohere-embed'],
  ['POST', '/v2/embed', 'cohere-embed'],
  ['POST', '/cohere/v2/rerank', 'cohere-rerank'],
  ['POST', '/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/converse', 'bedrock-converse'],
  ['POST', '/model/us.amazon.nova-lite-v1:0/converse-stream', 'bedrock-converse'],
  ['POST', '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A12%3Ainference-profile%2Fabc/invoke', 'bedrock-invoke'],
  ['POST', '/model/anthropic.claude-haiku-4-5-20251001-v1:0/invoke-with-response-stream', 'bedrock-invoke'],
  ['POST', '/model/amazon.titan-embed-text-v2%3A0/invoke', 'bedrock-embed'],
  ['POST', '/model/cohere.rerank-v3-5%3A0/invoke', 'bedrock-rerank'],
  ['POST', '/v4/ai/language-model', 'vercel-language'],
  ['POST', '/v3/ai/embedding-model', 'vercel-embeddings'],
  ['POST', '/api/chat', 'ollama'],
  ['POST', '/api/generate', 'ollama'],
  ['POST', '/api/embed', 'ollama-embeddings'],
  ['POST', '/api/embeddings', 'ollama-embeddings'],
  ['POST', '/v1beta/models/gemini-2.5-flash:generateContent', 'gemini'],
  ['POST', '/v1beta/models/gemini-2.5-flash:streamGenerateContent', 'gemini'],
  ['POST', '/v1beta/tunedModels/my-model:generateContent', 'gemini'],
  ['POST', '/v1/publishers/google/models/gemini-2.5-flash:generateContent', 'gemini'],
  ['POST', '/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:streamGenerateContent', 'gemini'],
  ['POST', '/v1/projects/p/locations/l/endpoints/123:generateContent', 'gemini'],
  ['POST', '/v1beta/interactions', 'gemini-interactions'],
  ['POST', '/v1beta/models/gemini-embedding-001:embedContent', 'gemini-embeddings'],
  ['POST', '/v1beta/models/gemini-embedding-001:batchEmbedContents', 'gemini-embeddings'],
  ['POST', '/v1/projects/p/locations/l/publishers/google/models/text-embedding-005:predict', 'gemini-embeddings'],
  ['POST', '/v1/projects/p/locations/l/endpoints/imagen-of-ours:predict', 'gemini-embeddings'],
  ['POST', '/v1beta/models/imagen-4.0-generate-001:predict', 'imagen'],
  ['POST', '/v1/publishers/google/models/imagen-4.0-upscale-preview:predict', 'imagen'],
  ['POST', '/v1/projects/p/locations/l/publishers/google/models/imagen-3.0-capability-001:predict', 'imagen'],
] as const;

describe('formatFor', () => {
  it.each(REQUESTS)('%s %s is %s', (method, path, id) => {
    expect(formatFor(method, path)?.id).toBe(id);
  });

  it.each([
    ['GET', '/v1/chat/completions', 'lists stored completions'],
    ['POST', '/v1/audio/voices', 'makes a voice'],
    ['GET', '/v1/images/generations', 'is nothing'],
    ['POST', '/v1/moderations', 'is given away'],
    ['POST', '/v1/files', 'stores a file'],
    ['POST', '/translations', 'is somebody else'],
    ['POST', '/blog/edits', 'is somebody else'],
    ['POST', '/v1/chat/completions/chatcmpl-1', 'updates a stored completion'],
    ['GET', '/v1/responses/resp_1', 'fetches a response'],
    ['POST', '/v1/responses/resp_1/cancel', 'cancels a response'],
    ['POST', '/v1/responses/input_tokens', 'counts tokens'],
    ['POST', '/v1/messages/count_tokens', 'counts tokens'],
    ['POST', '/v1/messages/batches/msgbatch_1/cancel', 'cancels a batch'],
    ['POST', '/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict', 'counts tokens'],
    ['POST', '/v1/projects/p/locations/l/publishers/mistralai/models/codestral:rawPredict', 'is another publisher'],
    ['POST', '/v1/threads/thread_1/messages', 'adds to a thread'],
    ['POST', '/v1/conversations/conv_1/items', 'adds to a conversation of OpenAI'],
    ['GET', '/v1/conversations/conv_1', 'fetches a conversation'],
    ['POST', '/conversations/7', 'is somebody else'],
    ['POST', '/servers/restart', 'is somebody else'],
    ['POST', '/api/chats/7/messages', 'is somebody else'],
    ['POST', '/v1beta/models/gemini-2.5-flash:countTokens', 'counts tokens'],
    ['POST', '/v1beta/models/gemini-2.5-flash:batchGenerateContent', 'starts a batch'],
    ['POST', '/v1beta/models/veo-3.0:predictLongRunning', 'starts a film'],
    ['GET', '/v1beta/models/imagen-4.0-generate-001:predict', 'is nothing'],
    ['GET', '/v1beta/models/gemini-2.5-flash', 'fetches a model'],
    ['POST', '/v1beta/interactions/i1/cancel', 'cancels an interaction'],
    ['POST', '/v1beta/cachedContents', 'fills a cache'],
    ['POST', '/articles/generateContent', 'is somebody else'],
    ['POST', '/v1/generate', 'is a legacy endpoint of Cohere'],
    ['POST', '/api/pull', 'loads a model'],
    ['POST', '/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/count-tokens', 'counts tokens'],
    ['POST', '/lambda/invoke', 'is somebody else'],
    ['POST', '/units/converse', 'is somebody else'],
    ['POST', '/my/chat', 'is somebody else'],
    ['POST', '/', 'is somebody else'],
    ['POST', '', 'is nothing'],
  ])('%s %s is no format: it %s', (method, path) => {
    expect(formatFor(method, path)).toBeUndefined();
  });

  it('finds every format of the table, and each by its own test alone', () => {
    expect(new Set(REQUESTS.map(([, , id]) => id))).toEqual(new Set(FORMATS.map(({ id }) => id)));
    for (const [method, path, id] of REQUESTS) {
      const plain = path.replace(/\/$/, '');
      expect(FORMATS.filter((format) => format.matches(method, plain)).map((format) => format.id)).toEqual([id]);
    }
  });

  it.each([
    ['openai-chat', { question: 'a form of somebody else' }],
    ['openai-responses', { answers: [1, 2, 3] }],
    ['openai-embeddings', { vectors: [] }],
    ['anthropic-messages', { messages: [{ text: 'a chat of somebody else' }] }],
    ['mistral-fim', { messages: [{ role: 'user', content: 'no prompt' }] }],
    ['mistral-agents', { messages: [{ role: 'user', content: 'no agent' }] }],
    ['mistral-agents', { agent_id: 'ag_1', prompt: 'no messages' }],
    ['mistral-conversations', { items: [{ role: 'user', content: 'stored at OpenAI' }], metadata: { topic: 'a' } }],
    ['mistral-conversations', { metadata: { topic: 'b' } }],
    ['cohere-chat', { messages: [{ role: 'user', content: 'no model' }] }],
    ['cohere-embed', { texts: 'one' }],
    ['cohere-rerank', { documents: [] }],
    ['ollama', { model: 'gpt-4.1', id: 'chat-7', messages: [{ role: 'user', content: 'a useChat of somebody else' }] }],
    ['ollama', { model: 'gpt-4.1', messages: [{ id: 'm1', role: 'user', parts: [{ type: 'text', text: 'hi' }] }] }],
    ['ollama-embeddings', { text: 'no model' }],
    ['gemini', { question: 'a form of somebody else' }],
    ['gemini-embeddings', { instances: [{ prompt: 'a picture of Vertex AI' }] }],
    ['gemini-embeddings', { instances: [[1, 2, 3]] }],
    ['imagen', { instances: [] }],
  ])('%s leaves a body alone that only shares the path', (id, body) => {
    expect(FORMATS.find((format) => format.id === id)!.request(body, 100)).toBeUndefined();
  });
});

describe('the example of CONTRIBUTING.md', () => {
  it('has one line in the table beside its import, and no hook and nothing else of the product names it', () => {
    const root = fileURLToPath(new URL('../../../', import.meta.url));
    const rooms = ['instrumentations/hooks', 'src'].flatMap((room) =>
      readdirSync(root + room, { recursive: true, encoding: 'utf8' }).map((file) => `${room}/${file}`),
    );
    const files = ['instrumentations/formats/index.ts', 'instrumentations/formats/provider.ts', ...rooms];
    const lines = files
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => readFileSync(root + file, 'utf8').split('\n'));
    expect(lines.filter((line) => /cohere-?rerank/i.test(line)).map((line) => line.trim())).toEqual([
      "import { cohereRerank } from './cohere-rerank.ts';",
      'cohereRerank,',
    ]);
  });
});
