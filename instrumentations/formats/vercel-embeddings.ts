/** POST …/embedding-model of Vercel's AI Gateway. There is no output and no stream. */
import type { UsageBound } from '../../src/domain/usage.ts';
import { inputBound, inputEstimate, noMedia } from './bound.ts';
import type { Format, RequestFacts, ResponseFacts } from './format.ts';
import {
  CountReader,
  conclude,
  errorOf,
  isObject,
  type Json,
  list,
  report,
  type Seen,
  type UsageReport,
} from './read.ts';
import { denial, modelAfter, renamedAfter } from './vercel.ts';
import { countedFor, lastAnswer } from './whole.ts';

const END = '/embedding-model/';

function request(body: unknown, bodyBytes: number, path?: string): RequestFacts | undefined {
  const model = modelAfter(END, path);
  if (!isObject(body) || !Array.isArray(body.values) || model === undefined) return undefined;
  const media = noMedia();
  const bound: UsageBound = { ...inputBound(bodyBytes, media, 0), outputTokens: 0 };
  return { model, stream: false, bound, estimatedInputTokens: inputEstimate(bodyBytes, media, bound) };
}

function usageOf({ usage, embeddings }: Json): UsageReport | undefined {
  if (usage === undefined || usage === null) return undefined;
  if (!isObject(usage)) return { invalid: 'usage is no object' };
  const reader = new CountReader();
  const counted = report(reader, { inputTokens: reader.required(usage, 'tokens'), outputTokens: 0 });
  return countedFor(list(embeddings).length, counted);
}

function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Seen = { outputBytes: 0 };
  if (isObject(body)) {
    seen.error = errorOf(body.error);
    seen.report = usageOf(body);
  }
  return conclude(seen, request);
}

export const vercelEmbeddings: Format = {
  id: 'vercel-embeddings',
  operation: 'embeddings',
  provider: 'vercel',
  lastSegments: ['embedding-model'],
  modelHeader: 'ai-model-id',
  matches: (method, path) => method === 'POST' && path.endsWith('/embedding-model'),
  request,
  texts: (body) => list((body as Json).values).filter((value) => typeof value === 'string'),
  rewrite: (body) => ({ ...body }),
  rewritePath: (path, rewrite) => renamedAfter(END, path, rewrite),
  denial,
  retries429: true,
  response,
  stream: lastAnswer(response),
};
