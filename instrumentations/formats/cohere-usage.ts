/** Cohere's counts in our words. What it bills (`billed_units`) may differ from what its models read (`tokens`). */
import type { Usage } from '../../src/domain/usage.ts';
import { CountReader, isObject, type Json, report, type UsageReport } from './read.ts';

/** `usage` of the second version, `meta` of the first: both hold `billed_units`, `tokens` and `cached_tokens`. */
export function usageOf(source: unknown): UsageReport | undefined {
  if (source === undefined || source === null) return undefined;
  if (!isObject(source)) return { invalid: 'usage is no object' };
  const billed = isObject(source.billed_units) ? source.billed_units : undefined;
  const counts = billed ?? source.tokens;
  if (counts === undefined || counts === null) return undefined;
  if (!isObject(counts)) return { invalid: 'usage is no object' };
  // Images of the older models are billed by the piece, and nothing tells their tokens.
  if (counts.images !== undefined && counts.image_tokens === undefined && counts.input_tokens === undefined)
    return { invalid: 'usage counts images, not tokens' };
  return report(...read(counts, source));
}

function read(counts: Json, source: Json): [CountReader, Usage] {
  const reader = new CountReader();
  const text = reader.optional(counts, 'input_tokens') ?? 0;
  const image = reader.optional(counts, 'image_tokens');
  const inputTokens = text + (image ?? 0);
  const cached = reader.optional(source, 'cached_tokens');
  const usage: Usage = {
    inputTokens,
    // Counted over all that the model read, which may be more than what is billed.
    cachedReadTokens: cached !== undefined && cached <= inputTokens ? cached : undefined,
    outputTokens: reader.optional(counts, 'output_tokens') ?? 0,
    inputImageTokens: image,
    webSearches: reader.optional(counts, 'search_units'),
  };
  return [reader, usage];
}
