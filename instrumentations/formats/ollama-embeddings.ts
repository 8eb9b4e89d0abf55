/** POST /api/embed of Ollama, and the older /api/embeddings, which counts nothing. */
import type { UsageBound } from '../../src/domain/usage.ts';
import { inputBound, inputEstimate, noMedia } from './bound.ts';
import type { Format, RequestFacts, ResponseFacts, Rewrite, StreamReader } from './format.ts';
import { CountReader, conclude, isObject, type Json, list, name, report, type Seen } from './read.ts';

function request(body: unknown, bodyBytes: number): RequestFacts | undefined {
  if (!isObject(body) || name(body.model) === undefined) return undefined;
  if (body.input === undefined && body.prompt === undefined) return undefined;
  const media = noMedia();
  const bound: UsageBound = { ...inputBound(bodyBytes, media, 0), outputTokens: 0 };
  const estimatedInputTokens = inputEstimate(bodyBytes, media, bound);
  return { model: body.model as string, stream: false, bound, estimatedInputTokens };
}

function rewrite(body: object, { model }: Rewrite): object {
  return model === undefined ? { ...body } : { ...body, model };
}

function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Seen = { outputBytes: 0 };
  if (isObject(body)) {
    seen.model = name(body.model);
    if (body.error !== undefined && body.error !== null) seen.error = 'error';
    if (body.prompt_eval_count !== undefined) {
      const reader = new CountReader();
      const inputTokens = reader.required(body, 'prompt_eval_count');
      const vectors = list(body.embeddings).length;
      seen.report =
        reader.problem === undefined && inputTokens === 0 && vectors > 0
          ? { invalid: `usage counts no tokens, but ${vectors} vectors were received` }
          : report(reader, { inputTokens, outputTokens: 0 });
    }
  }
  return conclude(seen, request);
}

function stream(request: RequestFacts): StreamReader {
  let last: unknown;
  return {
    push(event) {
      last = event;
    },
    facts: () => response(last, request),
  };
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
  rewrite,
  denial: (message, details) => ({ ...details, error: message }),
  response,
  stream,
};
