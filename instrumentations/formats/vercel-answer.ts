/** What an answer of Vercel's AI Gateway says: whole, or as the parts of a stream. */
import type { Usage } from '../../src/domain/usage.ts';
import type { RequestFacts, ResponseFacts, StreamReader } from './format.ts';
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

export function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Seen = { outputBytes: 0 };
  if (isObject(body)) {
    for (const part of list(body.content))
      if (isObject(part)) seen.outputBytes += textBytes(part.text) + textBytes(part.input);
    takeEnd(seen, body);
    seen.responseId = isObject(body.response) ? name(body.response.id) : undefined;
    seen.error = errorOf(body.error);
  }
  return conclude(seen, request);
}

export function stream(request: RequestFacts): StreamReader {
  const seen: Seen = { outputBytes: 0 };
  return {
    push(event) {
      if (isObject(event)) takePart(seen, event);
    },
    facts: () => conclude({ ...seen }, request),
  };
}

/** Deltas of text, of thoughts and of the input of tools; the whole input comes once more afterwards. */
function takePart(seen: Seen, part: Json): void {
  seen.outputBytes += textBytes(part.delta) + textBytes(part.textDelta);
  if (part.type === 'finish') takeEnd(seen, part);
  else if (part.type === 'response-metadata') seen.responseId = name(part.id) ?? seen.responseId;
  else if (part.type === 'error') seen.error ??= errorOf(part.error ?? true);
}

function takeEnd(seen: Seen, from: Json): void {
  const { finishReason } = from;
  const reason = name(isObject(finishReason) ? (finishReason.unified ?? finishReason.raw) : finishReason);
  if (reason !== undefined) seen.finishReasons = [reason];
  seen.report = usageOf(from.usage);
}

function usageOf(source: unknown): UsageReport | undefined {
  if (source === undefined || source === null) return undefined;
  if (!isObject(source)) return { invalid: 'usage is no object' };
  const { inputTokens: input, outputTokens: output } = source;
  // A provider that counts nothing leaves the totals out.
  const reader = new CountReader();
  if (!isObject(input) && !isObject(output)) {
    if (input === undefined && output === undefined) return undefined;
    return report(reader, flat(reader, source));
  }
  if (isObject(input) && input.total === undefined && isObject(output) && output.total === undefined) return undefined;
  return report(reader, nested(reader, input, output));
}

function nested(reader: CountReader, input: unknown, output: unknown): Usage {
  return {
    inputTokens: reader.required(input, 'total'),
    cachedReadTokens: reader.optional(input, 'cacheRead'),
    cacheWrite5mTokens: reader.optional(input, 'cacheWrite'),
    outputTokens: reader.required(output, 'total'),
    reasoningTokens: reader.optional(output, 'reasoning'),
  } as Usage;
}

/** As `ai` 5 has it. */
function flat(reader: CountReader, source: Json): Usage {
  return {
    inputTokens: reader.required(source, 'inputTokens'),
    cachedReadTokens: reader.optional(source, 'cachedInputTokens'),
    outputTokens: reader.required(source, 'outputTokens'),
    reasoningTokens: reader.optional(source, 'reasoningTokens'),
  } as Usage;
}
