/** What an answer of …/responses says, whole or as events. */
import type { Usage } from '../../src/domain/usage.ts';
import type { RequestFacts, ResponseFacts, StreamReader } from './format.ts';
import { tierOf } from './openai.ts';
import {
  CountReader,
  conclude,
  errorOf,
  isObject,
  type Json,
  list,
  name,
  report,
  type Seen,
  textBytes,
  type UsageReport,
} from './read.ts';

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

export function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Seen = { outputBytes: 0 };
  if (isObject(body)) {
    takeEnd(seen, body);
    if (!seen.report && UNFINISHED.has(body.status)) takeUnfinished(seen, request);
  }
  return conclude(seen, request);
}

export function stream(request: RequestFacts): StreamReader {
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
