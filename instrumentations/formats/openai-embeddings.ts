/** POST …/embeddings. There is no output and no stream. */
import type { Usage, UsageBound } from '../../src/domain/usage.ts';
import { inputBound, inputEstimate, noMedia } from './bound.ts';
import type { Format, RequestFacts, ResponseFacts } from './format.ts';
import { deploymentRenamed, modelOf } from './openai.ts';
import {
  CountReader,
  conclude,
  errorOf,
  isObject,
  type Json,
  list,
  name,
  report,
  type Seen,
  type UsageReport,
} from './read.ts';
import { countedFor, lastAnswer, renamed } from './whole.ts';

function request(body: unknown, bodyBytes: number, path?: string): RequestFacts | undefined {
  if (!isObject(body) || body.input === undefined) return undefined;
  const media = noMedia();
  media.unseen = list(body.input).some(isObject); // Pictures and the like, as some providers take them here.
  const bound: UsageBound = { ...inputBound(bodyBytes, media, 0), outputTokens: 0 };
  return {
    model: modelOf(body, path),
    stream: false,
    bound,
    estimatedInputTokens: inputEstimate(bodyBytes, media, bound),
  };
}

function usageOf(body: Json): UsageReport | undefined {
  const source = body.usage;
  if (source === undefined || source === null) return undefined;
  if (!isObject(source)) return { invalid: 'usage is no object' };
  const reader = new CountReader();
  // Voyage and others give the total alone; without output it is the same.
  const key =
    source.prompt_tokens === undefined && source.total_tokens !== undefined ? 'total_tokens' : 'prompt_tokens';
  const usage: Usage = { inputTokens: reader.required(source, key), outputTokens: 0 };
  return countedFor(list(body.data).length, report(reader, usage));
}

function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Seen = { outputBytes: 0 };
  if (isObject(body)) {
    seen.model = name(body.model);
    seen.responseId = name(body.id);
    seen.error = errorOf(body.error);
    seen.report = usageOf(body);
  }
  return conclude(seen, request);
}

function texts(body: Json): string[] {
  const input = typeof body.input === 'string' ? [body.input] : list(body.input);
  return input.filter((text) => typeof text === 'string');
}

export const openaiEmbeddings: Format = {
  id: 'openai-embeddings',
  operation: 'embeddings',
  provider: 'openai',
  lastSegments: ['embeddings'],
  matches: (method, path) => method === 'POST' && path.endsWith('/embeddings') && !path.endsWith('/api/embeddings'),
  request,
  texts: (body) => texts(body as Json),
  rewrite: renamed,
  rewritePath: deploymentRenamed,
  response,
  stream: lastAnswer(response),
};
