/**
 * POST …:embedContent and :batchEmbedContents, and Vertex AI's …:predict of its text embedding models. There is no output and no
 * stream. An answer without counts (the Gemini API gave none for long) is an estimate.
 */
import type { Usage, UsageBound } from '../../src/domain/usage.ts';
import { inputBound, inputEstimate, type Media, noMedia } from './bound.ts';
import type { Format, RequestFacts, ResponseFacts, Rewrite } from './format.ts';
import { addContents, addContentTexts, TOKENS_PER_IMAGE } from './gemini-parts.ts';
import { bare, denial, googlePath, isImagen, modelIn, withModel } from './gemini-path.ts';
import { servedTierOf, usageOf } from './gemini-usage.ts';
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
import { countedFor, lastAnswer } from './whole.ts';

function request(body: unknown, bodyBytes: number, path?: string): RequestFacts | undefined {
  const media = isObject(body) ? mediaOf(body) : undefined;
  if (!media) return undefined;
  const bound: UsageBound = { ...inputBound(bodyBytes, media, TOKENS_PER_IMAGE), outputTokens: 0 };
  const estimatedInputTokens = inputEstimate(bodyBytes, media, bound);
  return { model: modelIn(path), stream: false, bound, estimatedInputTokens };
}

/** Undefined for other predictions, such as pictures. */
function mediaOf(body: Json): Media | undefined {
  const media = noMedia();
  if (isObject(body.content)) addContents(media, body.content);
  else if (Array.isArray(body.requests)) {
    for (const one of body.requests) if (isObject(one)) addContents(media, one.content);
  } else if (!hasTexts(body)) return undefined;
  return media;
}

function hasTexts({ instances }: Json): boolean {
  return list(instances).some((one) => isObject(one) && typeof one.content === 'string');
}

function rewrite(body: object, { model }: Rewrite): object {
  const next: Json = { ...body };
  if (model === undefined) return next;
  const resource = `models/${bare(model)}`;
  if (typeof next.model === 'string') next.model = resource;
  if (Array.isArray(next.requests))
    next.requests = next.requests.map((one) => (isObject(one) ? { ...one, model: resource } : one));
  return next;
}

function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Seen = { outputBytes: 0 };
  if (isObject(body)) {
    seen.error = errorOf(body.error);
    seen.serviceTier = servedTierOf(body.usageMetadata);
    seen.report = counted(body, usageOf(body.usageMetadata) ?? predicted(body));
  }
  return conclude(seen, request);
}

/** What an embedding calls its response is not output. */
function counted(body: Json, found: UsageReport | undefined): UsageReport | undefined {
  if (!found || 'invalid' in found) return found;
  const vectors = isObject(body.embedding) ? 1 : list(body.embeddings).length + list(body.predictions).length;
  return countedFor(vectors, { usage: { ...found.usage, outputTokens: 0 } });
}

/** Vertex AI counts each text apart. */
function predicted(body: Json): UsageReport | undefined {
  const statistics = list(body.predictions).map(statisticsOf);
  if (statistics.length === 0 || statistics.includes(undefined)) return undefined;
  const reader = new CountReader();
  const usage: Usage = { inputTokens: 0, outputTokens: 0 };
  for (const one of statistics) usage.inputTokens += reader.required(one, 'token_count');
  return report(reader, usage);
}

function statisticsOf(prediction: unknown): unknown {
  const embeddings = isObject(prediction) ? prediction.embeddings : undefined;
  return isObject(embeddings) && isObject(embeddings.statistics) ? embeddings.statistics : undefined;
}

function texts(body: Json): string[] {
  const found: string[] = [];
  addContentTexts(found, body.content);
  for (const one of list(body.requests)) if (isObject(one)) addContentTexts(found, one.content);
  for (const one of list(body.instances)) if (isObject(one) && typeof one.content === 'string') found.push(one.content);
  return found;
}

const VERBS: readonly string[] = ['embedContent', 'batchEmbedContents', 'predict'];

export const geminiEmbeddings: Format = {
  id: 'gemini-embeddings',
  operation: 'embeddings',
  provider: 'google',
  lastSegments: VERBS,
  matches: (method, path) => {
    const place = googlePath(path);
    return method === 'POST' && place !== undefined && VERBS.includes(place.verb) && !isImagen(place.model);
  },
  request,
  texts: (body) => texts(body as Json),
  rewrite,
  rewritePath: (path, { model }) => withModel(path, model),
  denial,
  // Its retries, where they are asked for, know nothing of `x-should-retry`.
  retries429: true,
  response,
  stream: lastAnswer(response),
};
