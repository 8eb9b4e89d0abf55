/** POST …/responses: OpenAI's Responses API. Its sub-resources (`/responses/ID/cancel`, `/input_tokens`) cost nothing. */
import type { Usage, UsageBound } from '../../src/domain/usage.ts';
import { ASSUMED_SEARCHES, addImage, addInline, inputBound, inputEstimate, type Media, noMedia } from './bound.ts';
import type { Format, RequestFacts, ResponseFacts, Rewrite, StreamReader } from './format.ts';
import { isSearchTool, lowered, modelOf, tierOf, tokensPerImage } from './openai.ts';
import {
  CountReader,
  conclude,
  defined,
  errorOf,
  isObject,
  type Json,
  limit,
  list,
  name,
  report,
  type Seen,
  textBytes,
  type UsageReport,
} from './read.ts';

function request(body: unknown, bodyBytes: number, path?: string): RequestFacts | undefined {
  if (!isObject(body) || (typeof body.model !== 'string' && !isObject(body.prompt))) return undefined;
  const model = modelOf(body, path);
  const media = mediaOf(body);
  const bound: UsageBound = {
    ...inputBound(bodyBytes, media, tokensPerImage(model)),
    outputTokens: limit(body.max_output_tokens),
    webSearches: webSearches(body),
    serviceTier: tierOf(body.service_tier),
  };
  return {
    model,
    stream: body.stream === true,
    bound: defined(bound),
    estimatedInputTokens: inputEstimate(bodyBytes, media, bound),
  };
}

/** `max_tool_calls` counts the calls of all hosted tools together, so it bounds the searches among them. */
function webSearches(body: Json): number | undefined {
  if (!list(body.tools).some(isSearchTool)) return undefined;
  return limit(body.max_tool_calls) ?? ASSUMED_SEARCHES;
}

/** Tools that add nothing to the input beyond their definition: the caller runs them. */
const CALLERS_TOOLS: ReadonlySet<unknown> = new Set([
  'function',
  'custom',
  'namespace',
  'tool_search',
  'local_shell',
  'apply_patch',
  'computer',
  'computer_use_preview',
]);

function mediaOf(body: Json): Media {
  const media = noMedia();
  // Stored turns, a stored template, and what hosted tools find are read without being in the request; compaction
  // reads the request twice.
  const stored = [body.previous_response_id, body.conversation, body.prompt];
  media.unseen =
    stored.some((state) => state !== undefined && state !== null) || list(body.context_management).length > 0;
  if (list(body.tools).some((tool) => !isObject(tool) || !CALLERS_TOOLS.has(tool.type))) media.unseen = true;
  for (const item of list(body.input)) if (isObject(item)) addItem(media, item);
  return media;
}

function addItem(media: Media, item: Json): void {
  if (item.type === 'item_reference') media.unseen = true;
  if (item.type === 'image_generation_call') addImage(media, item.result);
  if (isObject(item.output)) addPart(media, item.output); // A screenshot.
  for (const part of list(item.content)) if (isObject(part)) addPart(media, part);
  for (const part of list(item.output)) if (isObject(part)) addPart(media, part);
}

function addPart(media: Media, part: Json): void {
  switch (part.type) {
    case 'input_image': // An image has the same ceiling inline, by URL and by file id.
    case 'computer_screenshot':
      addImage(media, part.image_url);
      break;
    case 'input_audio':
      addInline(media, isObject(part.input_audio) ? part.input_audio.data : undefined);
      break;
    case 'input_file':
      addInline(media, part.file_data);
      media.unseen = true;
      break;
    default:
      if (typeof part.type !== 'string' || !/(?:text|refusal|logs|stdout|exit|timeout)$/.test(part.type))
        media.unseen = true;
  }
}

function rewrite(body: object, { model, maxOutputTokens }: Rewrite): object {
  const next: Json = { ...body };
  if (model !== undefined) next.model = model;
  if (maxOutputTokens !== undefined) next.max_output_tokens = lowered(next.max_output_tokens, maxOutputTokens);
  return next;
}

function usageOf(answer: Json): UsageReport | undefined {
  const source = answer.usage;
  if (source === undefined || source === null) return undefined;
  if (!isObject(source)) return { invalid: 'usage is no object' };
  const reader = new CountReader();
  const input = source.input_tokens_details;
  const output = source.output_tokens_details;
  const image = imagesOf(reader, answer.tool_usage);
  const usage: Usage = {
    inputTokens: reader.required(source, 'input_tokens') + image.input,
    cachedReadTokens: reader.optional(input, 'cached_tokens'),
    ...cacheWrites(reader, input),
    outputTokens: reader.required(source, 'output_tokens') + image.output,
    reasoningTokens: reader.optional(output, 'reasoning_tokens'),
    inputImageTokens: image.inputImage || undefined,
    outputImageTokens: image.output || undefined,
    webSearches: searchesOf(reader, answer),
  };
  return report(reader, usage);
}

