/** POST …/chat/completions, as OpenAI defines it and most providers and gateways speak it. */
import type { Usage, UsageBound } from '../../src/domain/usage.ts';
import { addImage, addInline, inputBound, inputEstimate, type Media, noMedia } from './bound.ts';
import type { Format, RequestFacts, ResponseFacts, Rewrite, StreamReader } from './format.ts';
import { isReasoningModel, isSearchTool, lowered, modelOf, tierOf, tokensPerImage } from './openai.ts';
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
  if (!isObject(body) || !Array.isArray(body.messages)) return undefined;
  const model = modelOf(body, path);
  const media = mediaOf(body.messages);
  const searches = webSearches(body, model);
  if (searches !== undefined) media.unseen = true;
  const bound: UsageBound = {
    ...inputBound(bodyBytes, media, tokensPerImage(model)),
    ...outputBound(body),
    webSearches: searches,
    serviceTier: tierOf(body.service_tier),
  };
  return {
    model,
    stream: body.stream === true,
    bound: defined(bound),
    estimatedInputTokens: inputEstimate(bodyBytes, media, bound),
  };
}

/** Some providers know only one of the two limits, so when both are set the larger one is the safe bound. */
function outputBound(body: Json): Pick<UsageBound, 'outputTokens' | 'choices'> {
  const choices = limit(body.n) ?? 1;
  const perChoice = Math.max(limit(body.max_completion_tokens) ?? 0, limit(body.max_tokens) ?? 0);
  return perChoice > 0 ? { outputTokens: perChoice * choices } : { choices };
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
      addInline(media, isObject(part.input_audio) ? part.input_audio.data : undefined);
      break;
    case 'file': // A page of a document is read as text and as an image: neither its bytes nor an id tell its tokens.
      if (isObject(part.file)) addInline(media, part.file.file_data);
      media.unseen = true;
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

function askForUsage(body: object, provider?: string): object | undefined {
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
function isExtraEvent(event: unknown): boolean {
  if (!isObject(event) || !isObject(event.usage) || isObject(event.moderation)) return false;
  return Array.isArray(event.choices) && event.choices.length === 0;
}

function usageOf(body: Json, request: RequestFacts): UsageReport | undefined {
  const source = body.usage ?? (isObject(body.x_groq) ? body.x_groq.usage : undefined);
  if (source === undefined || source === null) return undefined;
  if (!isObject(source)) return { invalid: 'usage is no object' };
  const reader = new CountReader();
  const input = source.prompt_tokens_details;
  const output = source.completion_tokens_details;
  const inputTokens = reader.required(source, 'prompt_tokens');
  const usage: Usage = {
    inputTokens,
    cachedReadTokens:
      reader.optional(input, 'cached_tokens') ??
      reader.optional(source, 'prompt_cache_hit_tokens') ?? // DeepSeek
      reader.optional(source, 'cached_tokens'), // Moonshot
    cacheWrite5mTokens: reader.optional(input, 'cache_write_tokens'),
    outputTokens: outputTokens(reader, source, inputTokens),
    reasoningTokens: reader.optional(output, 'reasoning_tokens'),
    inputAudioTokens: reader.optional(input, 'audio_tokens'),
    outputAudioTokens: reader.optional(output, 'audio_tokens'),
    inputImageTokens: reader.optional(input, 'image_tokens'),
    outputImageTokens: reader.optional(output, 'image_tokens'),
    webSearches: searchesOf(reader, source) ?? request.bound.webSearches,
  };
  return report(reader, usage);
}

/** xAI and Gemini's compatible endpoint count hidden reasoning only in the total: output is what it leaves after input. */
function outputTokens(reader: CountReader, source: Json, inputTokens: number): number {
  const completion = reader.required(source, 'completion_tokens');
  const total = reader.optional(source, 'total_tokens') ?? 0;
  return Math.max(completion, total - inputTokens);
}

/** OpenAI bills a search model's one search without counting it; OpenRouter and Perplexity count. */
function searchesOf(reader: CountReader, source: Json): number | undefined {
  return (
    reader.optional(source.server_tool_use, 'web_search_requests') ?? reader.optional(source, 'num_search_queries')
  );
}

/** Bytes of one message or delta: text, refusal, reasoning as DeepSeek and others name it, tool arguments, transcript. */
function bytesOf(message: Json): number {
  let bytes = textBytes(message.content) + textBytes(message.refusal);
  bytes += textBytes(message.reasoning_content) || textBytes(message.reasoning);
  for (const part of list(message.content)) if (isObject(part)) bytes += textBytes(part.text);
  for (const call of list(message.tool_calls)) if (isObject(call)) bytes += callBytes(call);
  if (isObject(message.function_call)) bytes += callBytes({ function: message.function_call });
  if (isObject(message.audio)) bytes += textBytes(message.audio.transcript);
  return bytes;
}

function callBytes(call: Json): number {
  let bytes = 0;
  if (isObject(call.function)) bytes += textBytes(call.function.name) + textBytes(call.function.arguments);
  if (isObject(call.custom)) bytes += textBytes(call.custom.name) + textBytes(call.custom.input);
  return bytes;
}

/** OpenAI's own limit of `n`; a stream that repeats itself fills no memory. */
const MAX_CHOICES = 128;

/** Takes a whole answer or the next chunk into what was seen; they differ only in `message` and `delta`. */
function take(seen: Seen, reasons: string[], body: Json, request: RequestFacts): void {
  seen.model ??= name(body.model);
  seen.responseId ??= name(body.id);
  seen.serviceTier = tierOf(body.service_tier) ?? seen.serviceTier;
  seen.error ??= errorOf(body.error);
  for (const choice of list(body.choices)) {
    if (!isObject(choice)) continue;
    const message = choice.delta ?? choice.message;
    if (isObject(message)) seen.outputBytes += bytesOf(message);
    const reason = name(choice.finish_reason);
    if (reason !== undefined && reasons.length < MAX_CHOICES) reasons.push(reason);
  }
  takeUsage(seen, usageOf(body, request));
}

/** Some send running totals with each chunk: the last report counts, and a good one before it is kept to fall back on. */
function takeUsage(seen: Seen, next: UsageReport | undefined): void {
  if (!next) return;
  if (seen.report && 'usage' in seen.report) {
    if ('usage' in next && next.usage.inputTokens === 0 && next.usage.outputTokens === 0) return;
    seen.known = seen.report.usage;
  }
  seen.report = next;
}

function response(body: unknown, request: RequestFacts): ResponseFacts {
  const reader = stream(request);
  reader.push(body);
  return reader.facts();
}

function stream(request: RequestFacts): StreamReader {
  const reasons: string[] = [];
  const seen: Seen = { outputBytes: 0, finishReasons: reasons };
  return {
    push(event) {
      if (isObject(event)) take(seen, reasons, event, request);
    },
    facts: () => conclude({ ...seen, finishReasons: [...reasons] }, request),
  };
}

export const openaiChat: Format = {
  id: 'openai-chat',
  operation: 'chat',
  provider: 'openai',
  matches: (method, path) => method === 'POST' && path.endsWith('/chat/completions'),
  request,
  rewrite,
  askForUsage,
  isExtraEvent,
  response,
  stream,
};
