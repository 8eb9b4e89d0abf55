/** POST …/v1/complete, the text completions before messages. Its answers count nothing, so what was said is estimated. */
import { inputBound, inputEstimate, noMedia } from './bound.ts';
import type { Format, RequestFacts, ResponseFacts, StreamReader } from './format.ts';
import { lowered } from './openai.ts';
import { conclude, defined, errorOf, isObject, type Json, limit, name, type Seen, textBytes } from './read.ts';

function request(body: unknown, bodyBytes: number): RequestFacts | undefined {
  if (!isObject(body) || typeof body.model !== 'string' || typeof body.prompt !== 'string') return undefined;
  const bound = { ...inputBound(bodyBytes, noMedia(), 0), outputTokens: limit(body.max_tokens_to_sample) };
  return {
    model: body.model,
    stream: body.stream === true,
    bound: defined(bound),
    estimatedInputTokens: inputEstimate(bodyBytes, noMedia(), bound),
  };
}

function take(seen: Seen, event: Json): void {
  seen.model ??= name(event.model);
  seen.responseId ??= name(event.id);
  seen.outputBytes += textBytes(event.completion);
  seen.error ??= errorOf(event.error);
  const reason = name(event.stop_reason);
  if (reason !== undefined) seen.finishReasons = [reason];
}

function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Seen = { outputBytes: 0 };
  if (isObject(body)) take(seen, body);
  return conclude(seen, request);
}

function stream(request: RequestFacts): StreamReader {
  const seen: Seen = { outputBytes: 0 };
  return {
    push(event) {
      if (isObject(event)) take(seen, event);
    },
    facts: () => conclude(seen, request),
  };
}

export const anthropicComplete: Format = {
  id: 'anthropic-complete',
  operation: 'text_completion',
  provider: 'anthropic',
  lastSegments: ['complete'],
  matches: (method, path) => method === 'POST' && path.endsWith('/v1/complete'),
  request,
  rewrite: (body, { model, maxOutputTokens }) => ({
    ...body,
    ...(model !== undefined && { model }),
    ...(maxOutputTokens !== undefined && {
      max_tokens_to_sample: lowered((body as Json).max_tokens_to_sample, maxOutputTokens),
    }),
  }),
  response,
  stream,
};
