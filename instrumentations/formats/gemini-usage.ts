/**
 * Google's `usageMetadata` in our words. Thoughts and the results of hosted tools stand beside the prompt and the
 * candidates: the total is the sum of the four. Cached tokens are inside the prompt. Zeros are left out.
 */
import type { Usage } from '../../src/domain/usage.ts';
import { CountReader, isObject, type Json, list, name, report, type UsageReport } from './read.ts';

const COUNTS = [
  'promptTokenCount',
  'candidatesTokenCount',
  'responseTokenCount',
  'thoughtsTokenCount',
  'toolUsePromptTokenCount',
  'totalTokenCount',
];

/** Undefined where nothing was counted: Vertex AI sends the traffic type alone with all chunks but the last. */
export function usageOf(source: unknown): UsageReport | undefined {
  if (source === undefined || source === null) return undefined;
  if (!isObject(source)) return { invalid: 'usage is no object' };
  if (!COUNTS.some((key) => source[key] !== undefined && source[key] !== null)) return undefined;
  const reader = new CountReader();
  const count = (key: string): number => reader.optional(source, key) ?? 0;
  const inputTokens = count('promptTokenCount') + count('toolUsePromptTokenCount');
  const thoughts = count('thoughtsTokenCount');
  const written = count('candidatesTokenCount') || count('responseTokenCount');
  const input = [source.promptTokensDetails, source.toolUsePromptTokensDetails];
  const output = [source.candidatesTokensDetails ?? source.responseTokensDetails];
  const cachedAudio = modality(reader, [source.cacheTokensDetails], AUDIO);
  const usage: Usage = {
    inputTokens,
    cachedReadTokens: count('cachedContentTokenCount') || undefined,
    outputTokens: outputTokens(written, thoughts, count('totalTokenCount') - inputTokens),
    reasoningTokens: thoughts || undefined,
    // What is cached is part of the whole, even if the details should leave it out.
    inputAudioTokens: Math.max(modality(reader, input, AUDIO), cachedAudio) || undefined,
    cachedAudioTokens: cachedAudio || undefined,
    outputAudioTokens: modality(reader, output, AUDIO) || undefined,
    inputImageTokens: modality(reader, input, IMAGES) || undefined,
    outputImageTokens: modality(reader, output, IMAGES) || undefined,
  };
  return report(reader, usage);
}

/**
 * The answer and the thoughts, unless the total says that the thoughts are among the candidates (early previews counted so).
 * Where they are counted in nothing but the total, output is what that leaves after the input.
 */
function outputTokens(written: number, thoughts: number, total: number): number {
  if (thoughts > 0 && thoughts <= written && total === written) return written;
  return Math.max(written + thoughts, total);
}

const AUDIO: ReadonlySet<unknown> = new Set(['AUDIO']);
/** Pages of documents are billed as images. */
const IMAGES: ReadonlySet<unknown> = new Set(['IMAGE', 'DOCUMENT']);

function modality(reader: CountReader, details: readonly unknown[], wanted: ReadonlySet<unknown>): number {
  let tokens = 0;
  for (const one of details.flatMap(list)) {
    if (isObject(one) && wanted.has(one.modality)) tokens += reader.optional(one, 'tokenCount') ?? 0;
  }
  return tokens;
}

/** A tier as it is asked for or named: `SERVICE_TIER_PRIORITY`, `priority`. */
export function tierOf(value: unknown): string | undefined {
  const tier = name(value)
    ?.toLowerCase()
    .replace(/^service_tier_/, '');
  return tier === 'unspecified' ? undefined : tier;
}

const TRAFFIC: Readonly<Record<string, string>> = {
  ON_DEMAND: 'standard',
  ON_DEMAND_PRIORITY: 'priority',
  ON_DEMAND_FLEX: 'flex',
  ON_DEMAND_OFFPEAK: 'offpeak',
  PROVISIONED_THROUGHPUT: 'provisioned_throughput',
};

/** The tier served: the Gemini API names it, Vertex AI names the traffic. */
export function servedTierOf(source: unknown): string | undefined {
  if (!isObject(source)) return undefined;
  const { trafficType }: Json = source;
  return tierOf(source.serviceTier) ?? (typeof trafficType === 'string' ? tierOfTraffic(trafficType) : undefined);
}

function tierOfTraffic(type: string): string | undefined {
  return Object.hasOwn(TRAFFIC, type) ? TRAFFIC[type] : undefined;
}
