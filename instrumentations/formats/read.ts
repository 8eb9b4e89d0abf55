/**
 * What every format shares: reading counts out of JSON that may be anything, and turning what was seen of an answer
 * into facts. Nothing here throws, and no text of a prompt or an answer leaves it.
 */
import { MAX_USAGE_COUNT, type Usage } from '../../src/domain/usage.ts';
import type { RequestFacts, ResponseFacts } from './format.ts';

export type Json = Record<string, unknown>;

/**
 * Bytes of JSON or text per token where nobody counted. English prose has 4 to 5, code and JSON 2 to 3: three errs
 * slightly high for prose, as an estimate that money is set by should.
 */
export const ESTIMATE_BYTES_PER_TOKEN = 3;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The array itself, or an empty one for anything else. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A short, non-empty string (an id, a model, a reason) or undefined. Longer ones are not what they claim to be. */
export function name(value: unknown): string | undefined {
  return typeof value === 'string' && value.length > 0 && value.length <= 256 ? value : undefined;
}

/** Adds a content: a string, or the texts among its parts. */
export function addTexts(texts: string[], content: unknown): void {
  if (typeof content === 'string') texts.push(content);
  for (const part of list(content)) if (isObject(part) && typeof part.text === 'string') texts.push(part.text);
}

/** Size in UTF-8 bytes; 0 for what is no string. */
export function textBytes(value: unknown): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : 0;
}

/** Size of a value as JSON; 0 where it is nested too deeply for `JSON.stringify`. */
export function jsonBytes(value: unknown): number {
  try {
    return textBytes(JSON.stringify(value));
  } catch {
    return 0;
  }
}

export function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_USAGE_COUNT;
}

/** A limit in a request (`max_tokens`, `n`): positive or absent, for the provider refuses anything else. */
export function limit(value: unknown): number | undefined {
  return isCount(value) && value > 0 ? value : undefined;
}

function describe(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return value === undefined ? 'missing' : value === null ? 'null' : `no number (${typeof value})`;
}

/** Reads counts of one usage object. The first that is no count stays in `problem`; zero and absent are the same. */
export class CountReader {
  problem: string | undefined;

  optional(source: unknown, key: string): number | undefined {
    const value = isObject(source) ? source[key] : undefined;
    if (value === undefined || value === null) return undefined;
    if (isCount(value)) return value === 0 ? undefined : value;
    this.problem ??= `usage.${key} is ${describe(value)}`;
    return undefined;
  }

  required(source: unknown, key: string): number {
    const value = isObject(source) ? source[key] : undefined;
    if (isCount(value)) return value;
    this.problem ??= `usage.${key} is ${describe(value)}`;
    return 0;
  }
}

export type UsageReport = { usage: Usage } | { invalid: string };

/** A copy without undefined members, so that facts are the same object over JSON. Runs for each call: a plain loop. */
export function defined<T extends object>(value: T): T {
  const copy = {} as T;
  for (const key in value) if (value[key] !== undefined) copy[key] = value[key];
  return copy;
}

/** What was read as usage, unless a count was garbage or a part exceeds its whole. */
export function report(reader: CountReader, usage: Usage): UsageReport {
  const problem = reader.problem ?? contradiction(usage);
  return problem === undefined ? { usage: defined(usage) } : { invalid: problem };
}

function contradiction(usage: Usage): string | undefined {
  const { inputTokens, outputTokens } = usage;
  const cached = (usage.cachedReadTokens ?? 0) + (usage.cacheWrite5mTokens ?? 0) + (usage.cacheWrite1hTokens ?? 0);
  return (
    exceeds(cached, 'cached', inputTokens, 'input') ??
    exceeds(usage.inputAudioTokens, 'input audio', inputTokens, 'input') ??
    exceeds(usage.inputImageTokens, 'input image', inputTokens, 'input') ??
    exceeds(usage.cachedAudioTokens, 'cached audio', cached, 'cached') ??
    exceeds(usage.reasoningTokens, 'reasoning', outputTokens, 'output') ??
    exceeds(usage.outputAudioTokens, 'output audio', outputTokens, 'output') ??
    exceeds(usage.outputImageTokens, 'output image', outputTokens, 'output') ??
    exceeds(inputTokens, 'input', MAX_USAGE_COUNT, 'possible') ??
    exceeds(outputTokens, 'output', MAX_USAGE_COUNT, 'possible')
  );
}

function exceeds(part: number | undefined, partName: string, whole: number, wholeName: string): string | undefined {
  if (part === undefined || part <= whole) return undefined;
  return `usage has more ${partName} tokens (${part}) than ${wholeName} tokens (${whole})`;
}

