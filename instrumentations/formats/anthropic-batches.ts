/**
 * POST …/v1/messages/batches: many messages, answered within a day at half the price. Created, nothing has been billed and all may be:
 * the whole is held as one attempt. What each message came to stands in the file of results, and nowhere else.
 */
import type { UsageBound } from '../../src/domain/usage.ts';
import { response as message } from './anthropic-answer.ts';
import { anthropicMessages, request as messageRequest } from './anthropic-messages.ts';
import type { BatchResult, Format, RequestFacts, ResponseFacts, Rewrite, StreamReader } from './format.ts';
import type { LateFormat } from './late.ts';
import { defined, ESTIMATE_BYTES_PER_TOKEN, errorOf, isObject, type Json, jsonBytes, list, name } from './read.ts';
import { lastAnswer } from './whole.ts';

/** The largest context window there is, for what a message reads without containing it: one window for all of them would be too little. */
const WINDOW_TOKENS = 1_000_000;

/** In place of a model where there are several. No price is known for it, so it is held at the ceiling. */
export const SEVERAL = 'several-models';

function request(body: unknown, bodyBytes: number, path?: string, host?: string): RequestFacts | undefined {
  if (!isObject(body) || !Array.isArray(body.requests)) return undefined;
  const all = paramsOf(body).flatMap((params) => {
    // All bytes are in the body's own, but those of fallbacks count more than once.
    const bytes = params.fallbacks === undefined ? 0 : jsonBytes(params);
    return messageRequest(params, bytes, path, host) ?? [];
  });
  if (all.length === 0) return undefined;
  const models = new Set(all.map(({ model }) => model));
  const model = models.size === 1 ? (all[0] as RequestFacts).model : SEVERAL;
  const estimatedInputTokens = Math.ceil(bodyBytes / ESTIMATE_BYTES_PER_TOKEN);
  return { model, stream: false, bound: defined(boundOf(all, bodyBytes)), estimatedInputTokens };
}

function boundOf(all: readonly RequestFacts[], bodyBytes: number): UsageBound {
  const bounds = all.map(({ bound }) => bound);
  const sum = (count: (bound: UsageBound) => number | undefined) =>
    bounds.reduce((total, bound) => total + (count(bound) ?? 0), 0);
  return {
    inputTokens: bodyBytes + sum(({ inputTokens, unseenInput }) => inputTokens + (unseenInput ? WINDOW_TOKENS : 0)),
    audio: false,
    outputTokens: sum(({ outputTokens }) => outputTokens),
    webSearches: sum(({ webSearches }) => webSearches) || undefined,
    inferenceGeo: bounds.find(({ inferenceGeo }) => inferenceGeo !== undefined)?.inferenceGeo,
    cacheWrite1h: bounds.some(({ cacheWrite1h }) => cacheWrite1h) || undefined,
    batch: true,
  };
}

function paramsOf(body: Json): Json[] {
  return list(body.requests).flatMap((one) => {
    const params = isObject(one) ? one.params : undefined;
    return isObject(params) ? [params] : [];
  });
}

function rewrite(body: object, change: Rewrite): object {
  const requests = list((body as Json).requests).map((one) =>
    isObject(one) && isObject(one.params) ? { ...one, params: anthropicMessages.rewrite(one.params, change) } : one,
  );
  return { ...body, requests };
}

/** Only what it is called: nothing has been counted yet, unless it failed. */
function response(body: unknown): ResponseFacts {
  const estimate = { inputTokens: 0, outputTokens: 0 };
  if (!isObject(body)) return { estimate, later: true };
  const error = errorOf(body.error);
  if (error !== undefined) return { estimate, error };
  const responseId = name(body.id);
  return { estimate, later: true, ...(responseId !== undefined && { responseId }) };
}

export const anthropicBatches: Format = {
  id: 'anthropic-batches',
  operation: 'batch',
  provider: 'anthropic',
  lastSegments: ['batches'],
  matches: (method, path) => method === 'POST' && path.endsWith('/v1/messages/batches'),
  request,
  rewrite,
  response,
  stream: lastAnswer(response),
};

const RESULTS = /\/v1\/messages\/batches\/([^/]+)\/results$/;
const NOTHING_ASKED: RequestFacts = { model: 'unknown', stream: true, bound: { inputTokens: 0 } };

/** One line for each message; what failed, expired or was cancelled is not billed. */
const results: Format = {
  ...anthropicBatches,
  id: 'anthropic-batch-results',
  response: (line) => {
    const reader = readResults();
    reader.push(line);
    return reader.facts();
  },
  stream: readResults,
};

export const anthropicBatchResults: LateFormat = {
  format: results,
  batchAt: (path) => RESULTS.exec(path)?.[1],
};

function readResults(): StreamReader {
  const results: BatchResult[] = [];
  return {
    push(line) {
      if (!isObject(line) || !isObject(line.result) || line.result.type !== 'succeeded') return;
      const id = name(line.custom_id);
      const { model, responseId, usage, estimate } = message(line.result.message, NOTHING_ASKED);
      const counted = usage ?? estimate;
      if (id === undefined || model === undefined || !counted) return;
      results.push({ id, model, responseId, measured: usage !== undefined, usage: { ...counted, batch: true } });
    },
    facts: () => ({ results }),
  };
}
