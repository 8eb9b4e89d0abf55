/** Bedrock's own counts in our words. Like Anthropic's, its input leaves out what was read from or written to the cache. */
import type { Usage } from '../../src/domain/usage.ts';
import type { AnswerHeaders } from './format.ts';
import { CountReader, isCount, isObject, type Json, list, report, type UsageReport } from './read.ts';

/** `usage` of Converse and of Nova's own answers, whose words for the cache are longer. */
export function usageOf(source: unknown): UsageReport | undefined {
  if (source === undefined || source === null) return undefined;
  if (!isObject(source)) return { invalid: 'usage is no object' };
  const reader = new CountReader();
  const read = counted(reader, source, 'cacheReadInputToken') ?? 0;
  const written = counted(reader, source, 'cacheWriteInputToken') ?? 0;
  const write1h = writtenFor(reader, source, '1h');
  // Without a lifetime they are the default's, 5 minutes.
  const write5m = Math.max(writtenFor(reader, source, '5m'), written - write1h);
  const usage: Usage = {
    inputTokens: reader.required(source, 'inputTokens') + read + write5m + write1h,
    cachedReadTokens: read || undefined,
    cacheWrite5mTokens: write5m || undefined,
    cacheWrite1hTokens: write1h || undefined,
    outputTokens: reader.required(source, 'outputTokens'),
  };
  return report(reader, usage);
}

function counted(reader: CountReader, source: Json, key: string): number | undefined {
  return reader.optional(source, `${key}s`) ?? reader.optional(source, `${key}Count`);
}

function writtenFor(reader: CountReader, source: Json, ttl: string): number {
  const details = list(source.cacheDetails).filter((detail) => isObject(detail) && detail.ttl === ttl);
  return details.reduce<number>((sum, detail) => sum + (reader.optional(detail, 'inputTokens') ?? 0), 0);
}

/** What Bedrock adds to the last chunk of a model's own stream. */
export const METRICS = 'amazon-bedrock-invocationMetrics';

export function usageOfMetrics(source: unknown): UsageReport | undefined {
  if (!isObject(source)) return undefined;
  const { inputTokenCount, outputTokenCount, cacheReadInputTokenCount, cacheWriteInputTokenCount } = source;
  return usageOf({
    inputTokens: inputTokenCount,
    outputTokens: outputTokenCount ?? 0, // Embeddings have none.
    cacheReadInputTokens: cacheReadInputTokenCount,
    cacheWriteInputTokens: cacheWriteInputTokenCount,
  });
}

/** What it says in the headers of an answer in one piece, whatever the model. */
export function headersOf(header: (name: string) => string | undefined): AnswerHeaders {
  const responseId = header('x-amzn-requestid');
  const inputTokens = countIn(header('x-amzn-bedrock-input-token-count'));
  const outputTokens = countIn(header('x-amzn-bedrock-output-token-count'));
  const said: AnswerHeaders = {};
  if (responseId !== undefined && responseId.length <= 256) said.responseId = responseId;
  if (inputTokens !== undefined) said.inputTokens = inputTokens;
  if (outputTokens !== undefined) said.outputTokens = outputTokens;
  return said;
}

function countIn(text: string | undefined): number | undefined {
  const value = text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined;
  return isCount(value) ? value : undefined;
}

/** Undefined unless the headers counted the input. */
export function usageOfHeaders(said: AnswerHeaders | undefined): UsageReport | undefined {
  if (said?.inputTokens === undefined) return undefined;
  return { usage: { inputTokens: said.inputTokens, outputTokens: said.outputTokens ?? 0 } };
}
