/** POST …/chat/completions, as OpenAI defines it and most providers and gateways speak it. */
import type { UsageBound } from '../../src/domain/usage.ts';
import { addAudio, addFile, addImage, inputBound, inputEstimate, type Media, noMedia } from './bound.ts';
import type { Format, RequestFacts, Rewrite } from './format.ts';
import {
  deploymentRenamed,
  isReasoningModel,
  isSearchTool,
  lowered,
  modelOf,
  tierOf,
  tokensPerImage,
} from './openai.ts';
import { response, stream } from './openai-chat-answer.ts';
import { addTexts, isObject, type Json, limit, list, name } from './read.ts';

function request(body: unknown, bodyBytes: number, path?: string): RequestFacts | undefined {
  if (!isObject(body) || !Array.isArray(body.messages)) return undefined;
  const model = modelOf(body, path);
  const media = mediaOf(body.messages);
  media.audio ||= isObject(body.audio) || list(body.modalities).includes('audio');
  const searches = webSearches(body, model);
  if (searches !== undefined) media.unseen = true;
  const bound: UsageBound = inputBound(bodyBytes, media, media.images > 0 ? tokensPerImage(model) : 0);
  boundOutput(bound, body);
  if (searches !== undefined) bound.webSearches = searches;
  const tier = tierOf(body.service_tier);
  if (tier !== undefined) bound.serviceTier = tier;
  return {
    model,
    stream: body.stream === true,
    bound,
    estimatedInputTokens: inputEstimate(bodyBytes, media, bound),
  };
}

/** Some providers know only one of the two limits, so when both are set the larger one is the safe bound. */
function boundOutput(bound: UsageBound, body: Json): void {
  const choices = limit(body.n) ?? 1;
  const perChoice = Math.max(limit(body.max_completion_tokens) ?? 0, limit(body.max_tokens) ?? 0);
  if (perChoice > 0) bound.outputTokens = perChoice * choices;
  // A rewrite limits each choice, so whoever asks for one has to know how many there are.
  if (perChoice === 0 || choices > 1) bound.choices = choices;
}

/** A search model searches once before each answer, and so does a provider that knows `web_search_options`. */
function webSearches(body: Json, model: string): number | undefined {
  const asks = isObject(body.web_search_options) || model.includes('-search-') || list(body.tools).some(isSearchTool);
  return asks ? 1 : undefined;
}

function mediaOf(messages: readonly unknown[]): Media {
  const media = noMedia();
  for (const message of messages) {
    if (!isObject(message)) continue;
    for (const part of list(message.content)) if (isObject(part)) addPart(media, part);
    if (isObject(message.audio)) media.unseen = true; // An earlier spoken answer, by its id.
  }
  return media;
}

function addPart(media: Media, part: Json): void {
  switch (part.type) {
    case 'text':
    case 'refusal':
    case 'thinking':
      break;
    case 'image_url':
      addImage(media, isObject(part.image_url) ? part.image_url.url : part.image_url);
      break;
    case 'input_audio':
      addAudio(media, isObject(part.input_audio) ? part.input_audio.data : part.input_audio);
      break;
    case 'file':
      addFile(media, isObject(part.file) ? part.file.file_data : undefined);
      break;
    default: // `video_url`, `document_url` and whatever comes: not in the body, or not known to be bounded by it.
      media.unseen = true;
  }
}

/** The field the caller used; where there was none, the one that the model accepts. */
function rewrite(body: object, { model, maxOutputTokens }: Rewrite): object {
  const next: Json = { ...body };
  if (model !== undefined) next.model = model;
  const strict = isReasoningModel(name(next.model) ?? '');
  if (strict && typeof next.max_tokens === 'number' && next.model !== (body as Json).model) {
    next.max_completion_tokens ??= next.max_tokens;
    delete next.max_tokens;
  }
  if (maxOutputTokens === undefined) return next;
  const used = ['max_completion_tokens', 'max_tokens'].filter((key) => next[key] !== undefined && next[key] !== null);
  const keys = used.length > 0 ? used : [strict ? 'max_completion_tokens' : 'max_tokens'];
  for (const key of keys) next[key] = lowered(next[key], maxOutputTokens);
  return next;
}

/** These send usage at the end of every stream; Mistral rejects the question as an unknown field. */
const UNASKED: ReadonlySet<string> = new Set(['mistral', 'openrouter']);

export function askForUsage(body: object, provider?: string): object | undefined {
  const { stream, stream_options: options } = body as Json;
  if (stream !== true || (provider !== undefined && UNASKED.has(provider))) return undefined;
  if (options === undefined || options === null) return { ...body, stream_options: { include_usage: true } };
  // A garbled value is the provider's to refuse.
  if (!isObject(options) || options.include_usage === true) return undefined;
  return { ...body, stream_options: { ...options, include_usage: true } };
}

/**
 * The one chunk without choices that carries usage. The `usage: null` that the other chunks then have stays: the SDKs'
 * types allow it, and to hide it every event would have to be written anew.
 */
export function isExtraEvent(event: unknown): boolean {
  if (!isObject(event) || !isObject(event.usage) || isObject(event.moderation)) return false;
  return Array.isArray(event.choices) && event.choices.length === 0;
}

function texts(body: Json): string[] {
  const found: string[] = [];
  for (const message of list(body.messages)) if (isObject(message)) addTexts(found, message.content);
  return found;
}

export const openaiChat: Format = {
  id: 'openai-chat',
  operation: 'chat',
  provider: 'openai',
  lastSegments: ['completions'],
  matches: (method, path) => method === 'POST' && path.endsWith('/chat/completions'),
  request,
  texts: (body) => texts(body as Json),
  rewrite,
  rewritePath: deploymentRenamed,
  askForUsage,
  isExtraEvent,
  response,
  stream,
};
