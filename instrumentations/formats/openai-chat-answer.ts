/** What an answer of …/chat/completions says, whole or in chunks. */
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
  takeReport,
  textBytes,
  type UsageReport,
} from './read.ts';

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
      reader.optional(source, 'cached_tokens') ?? // Moonshot
      reader.optional(source, 'num_cached_tokens'), // Mistral
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
  for (const part of list(message.content)) if (isObject(part)) bytes += partBytes(part);
  for (const call of list(message.tool_calls)) if (isObject(call)) bytes += callBytes(call);
  if (isObject(message.function_call)) bytes += callBytes({ function: message.function_call });
  if (isObject(message.audio)) bytes += textBytes(message.audio.transcript);
  return bytes;
}

/** Mistral puts its thoughts among the parts, each a list of parts itself. */
function partBytes(part: Json): number {
  let bytes = textBytes(part.text);
  for (const thought of list(part.thinking)) if (isObject(thought)) bytes += textBytes(thought.text);
  return bytes;
}

function callBytes(call: Json): number {
  let bytes = 0;
  if (isObject(call.function)) bytes += textBytes(call.function.name) + textBytes(call.function.arguments);
  if (isObject(call.custom)) bytes += textBytes(call.custom.name) + textBytes(call.custom.input);
  return bytes;
}

/** Mistral says there which tier it served. */
function usageTier(usage: unknown): string | undefined {
  return isObject(usage) ? tierOf(usage.service_tier) : undefined;
}

/** OpenAI's own limit of `n`; a stream that repeats itself fills no memory. */
const MAX_CHOICES = 128;

/** Takes a whole answer or the next chunk into what was seen; they differ only in `message` and `delta`. */
function take(seen: Seen, reasons: string[], body: Json, request: RequestFacts): void {
  seen.model ??= name(body.model);
  seen.responseId ??= name(body.id);
  seen.serviceTier = tierOf(body.service_tier) ?? usageTier(body.usage) ?? seen.serviceTier;
  seen.error ??= errorOf(body.error);
  for (const choice of list(body.choices)) {
    if (!isObject(choice)) continue;
    const message = choice.delta ?? choice.message;
    if (isObject(message)) seen.outputBytes += bytesOf(message);
    seen.outputBytes += textBytes(choice.text); // Of a text that is continued.
    const reason = name(choice.finish_reason);
    if (reason !== undefined && reasons.length < MAX_CHOICES) reasons.push(reason);
  }
  takeReport(seen, usageOf(body, request));
}

export function response(body: unknown, request: RequestFacts): ResponseFacts {
  const reasons: string[] = [];
  const seen: Seen = { outputBytes: 0, finishReasons: reasons };
  if (isObject(body)) take(seen, reasons, body, request);
  return conclude(seen, request);
}

export function stream(request: RequestFacts): StreamReader {
  const reasons: string[] = [];
  const seen: Seen = { outputBytes: 0, finishReasons: reasons };
  return {
    push(event) {
      if (isObject(event)) take(seen, reasons, event, request);
    },
    facts: () => conclude({ ...seen, finishReasons: [...reasons] }, request),
  };
}
