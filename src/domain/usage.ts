/**
 * What one attempt consumed. Token counts follow the OTel convention: `inputTokens` INCLUDES cached reads and cache
 * writes, `outputTokens` INCLUDES reasoning. Formats convert from each provider's own way of counting.
 */
export interface Usage {
  inputTokens: number;
  cachedReadTokens?: number;
  /** Cache writes with the 5 minute lifetime, and those with the 1 hour lifetime. Disjoint. */
  cacheWrite5mTokens?: number;
  cacheWrite1hTokens?: number;
  outputTokens: number;
  reasoningTokens?: number;
  inputAudioTokens?: number;
  cachedAudioTokens?: number;
  outputAudioTokens?: number;
  inputImageTokens?: number;
  outputImageTokens?: number;
  /** Units billed per call: web searches and the like. */
  webSearches?: number;
  /** Of models that are billed by what goes in or comes out and not by the token: speech by its text, transcripts, pictures. */
  inputCharacters?: number;
  inputAudioSeconds?: number;
  outputImages?: number;
  /** Billed through a batch endpoint. */
  batch?: boolean;
  /** Service tier SERVED, as the provider names it (`default`, `flex`, `priority`, `batch`, …). */
  serviceTier?: string;
  /** Inference geography where the provider prices it (`us`). */
  inferenceGeo?: string;
}

export const USAGE_COUNT_KEYS = [
  'inputTokens',
  'cachedReadTokens',
  'cacheWrite5mTokens',
  'cacheWrite1hTokens',
  'outputTokens',
  'reasoningTokens',
  'inputAudioTokens',
  'cachedAudioTokens',
  'outputAudioTokens',
  'inputImageTokens',
  'outputImageTokens',
  'webSearches',
  'inputCharacters',
  'inputAudioSeconds',
  'outputImages',
] as const satisfies readonly (keyof Usage)[];
export type UsageCountKey = (typeof USAGE_COUNT_KEYS)[number];

/** Above this a count is not usage but garbage: ten billion tokens in one attempt. */
export const MAX_USAGE_COUNT = 10_000_000_000;

/** What an attempt can consume at the most, known before it is sent. */
export interface UsageBound {
  /** Upper bound of input tokens of every kind. */
  inputTokens: number;
  /** Upper bound of output tokens over all choices; absent when the request sets none: the model's maximum applies. */
  outputTokens?: number;
  /** Number of choices asked for, where it is not 1: without `outputTokens` each may be the largest, and a rewrite limits each. */
  choices?: number;
  webSearches?: number;
  inputCharacters?: number;
  inputAudioSeconds?: number;
  outputImages?: number;
  batch?: boolean;
  serviceTier?: string;
  inferenceGeo?: string;
  /** The request asks for cache writes with the 1 hour lifetime. */
  cacheWrite1h?: boolean;
  /** `false`: the request surely carries no audio and asks for none, so the dearer audio rates cannot be reached. */
  audio?: boolean;
  /**
   * The provider adds input that the request does not contain (stored conversations, hosted files, documents by URL,
   * results of its own tools): the model's context window bounds the input, not `inputTokens`.
   */
  unseenInput?: true;
}

/** `measured` came from the provider; `estimated` was reckoned from what was seen of a broken-off attempt. */
export type UsageSource = 'measured' | 'estimated';
