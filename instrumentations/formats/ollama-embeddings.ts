/** POST /api/embed of Ollama, and the older /api/embeddings, which counts nothing. */
import type { UsageBound } from '../../src/domain/usage.ts';
import { inputBound, inputEstimate, noMedia } from './bound.ts';
import type { Format, RequestFacts, ResponseFacts } from './format.ts';
import { CountReader, conclude, isObject, type Json, list, name, report, type Seen } from './read.ts';
import { countedFor, lastAnswer, renamed } from './whole.ts';

function request(body: unknown, bodyBytes: number): RequestFacts | undefined {
  if (!isObject(body) || name(body.model) === undefined) return undefined;
  if (body.input === undefined && body.prompt === undefined) return undefined;
  const media = noMedia();
  const bound: UsageBound = { ...inputBound(bodyBytes, media, 0), outputTokens: 0 };
  const estimatedInputTokens = inputEstimate(bodyBytes, media, bound);
  return { model: body.model as string, stream: false, bound, estimatedInputTokens };
}

function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Seen = { outputBytes: 0 };
  if (isObject(body)) {
    seen.model = name(body.model);
    if (body.error !== undefined && body.error !== null) seen.error = 'error';
    if (body.prompt_eval_count !== undefined) {
      const reader = new CountReader();
      const usage = { inputTokens: reader.required(body, 'prompt_eval_count'), outputTokens: 0 };
      seen.report = countedFor(list(body.embeddings).length, report(reader, usage));
    }
  }
  return conclude(seen, request);
}

function texts(body: Json): string[] {
  const input = [body.prompt, body.input, ...list(body.input)];
  return input.filter((text) => typeof text === 'string');
}

export const ollamaEmbeddings: Format = {
  id: 'ollama-embeddings',
  operation: 'embeddings',
  provider: 'ollama',
  lastSegments: ['embed', 'embeddings'],
  matches: (method, path) => method === 'POST' && /\/api\/embed(?:dings)?$/.test(path),
  request,
  texts: (body) => texts(body as Json),
  rewrite: renamed,
  denial: (message, details) => ({ ...details, error: message }),
  response,
  stream: lastAnswer(response),
};
