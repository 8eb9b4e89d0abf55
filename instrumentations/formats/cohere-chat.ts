/** POST /v1/chat and /v2/chat of Cohere. */
import type { UsageBound } from '../../src/domain/usage.ts';
import { ASSUMED_SEARCHES, addImage, inputBound, inputEstimate, type Media, noMedia } from './bound.ts';
import { response, stream } from './cohere-answer.ts';
import type { Format, RequestFacts, Rewrite } from './format.ts';
import { lowered } from './openai.ts';
import { addTexts, defined, isObject, type Json, limit, list, name } from './read.ts';

/** Command A Vision: nine tiles of 256 tokens and the whole picture, docs.cohere.com/docs/image-inputs. */
const TOKENS_PER_IMAGE = 3_500;

function request(body: unknown, bodyBytes: number, path?: string): RequestFacts | undefined {
  if (!isObject(body) || !isOurs(body, path)) return undefined;
  const media = mediaOf(body);
  const bound: UsageBound = {
    ...inputBound(bodyBytes, media, TOKENS_PER_IMAGE),
    outputTokens: limit(body.max_tokens),
    webSearches: list(body.connectors).length > 0 ? ASSUMED_SEARCHES : undefined,
    audio: false, // The API has none.
  };
  return {
    model: name(body.model) ?? 'unknown', // The first version chooses one.
    stream: body.stream === true,
    bound: defined(bound),
    estimatedInputTokens: inputEstimate(bodyBytes, media, bound),
  };
}

function isOurs(body: Json, path: string | undefined): boolean {
  const [first, second] = [path?.endsWith('/v1/chat') ?? true, path?.endsWith('/v2/chat') ?? true];
  if (first && typeof body.message === 'string') return true;
  return second && Array.isArray(body.messages) && name(body.model) !== undefined;
}

function mediaOf(body: Json): Media {
  const media = noMedia();
  // A stored conversation, and what a connector finds, are read without being in the request.
  media.unseen = body.conversation_id !== undefined || list(body.connectors).length > 0;
  for (const message of list(body.messages)) {
    if (!isObject(message)) continue;
    for (const part of list(message.content))
      if (isObject(part) && part.type === 'image_url')
        addImage(media, isObject(part.image_url) ? part.image_url.url : part.image_url);
  }
  return media;
}

function rewrite(body: object, { model, maxOutputTokens }: Rewrite): object {
  const next: Json = { ...body };
  if (model !== undefined) next.model = model;
  if (maxOutputTokens !== undefined) next.max_tokens = lowered(next.max_tokens, maxOutputTokens);
  return next;
}

function texts(body: Json): string[] {
  const found: string[] = [];
  for (const text of [body.message, body.preamble]) addTexts(found, text);
  for (const turn of list(body.chat_history)) if (isObject(turn)) addTexts(found, turn.message);
  for (const message of list(body.messages)) if (isObject(message)) addTexts(found, message.content);
  return found;
}

export const cohereChat: Format = {
  id: 'cohere-chat',
  operation: 'chat',
  provider: 'cohere',
  lastSegments: ['chat'],
  matches: (method, path) => method === 'POST' && /\/v[12]\/chat$/.test(path),
  request,
  texts: (body) => texts(body as Json),
  rewrite,
  denial: (message, details) => ({ ...details, message }),
  retries429: true,
  response,
  stream,
};
