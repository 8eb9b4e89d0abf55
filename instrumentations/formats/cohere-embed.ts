/** POST /v1/embed and /v2/embed of Cohere. */
import type { UsageBound } from '../../src/domain/usage.ts';
import { inputBound, inputEstimate, noMedia } from './bound.ts';
import { usageOf } from './cohere-usage.ts';
import type { Format, RequestFacts, ResponseFacts } from './format.ts';
import { conclude, isObject, type Json, list, name, type Seen } from './read.ts';
import { lastAnswer, renamed } from './whole.ts';

function request(body: unknown, bodyBytes: number): RequestFacts | undefined {
  if (!isObject(body)) return undefined;
  const inputs = [body.texts, body.images, body.inputs];
  if (!inputs.some(Array.isArray)) return undefined;
  const media = noMedia();
  // Nothing published says how many tokens a picture comes to.
  media.unseen = list(body.images).length > 0 || list(body.inputs).some(hasImage);
  const bound: UsageBound = { ...inputBound(bodyBytes, media, 0), outputTokens: 0, audio: false };
  return {
    model: name(body.model) ?? 'unknown',
    stream: false,
    bound,
    estimatedInputTokens: inputEstimate(bodyBytes, media, bound),
  };
}

function hasImage(input: unknown): boolean {
  return isObject(input) && list(input.content).some((part) => isObject(part) && part.type !== 'text');
}

function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Seen = { outputBytes: 0 };
  if (isObject(body)) {
    seen.responseId = name(body.id);
    seen.report = usageOf(body.meta);
    const { report } = seen;
    if (body.embeddings !== undefined && report && 'usage' in report && report.usage.inputTokens === 0)
      seen.report = { invalid: 'usage counts no tokens, but vectors were received' };
  }
  return conclude(seen, request);
}

export const cohereEmbed: Format = {
  id: 'cohere-embed',
  operation: 'embeddings',
  provider: 'cohere',
  lastSegments: ['embed'],
  matches: (method, path) => method === 'POST' && /\/v[12]\/embed$/.test(path),
  request,
  texts: (body) => list((body as Json).texts).filter((text) => typeof text === 'string'),
  rewrite: renamed,
  denial: (message, details) => ({ ...details, message }),
  retries429: true,
  response,
  stream: lastAnswer(response),
};
