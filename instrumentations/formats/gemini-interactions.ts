/** POST …/interactions: Google's Interactions API, for models and agents. Fetching and cancelling one cost nothing. */
import type { UsageBound } from '../../src/domain/usage.ts';
import { addAudio, addFile, addImage, inputBound, inputEstimate, type Media, noMedia } from './bound.ts';
import type { Format, RequestFacts, Rewrite } from './format.ts';
import { searchFees } from './gemini-grounding.ts';
import { response, stream } from './gemini-interactions-answer.ts';
import { TOKENS_PER_IMAGE } from './gemini-parts.ts';
import { bare, denial } from './gemini-path.ts';
import { tierOf } from './gemini-usage.ts';
import { lowered } from './openai.ts';
import { addTexts, defined, isObject, type Json, limit, list, name } from './read.ts';

function request(body: unknown, bodyBytes: number): RequestFacts | undefined {
  if (!isObject(body) || body.input === undefined) return undefined;
  const model = name(body.model) ?? name(body.agent);
  if (model === undefined) return undefined;
  const config = isObject(body.generation_config) ? body.generation_config : {};
  const media = mediaOf(body, config);
  const bound: UsageBound = {
    ...inputBound(bodyBytes, media, TOKENS_PER_IMAGE),
    outputTokens: limit(config.max_output_tokens),
    webSearches: list(body.tools).reduce<number>((sum, tool) => sum + feesOf(tool, model), 0) || undefined,
    serviceTier: tierOf(body.service_tier),
  };
  return {
    model: bare(model),
    stream: body.stream === true,
    bound: defined(bound),
    estimatedInputTokens: inputEstimate(bodyBytes, media, bound),
  };
}

function feesOf(tool: unknown, model: string): number {
  const searches = isObject(tool) && (tool.type === 'google_search' || tool.type === 'google_maps');
  return searches ? searchFees(model) : 0;
}

const STORED = ['previous_interaction_id', 'cached_content', 'continuation_token', 'environment', 'agent'];

function mediaOf(body: Json, config: Json): Media {
  const media = noMedia();
  add(media, body.input);
  if (STORED.some((key) => body[key] !== undefined && body[key] !== null)) media.unseen = true;
  if (list(body.tools).some((tool) => !isObject(tool) || tool.type !== 'function')) media.unseen = true;
  media.audio ||= list(body.response_modalities).includes('audio') || config.speech_config !== undefined;
  return media;
}

/** A text, a content, a step that holds some, or several of them. What a kind is not known to hold is unseen. */
function add(media: Media, item: unknown, depth = 0): void {
  if (typeof item === 'string') return;
  if (depth > 6) media.unseen = true;
  else if (Array.isArray(item)) for (const one of item) add(media, one, depth + 1);
  else if (isObject(item)) addItem(media, item, depth);
}

function addItem(media: Media, item: Json, depth: number): void {
  switch (item.type) {
    case 'text':
    case 'thought':
    case 'function_call':
      break;
    case 'image':
      addImage(media, item.data);
      break;
    case 'audio':
      if (typeof item.data === 'string') addAudio(media, item.data);
      else media.unseen = true;
      break;
    case 'video':
    case 'document':
      addFile(media, item.data);
      break;
    case 'function_result':
      if (Array.isArray(item.result)) add(media, item.result, depth + 1);
      break;
    case undefined: // A turn, with its role.
    case 'user_input':
    case 'model_output':
      add(media, item.content, depth + 1);
      break;
    default:
      media.unseen = true;
  }
}

/** An agent stays what it is: its model is its own affair. */
function rewrite(body: object, { model, maxOutputTokens }: Rewrite): object {
  const next: Json = { ...body };
  if (model !== undefined && typeof next.agent !== 'string') next.model = bare(model);
  const config: Json = isObject(next.generation_config) ? { ...next.generation_config } : {};
  if (maxOutputTokens !== undefined) config.max_output_tokens = lowered(config.max_output_tokens, maxOutputTokens);
  if (model !== undefined && /^gemini-[12]\b/.test(bare(model))) delete config.thinking_level;
  if (Object.keys(config).length > 0) next.generation_config = config;
  return next;
}

function texts(body: Json): string[] {
  const found: string[] = [];
  addTexts(found, body.system_instruction);
  addTexts(found, body.input);
  for (const item of list(body.input)) if (isObject(item)) addTexts(found, item.content);
  return found;
}

export const geminiInteractions: Format = {
  id: 'gemini-interactions',
  operation: 'generate_content',
  provider: 'google',
  lastSegments: ['interactions'],
  matches: (method, path) => method === 'POST' && path.endsWith('/interactions'),
  request,
  texts: (body) => texts(body as Json),
  rewrite,
  denial,
  // Its SDK tries four times again after a 429 and knows nothing of `x-should-retry`.
  retries429: true,
  response,
  stream,
};
