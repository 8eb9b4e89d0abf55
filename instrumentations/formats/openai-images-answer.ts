/** What an answer of …/images/… says, whole or as events. */
import type { Usage } from '../../src/domain/usage.ts';
import type { RequestFacts, ResponseFacts, StreamReader } from './format.ts';
import {
  CountReader,
  conclude,
  errorOf,
  isObject,
  type Json,
  list,
  report,
  type Seen,
  type UsageReport,
} from './read.ts';

/** Without details all of the output is pictures. Vector graphics are drawn by another model, whose tokens come on top. */
function usageOf(answer: Json, { bound }: RequestFacts): UsageReport | undefined {
  const source = answer.usage;
  if (source === undefined || source === null) return piecesOf(answer, bound.outputImages);
  if (!isObject(source)) return { invalid: 'usage is no object' };
  const reader = new CountReader();
  const { input_tokens_details: input, output_tokens_details: output } = source;
  const svg = answer.svg_usage;
  const outputTokens = reader.required(source, 'output_tokens');
  const usage: Usage = {
    inputTokens: reader.required(source, 'input_tokens') + (reader.optional(svg, 'input_tokens') ?? 0),
    cachedReadTokens: reader.optional(input, 'cached_tokens'),
    inputImageTokens: reader.optional(input, 'image_tokens'),
    outputTokens: outputTokens + (reader.optional(svg, 'output_tokens') ?? 0),
    reasoningTokens: reader.optional(svg, 'reasoning_tokens'),
    outputImageTokens: isObject(output) ? reader.optional(output, 'image_tokens') : outputTokens || undefined,
  };
  return report(reader, usage);
}

/** Whoever counts no tokens bills the pictures themselves. */
function piecesOf(answer: Json, most: number | undefined): UsageReport | undefined {
  const pieces = list(answer.data).length;
  if (pieces === 0 || most === undefined) return undefined;
  return { usage: { inputTokens: 0, outputTokens: 0, outputImages: pieces } };
}

function take(seen: Seen, answer: unknown, request: RequestFacts): void {
  if (!isObject(answer)) return;
  seen.error ??= errorOf(answer.error);
  const next = usageOf(answer, request);
  if (next) seen.report = next;
  if (typeof answer.type === 'string' && answer.type.endsWith('.completed')) seen.finishReasons = ['completed'];
}

/** What is broken off has been painted all the same, as far as anybody knows. */
function facts(seen: Seen, request: RequestFacts): ResponseFacts {
  return conclude(seen.error === undefined ? { ...seen, known: request.estimate } : seen, request);
}

export function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Seen = { outputBytes: 0 };
  take(seen, body, request);
  return facts(seen, request);
}

export function stream(request: RequestFacts): StreamReader {
  const seen: Seen = { outputBytes: 0 };
  return { push: (event) => take(seen, event, request), facts: () => facts({ ...seen }, request) };
}
