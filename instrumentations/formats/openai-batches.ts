/**
 * POST …/batches starts a batch: requests in a file that was stored before, which nobody here has read. So nothing of what they
 * will cost can be set aside. What is asked for is room for next to nothing: a budget that is used up, or paused, starts none.
 * What they cost is told when the batch is read back, and settled then, once for each batch.
 */
import type { Usage } from '../../src/domain/usage.ts';
import type { BatchResult, Format, RequestFacts, ResponseFacts } from './format.ts';
import type { LateFormat } from './late.ts';
import { CountReader, errorOf, isCount, isObject, type Json, list, name, report } from './read.ts';
import { lastAnswer, renamed } from './whole.ts';

/** The file names the models. */
const UNKNOWN_MODEL = 'batch';

function request(body: unknown): RequestFacts | undefined {
  if (!isObject(body) || body.input_file_id === undefined) return undefined;
  const bound = { inputTokens: 1, outputTokens: 1, batch: true, audio: false };
  return { model: name(body.model) ?? UNKNOWN_MODEL, stream: false, bound, estimatedInputTokens: 0 };
}

/** To start one costs nothing; what it came to is read back. */
function response(body: unknown, _request: RequestFacts): ResponseFacts {
  const facts: ResponseFacts = { usage: { inputTokens: 0, outputTokens: 0 }, isFree: true, later: true };
  if (!isObject(body)) return facts;
  const responseId = name(body.id);
  const error = errorOf(body.error);
  return { ...facts, ...(responseId !== undefined && { responseId }), ...(error !== undefined && { error }) };
}

export const openaiBatches: Format = {
  id: 'openai-batches',
  operation: 'batch',
  provider: 'openai',
  lastSegments: ['batches'],
  matches: (method, path) => method === 'POST' && path.endsWith('/batches') && !path.endsWith('/messages/batches'),
  request,
  rewrite: renamed,
  canRewrite: () => false,
  response,
  stream: lastAnswer(response),
};

/** Before that, counts may still grow; one that failed has none. */
const FINAL: ReadonlySet<unknown> = new Set(['completed', 'expired', 'cancelled']);

function late(batch: unknown): BatchResult[] {
  if (!isObject(batch) || batch.object !== 'batch' || !FINAL.has(batch.status)) return [];
  const id = name(batch.id);
  const usage = usageOf(batch);
  if (id === undefined || !usage) return [];
  const created = batch.created_at;
  const model = name(batch.model) ?? UNKNOWN_MODEL;
  const told: BatchResult = { batch: id, id: '', model, responseId: id, measured: true, usage };
  return [isCount(created) && created > 0 ? { ...told, atMs: created * 1000 } : told];
}

/** Older batches count nothing, and garbage is no count. */
function usageOf(batch: Json): Usage | undefined {
  const source = batch.usage;
  if (!isObject(source)) return undefined;
  const reader = new CountReader();
  const outputTokens = reader.required(source, 'output_tokens');
  const isOfPictures = typeof batch.endpoint === 'string' && batch.endpoint.startsWith('/v1/images');
  const told = report(reader, {
    inputTokens: reader.required(source, 'input_tokens'),
    cachedReadTokens: reader.optional(source.input_tokens_details, 'cached_tokens'),
    outputTokens,
    reasoningTokens: reader.optional(source.output_tokens_details, 'reasoning_tokens'),
    outputImageTokens: (isOfPictures && outputTokens) || undefined,
    batch: true,
  });
  if ('invalid' in told || told.usage.inputTokens + told.usage.outputTokens === 0) return undefined;
  return told.usage;
}

/** One batch, or a page of them. */
function readBack(body: unknown): ResponseFacts {
  return { results: isObject(body) && body.object === 'list' ? list(body.data).flatMap(late) : late(body) };
}

export const openaiBatchesRead: LateFormat = {
  format: { ...openaiBatches, id: 'openai-batches-read', response: readBack, stream: lastAnswer(readBack) },
  batchAt: (path) => (/(?<!\/messages)\/batches(?:\/batch_[\w-]+)?\/?$/.test(path) ? '' : undefined),
};
