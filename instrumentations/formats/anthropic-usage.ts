/** Anthropic's usage object in our words. Its `input_tokens` leave out what was read from or written to the cache. */
import type { Usage } from '../../src/domain/usage.ts';
import type { RequestFacts } from './format.ts';
import { CountReader, isObject, type Json, list, name, report, type UsageReport } from './read.ts';
import { REGIONAL } from './vertex.ts';

/** A usage object of Anthropic's, `usage` being neither null nor absent. */
export function usageOf(source: unknown, request: RequestFacts): UsageReport {
  if (!isObject(source)) return { invalid: 'usage is no object' };
  const reader = new CountReader();
  const counts = withIterations(reader, source, countsOf(reader, source));
  const usage: Usage = {
    inputTokens: counts.fresh + counts.read + counts.write5m + counts.write1h,
    cachedReadTokens: counts.read || undefined,
    cacheWrite5mTokens: counts.write5m || undefined,
    cacheWrite1hTokens: counts.write1h || undefined,
    outputTokens: counts.output,
    reasoningTokens: reader.optional(source.output_tokens_details, 'thinking_tokens'),
    webSearches: reader.optional(source.server_tool_use, 'web_search_requests'),
    serviceTier: tierOf(source, request),
    inferenceGeo: geoOf(source, request),
  };
  return report(reader, usage);
}

interface Counts {
  fresh: number;
  read: number;
  write5m: number;
  write1h: number;
  output: number;
}

const NONE: Counts = { fresh: 0, read: 0, write5m: 0, write1h: 0, output: 0 };

function larger(a: Counts, b: Counts): Counts {
  const size = ({ fresh, read, write5m, write1h, output }: Counts) => fresh + read + write5m + write1h + output;
  return size(b) > size(a) ? b : a;
}

function plus(a: Counts, b: Counts): Counts {
  return {
    fresh: a.fresh + b.fresh,
    read: a.read + b.read,
    write5m: a.write5m + b.write5m,
    write1h: a.write1h + b.write1h,
    output: a.output + b.output,
  };
}

/**
 * The totals leave out some iterations (beta): compaction, and an advisor, which is another model's work. Where a fallback model
 * served, what the models before it counted until they declined may be left out as well: then the sum is the larger.
 */
function withIterations(reader: CountReader, source: Json, own: Counts): Counts {
  const iterations = list(source.iterations).filter(isObject);
  if (iterations.length === 0) return own;
  const sum = (all: readonly Json[]): Counts => all.reduce((sum, one) => plus(sum, countsOf(reader, one)), NONE);
  const turns = iterations.filter(({ type }) => type === 'message' || type === 'fallback_message');
  const served = turns.some(({ type }) => type === 'fallback_message') ? larger(own, sum(turns)) : own;
  return plus(served, sum(iterations.filter(({ type }) => type === 'compaction' || type === 'advisor_message')));
}

/** Cache writes without a lifetime are the default's, 5 minutes; a total above its split leaves its rest there too. */
function countsOf(reader: CountReader, source: Json): Counts {
  const written = reader.optional(source, 'cache_creation_input_tokens') ?? 0;
  const write1h = reader.optional(source.cache_creation, 'ephemeral_1h_input_tokens') ?? 0;
  const write5m = reader.optional(source.cache_creation, 'ephemeral_5m_input_tokens') ?? 0;
  return {
    fresh: reader.required(source, 'input_tokens'),
    read: reader.optional(source, 'cache_read_input_tokens') ?? 0,
    write5m: Math.max(write5m, written - write1h),
    write1h,
    output: reader.required(source, 'output_tokens'),
  };
}

/** Fast mode is priced like a tier. An answer that does not name its speed is taken to be as fast as was asked for. */
function tierOf(source: Json, request: RequestFacts): string | undefined {
  const speed = name(source.speed) ?? (request.bound.serviceTier === 'fast' ? 'fast' : undefined);
  return speed === 'fast' ? 'fast' : name(source.service_tier);
}

/** Where inference ran; an answer that does not say is taken to have run where it was asked to. On Vertex AI only the request says. */
function geoOf(source: Json, request: RequestFacts): string | undefined {
  const geo = request.bound.inferenceGeo === REGIONAL ? REGIONAL : name(source.inference_geo);
  return geo === undefined ? request.bound.inferenceGeo : geo === 'not_available' ? undefined : geo;
}
