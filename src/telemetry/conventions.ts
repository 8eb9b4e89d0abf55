/**
 * Which names of the OTel GenAI conventions are used. They are in development, and have changed since they were last released;
 * a service may stay with the release, which is the default, or go along. Set once, before the first call.
 */
import { ATTR, CLIENT_METRIC } from './names.ts';

/**
 * - `released`: version 1.41 of the semantic conventions, the last in which GenAI was released; packages of constants have these
 * - `latest`: open-telemetry/semantic-conventions-genai as of October 2026
 * - `proposed`: `latest`, and the attributes of cost that are proposed there and not agreed upon
 */
export const EDITIONS = ['released', 'latest', 'proposed'] as const;
export type Edition = (typeof EDITIONS)[number];

export interface Conventions {
  /** Attribute of the tokens written to a cache. */
  cacheWrites: string;
  /** Metrics of calls that generate; those of others (embeddings, rerank) keep the released ones. */
  duration: string;
  timeToFirstChunk: string;
  timePerOutputChunk: string;
  /** Tokens as one counter for each kind and two histograms, instead of one histogram of `gen_ai.token.type`. */
  countsTokensByKind: boolean;
  /** Tokens of audio and images have attributes of their own. */
  hasModalities: boolean;
  hasCost: boolean;
}

const RELEASED: Conventions = {
  cacheWrites: ATTR.usageCacheCreationInputTokens,
  duration: CLIENT_METRIC.operationDuration,
  timeToFirstChunk: CLIENT_METRIC.operationTimeToFirstChunk,
  timePerOutputChunk: CLIENT_METRIC.operationTimePerOutputChunk,
  countsTokensByKind: false,
  hasModalities: false,
  hasCost: false,
};

const LATEST: Conventions = {
  cacheWrites: ATTR.usageCacheWriteInputTokens,
  duration: CLIENT_METRIC.inferenceDuration,
  timeToFirstChunk: CLIENT_METRIC.inferenceTimeToFirstChunk,
  timePerOutputChunk: CLIENT_METRIC.inferenceTimePerOutputChunk,
  countsTokensByKind: true,
  hasModalities: true,
  hasCost: false,
};

const OF_EDITION: Readonly<Record<Edition, Conventions>> = {
  released: RELEASED,
  latest: LATEST,
  proposed: { ...LATEST, hasCost: true },
};

/** What the environment said of telemetry. */
export interface TelemetryOptions {
  names: Edition;
  /** Record the time of each chunk of a stream, not only that to the first. */
  everyChunk: boolean;
}

let inUse = RELEASED;
let timesEveryChunk = false;

export function configureTelemetry({ names, everyChunk }: TelemetryOptions): void {
  inUse = OF_EDITION[names];
  timesEveryChunk = everyChunk;
}

export function conventions(): Conventions {
  return inUse;
}

export function everyChunk(): boolean {
  return timesEveryChunk;
}

/** Operations that generate, by the conventions' word `inference`. */
const INFERENCE: ReadonlySet<string> = new Set(['chat', 'text_completion', 'generate_content']);

export function isInference(operation: string): boolean {
  return INFERENCE.has(operation);
}
