/** What an answer of …/interactions says, whole or as events. */
import type { RequestFacts, ResponseFacts, StreamReader } from './format.ts';
import { feesBilled } from './gemini-grounding.ts';
import { tierOf, usageOf } from './gemini-usage.ts';
import {
  CountReader,
  conclude,
  errorOf,
  isObject,
  type Json,
  list,
  name,
  type Seen,
  takeReport,
  textBytes,
  type UsageReport,
} from './read.ts';

/** The same counts as `usageMetadata` under other names, and the searches, counted. */
function reportOf(source: unknown, model: string): UsageReport | undefined {
  if (!isObject(source)) return usageOf(source);
  const found = usageOf({
    promptTokenCount: source.total_input_tokens,
    cachedContentTokenCount: source.total_cached_tokens,
    candidatesTokenCount: source.total_output_tokens,
    thoughtsTokenCount: source.total_thought_tokens,
    toolUsePromptTokenCount: source.total_tool_use_tokens,
    totalTokenCount: source.total_tokens,
    promptTokensDetails: details(source.input_tokens_by_modality),
    cacheTokensDetails: details(source.cached_tokens_by_modality),
    candidatesTokensDetails: details(source.output_tokens_by_modality),
    toolUsePromptTokensDetails: details(source.tool_use_tokens_by_modality),
  });
  if (!found || 'invalid' in found) return found;
  const reader = new CountReader();
  const webSearches = list(source.grounding_tool_count)
    .filter((one) => isObject(one) && (one.type === 'google_search' || one.type === 'google_maps'))
    .reduce<number>((sum, one) => sum + feesBilled(reader.optional(one, 'count') ?? 0, model), 0);
  if (reader.problem !== undefined) return { invalid: reader.problem };
  return webSearches > 0 ? { usage: { ...found.usage, webSearches } } : found;
}

function details(source: unknown): unknown[] {
  return list(source)
    .filter(isObject)
    .map(({ modality, tokens }) => ({
      modality: typeof modality === 'string' ? modality.toUpperCase() : modality,
      tokenCount: tokens,
    }));
}

/** Bytes of a content or a delta: text, a summary of thoughts, the arguments of a tool. */
function bytesOf(part: Json): number {
  let bytes = textBytes(part.text) + textBytes(part.arguments) + textBytes(part.partial_arguments);
  if (isObject(part.content)) bytes += textBytes(part.content.text);
  return bytes;
}

function stepBytes(step: unknown): number {
  if (!isObject(step)) return 0;
  return [...list(step.content), ...list(step.summary)].reduce<number>(
    (sum, part) => sum + (isObject(part) ? bytesOf(part) : 0),
    0,
  );
}

function take(seen: Seen, answer: Json, request: RequestFacts): void {
  seen.model = name(answer.model) ?? seen.model;
  seen.responseId = name(answer.id) ?? seen.responseId;
  seen.serviceTier = tierOf(answer.service_tier) ?? seen.serviceTier;
  seen.error ??= errorOf(answer.error) ?? errorOf(list(answer.errors)[0]);
  const bytes = list(answer.steps).reduce<number>((sum, step) => sum + stepBytes(step), 0);
  seen.outputBytes = Math.max(seen.outputBytes, bytes);
  takeReport(seen, reportOf(answer.usage, seen.model ?? request.model));
}

const UNFINISHED: ReadonlySet<unknown> = new Set(['queued', 'in_progress']);

/** In the background it goes on after this answer and nobody will show us its end: take the most it may write. */
function takeEnd(seen: Seen, answer: Json, request: RequestFacts): void {
  take(seen, answer, request);
  const status = name(answer.status);
  if (status !== undefined) seen.finishReasons = [status];
  if (seen.report || !UNFINISHED.has(answer.status)) return;
  const { outputTokens } = request.bound;
  if (outputTokens !== undefined) seen.known = { outputTokens };
  seen.report = { invalid: 'usage is not known yet: the interaction goes on in the background' };
}

export function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Seen = { outputBytes: 0 };
  if (isObject(body)) takeEnd(seen, body, request);
  return conclude(seen, request);
}

export function stream(request: RequestFacts): StreamReader {
  const seen: Seen = { outputBytes: 0 };
  return {
    push(event) {
      if (isObject(event)) takeEvent(seen, event, request);
    },
    facts: () => conclude({ ...seen }, request),
  };
}

function takeEvent(seen: Seen, event: Json, request: RequestFacts): void {
  switch (event.event_type) {
    case 'step.delta':
      if (isObject(event.delta)) seen.outputBytes += bytesOf(event.delta);
      if (isObject(event.metadata)) takeReport(seen, reportOf(event.metadata.total_usage, seen.model ?? request.model));
      break;
    case 'interaction.created':
      if (isObject(event.interaction)) take(seen, event.interaction, request);
      break;
    case 'interaction.completed':
      if (isObject(event.interaction)) takeEnd(seen, event.interaction, request);
      break;
    case 'error':
      seen.error ??= errorOf(event.error ?? true);
  }
}