/** What a format saw of an answer, however much of it there was. */
export interface Seen {
  model?: string | undefined;
  responseId?: string | undefined;
  finishReasons?: readonly string[];
  /** The last report that counts; absent when the provider gave none. */
  report?: UsageReport | undefined;
  /** Counts to fall back on that are better than ours: an earlier report, or the input alone. */
  known?: Partial<Usage> | undefined;
  /** UTF-8 bytes of text, reasoning and tool arguments received. */
  outputBytes: number;
  serviceTier?: string | undefined;
  error?: string | undefined;
}

/** Some send running totals with each chunk: the last report counts, and a good one before it is kept to fall back on. */
export function takeReport(seen: Seen, next: UsageReport | undefined): void {
  if (!next) return;
  if (seen.report && 'usage' in seen.report) {
    if ('usage' in next && next.usage.inputTokens === 0 && next.usage.outputTokens === 0) return;
    seen.known = seen.report.usage;
  }
  seen.report = next;
}

/** Facts from what was seen: the provider's usage if it is any good, otherwise an estimate and why. */
export function conclude(seen: Seen, request: RequestFacts): ResponseFacts {
  const facts = identity(seen);
  const tier = servedTier(seen, request);
  const { report } = seen;
  const usage = report && 'usage' in report ? report.usage : undefined;
  const invalid = report && 'invalid' in report ? report.invalid : usage && uncounted(usage, seen.outputBytes);
  if (usage && invalid === undefined) facts.usage = withTier(usage, tier);
  else facts.estimate = withTier(estimated(usage ? { ...seen, known: positive(usage) } : seen, request), tier);
  if (invalid !== undefined) facts.invalid = invalid;
  return facts;
}

/** What was answered, but for its usage. */
function identity({ model, responseId, finishReasons, error }: Seen): ResponseFacts {
  const facts: ResponseFacts = {};
  if (model !== undefined) facts.model = model;
  if (responseId !== undefined) facts.responseId = responseId;
  if (finishReasons?.length) facts.finishReasons = finishReasons;
  if (error !== undefined) facts.error = error;
  return facts;
}

/** A tier inside the usage itself goes before the answer's. */
function withTier(usage: Usage, tier: string | undefined): Usage {
  return tier === undefined ? usage : { serviceTier: tier, ...usage };
}

/** Gateways that do not count send zeros; with output in hand that is not a measurement. */
function uncounted(usage: Usage, outputBytes: number): string | undefined {
  if (outputBytes === 0) return undefined;
  const kind = usage.outputTokens === 0 ? 'output' : usage.inputTokens === 0 ? 'input' : undefined;
  return kind && `usage counts no ${kind} tokens, but ${outputBytes} bytes were received`;
}

/** What a usage did count. */
function positive(usage: Usage): Partial<Usage> {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== 0));
}

/** An error before any output costs nothing; anything else is reckoned from its bytes. */
function estimated(seen: Seen, request: RequestFacts): Usage {
  const { known, outputBytes } = seen;
  const reckoned = Math.ceil(outputBytes / ESTIMATE_BYTES_PER_TOKEN);
  const rejected = seen.error !== undefined && outputBytes === 0;
  return {
    ...known,
    inputTokens: known?.inputTokens ?? (rejected ? 0 : estimatedInput(request)),
    outputTokens: Math.max(known?.outputTokens ?? 0, reckoned),
  };
}

function estimatedInput({ bound, estimatedInputTokens }: RequestFacts): number {
  return estimatedInputTokens ?? Math.ceil(bound.inputTokens / ESTIMATE_BYTES_PER_TOKEN);
}

/** Tiers that cost more than the default. */
const DEARER_TIERS: ReadonlySet<string> = new Set(['priority', 'fast', 'optimized']);

/** The tier the answer names; where it names none, a dearer tier that was asked for, but never a cheaper one. */
function servedTier(seen: Seen, request: RequestFacts): string | undefined {
  const asked = request.bound.serviceTier;
  const named = seen.serviceTier === 'auto' ? undefined : seen.serviceTier; // Before it is served it has no tier.
  return named ?? (asked !== undefined && DEARER_TIERS.has(asked) ? asked : undefined);
}

/** `type`, `code` or the bare word of an error that an answer carries; undefined when it carries none. */
export function errorOf(error: unknown): string | undefined {
  if (error === undefined || error === null || error === false) return undefined;
  if (!isObject(error)) return 'error';
  return name(error.type) ?? name(error.code) ?? (isCount(error.code) ? String(error.code) : 'error');
}
