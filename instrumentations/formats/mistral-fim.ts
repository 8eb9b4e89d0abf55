/** POST …/fim/completions: Mistral's code models fill what is missing between a text and its suffix, and answer as a chat does. */
import type { UsageBound } from '../../src/domain/usage.ts';
import { inputBound, inputEstimate, noMedia } from './bound.ts';
import type { Format, RequestFacts, Rewrite } from './format.ts';
import { lowered, modelOf } from './openai.ts';
import { response, stream } from './openai-chat-answer.ts';
import { defined, isObject, type Json, limit } from './read.ts';

function request(body: unknown, bodyBytes: number): RequestFacts | undefined {
  if (!isObject(body) || body.prompt === undefined) return undefined;
  const media = noMedia();
  const bound: UsageBound = { ...inputBound(bodyBytes, media, 0), outputTokens: limit(body.max_tokens) };
  return {
    model: modelOf(body),
    stream: body.stream === true,
    bound: defined(bound),
    estimatedInputTokens: inputEstimate(bodyBytes, media, bound),
  };
}

function rewrite(body: object, { model, maxOutputTokens }: Rewrite): object {
  const next: Json = { ...body };
  if (model !== undefined) next.model = model;
  if (maxOutputTokens === undefined) return next;
  next.max_tokens = lowered(next.max_tokens, maxOutputTokens);
  // A least that is above the most is refused.
  if (typeof next.min_tokens === 'number') next.min_tokens = lowered(next.min_tokens, maxOutputTokens);
  return next;
}

function texts({ prompt, suffix }: Json): string[] {
  return [prompt, suffix].filter((text) => typeof text === 'string');
}

export const mistralFim: Format = {
  id: 'mistral-fim',
  operation: 'text_completion',
  provider: 'mistral',
  lastSegments: ['completions'],
  matches: (method, path) => method === 'POST' && path.endsWith('/fim/completions'),
  request,
  texts: (body) => texts(body as Json),
  rewrite,
  response,
  stream,
};
