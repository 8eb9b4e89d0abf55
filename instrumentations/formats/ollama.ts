/** POST /api/chat and /api/generate of Ollama: a model on the caller's own machine costs nothing, and is counted all the same. */
import type { UsageBound } from '../../src/domain/usage.ts';
import { addImage, inputBound, inputEstimate, type Media, noMedia } from './bound.ts';
import type { Format, RequestFacts, Rewrite } from './format.ts';
import { response, stream } from './ollama-answer.ts';
import { lowered } from './openai.ts';
import { addTexts, defined, isObject, type Json, limit, list, name } from './read.ts';

/** Llama 3.2 Vision reads four tiles of 1,601 tokens; the others stay below. */
const TOKENS_PER_IMAGE = 6_500;

function request(body: unknown, bodyBytes: number, path?: string): RequestFacts | undefined {
  if (!isObject(body) || name(body.model) === undefined || !isOurs(body, path)) return undefined;
  const media = mediaOf(body);
  const bound: UsageBound = {
    ...inputBound(bodyBytes, media, TOKENS_PER_IMAGE),
    outputTokens: limit(isObject(body.options) ? body.options.num_predict : undefined),
  };
  return {
    model: body.model as string,
    stream: body.stream !== false, // The API streams unless it is told not to.
    bound: defined(bound),
    estimatedInputTokens: inputEstimate(bodyBytes, media, bound),
  };
}

/** Many web applications have an `/api/chat` of their own; what their messages have (`id`, `parts`) Ollama's have not. */
function isOurs(body: Json, path: string | undefined): boolean {
  if (!Array.isArray(body.messages)) return typeof body.prompt === 'string' && path?.endsWith('/chat') !== true;
  if (body.id !== undefined) return false;
  return body.messages.every((message) => isObject(message) && message.id === undefined && message.parts === undefined);
}

function mediaOf(body: Json): Media {
  const media = noMedia();
  const sources = [body, ...list(body.messages)];
  for (const source of sources) if (isObject(source)) for (const image of list(source.images)) addImage(media, image);
  return media;
}

function rewrite(body: object, { model, maxOutputTokens }: Rewrite): object {
  const next: Json = { ...body };
  if (model !== undefined) next.model = model;
  if (maxOutputTokens === undefined) return next;
  const options = isObject(next.options) ? next.options : {};
  // -1 and -2 are Ollama's words for "no end" and "until the context is full".
  next.options = { ...options, num_predict: lowered(limit(options.num_predict), maxOutputTokens) };
  return next;
}

function texts(body: Json): string[] {
  const found: string[] = [];
  addTexts(found, body.prompt);
  addTexts(found, body.system);
  for (const message of list(body.messages)) if (isObject(message)) addTexts(found, message.content);
  return found;
}

export const ollama: Format = {
  id: 'ollama',
  operation: 'chat',
  provider: 'ollama',
  lastSegments: ['chat', 'generate'],
  matches: (method, path) => method === 'POST' && /\/api\/(?:chat|generate)$/.test(path),
  request,
  texts: (body) => texts(body as Json),
  rewrite,
  denial: (message, details) => ({ ...details, error: message }),
  isLastEvent: (event) => isObject(event) && event.done === true,
  response,
  stream,
};