/** What the image generation tool used comes on top of the model's own usage. */
function imagesOf(reader: CountReader, toolUsage: unknown): { input: number; inputImage: number; output: number } {
  const source = isObject(toolUsage) ? toolUsage.image_gen : undefined;
  return {
    input: reader.optional(source, 'input_tokens') ?? 0,
    inputImage: reader.optional(isObject(source) ? source.input_tokens_details : undefined, 'image_tokens') ?? 0,
    output: reader.optional(source, 'output_tokens') ?? 0,
  };
}

/** The count of billable searches where the answer has one; otherwise the searches among its items. */
function searchesOf(reader: CountReader, answer: Json): number | undefined {
  const counted = isObject(answer.tool_usage) ? answer.tool_usage.web_search : undefined;
  if (isObject(counted)) return reader.optional(counted, 'num_requests');
  return list(answer.output).filter(isSearch).length || undefined;
}

/** OpenAI's lifetimes are 30 minutes and 12 hours; they take the places of the short and the long one. */
function cacheWrites(reader: CountReader, details: unknown): Partial<Usage> {
  const all = reader.optional(details, 'cache_write_tokens');
  const split = isObject(details) ? details.cache_write_tokens_details : undefined;
  const long = reader.optional(split, 'ttl_12h_tokens') ?? 0;
  const short = Math.max((all ?? 0) - long, reader.optional(split, 'ttl_30m_tokens') ?? 0);
  return { cacheWrite5mTokens: short || undefined, cacheWrite1hTokens: long || undefined };
}

/** Only the action `search` is billed; `open_page` and `find_in_page` are not. */
function isSearch(item: unknown): item is Json {
  if (!isObject(item) || item.type !== 'web_search_call') return false;
  return !isObject(item.action) || item.action.type === undefined || item.action.type === 'search';
}

function itemBytes(item: unknown): number {
  if (!isObject(item)) return 0;
  let bytes = textBytes(item.name) + textBytes(item.arguments) + textBytes(item.input) + textBytes(item.code);
  for (const part of [...list(item.content), ...list(item.summary)])
    if (isObject(part)) bytes += textBytes(part.text) + textBytes(part.refusal);
  return bytes;
}

function reasonOf(answer: Json): string | undefined {
  const details = answer.incomplete_details;
  return (isObject(details) ? name(details.reason) : undefined) ?? name(answer.status);
}

/** Takes a response object, whole or as far as it is. */
function take(seen: Seen, answer: Json): void {
  seen.model = name(answer.model) ?? seen.model;
  seen.responseId = name(answer.id) ?? seen.responseId;
  seen.serviceTier = tierOf(answer.service_tier) ?? seen.serviceTier;
  seen.error ??= errorOf(answer.error);
  const bytes = list(answer.output).reduce<number>((sum, item) => sum + itemBytes(item), 0);
  seen.outputBytes = Math.max(seen.outputBytes, bytes);
  const next = usageOf(answer);
  if (next) seen.report = next;
}

function takeEnd(seen: Seen, answer: Json): void {
  take(seen, answer);
  const reason = reasonOf(answer);
  if (reason !== undefined) seen.finishReasons = [reason];
}

const UNFINISHED: ReadonlySet<unknown> = new Set(['queued', 'in_progress']);

/** A background response goes on after this answer and nobody will show us its end: take the most it may write. */
function takeUnfinished(seen: Seen, { bound }: RequestFacts): void {
  if (bound.outputTokens !== undefined) seen.known = { outputTokens: bound.outputTokens };
  seen.report = { invalid: 'usage is not known yet: the response goes on in the background' };
}

function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Seen = { outputBytes: 0 };
  if (isObject(body)) {
    takeEnd(seen, body);
    if (!seen.report && UNFINISHED.has(body.status)) takeUnfinished(seen, request);
  }
  return conclude(seen, request);
}

function stream(request: RequestFacts): StreamReader {
  const seen: Seen = { outputBytes: 0 };
  const searches = new Set<unknown>();
  return {
    push(event) {
      if (!isObject(event) || typeof event.type !== 'string') return;
      if (event.type.endsWith('.delta')) {
        if (event.type !== 'response.audio.delta') seen.outputBytes += textBytes(event.delta);
      } else takeEvent(seen, searches, event);
    },
    facts() {
      const known = searches.size > 0 ? { webSearches: searches.size } : undefined;
      return conclude({ ...seen, known }, request);
    },
  };
}

function takeEvent(seen: Seen, searches: Set<unknown>, event: Json): void {
  switch (event.type) {
    case 'response.created':
    case 'response.in_progress':
    case 'response.queued':
      if (isObject(event.response)) take(seen, event.response);
      break;
    case 'response.completed':
    case 'response.incomplete':
    case 'response.failed':
      if (isObject(event.response)) takeEnd(seen, event.response);
      break;
    case 'response.output_item.done':
      if (isSearch(event.item)) searches.add(event.item.id);
      break;
    case 'error':
      seen.error ??= name(event.code) ?? errorOf(event.error ?? true);
  }
}

export const openaiResponses: Format = {
  id: 'openai-responses',
  operation: 'chat',
  provider: 'openai',
  matches: (method, path) => method === 'POST' && path.endsWith('/responses'),
  request,
  rewrite,
  response,
  stream,
};
