import { MAX_USAGE_COUNT, USAGE_COUNT_KEYS, type Usage, type UsageBound } from '../domain/usage.ts';
import { FEE_COUNTS } from './units.ts';

/** Asked for by one request at the most; providers stop far below. */
const MAX_CHOICES = 1024;

/** Why these counts cannot be an attempt's usage; undefined when they can. Callers ask before they price. */
export function usageProblem(usage: Usage): string | undefined {
  for (const key of USAGE_COUNT_KEYS) {
    const value = usage[key];
    if (value === undefined && key !== 'inputTokens' && key !== 'outputTokens') continue;
    const problem = countProblem(key, value);
    if (problem) return problem;
  }
  const cacheTokens = (usage.cachedReadTokens ?? 0) + (usage.cacheWrite5mTokens ?? 0) + (usage.cacheWrite1hTokens ?? 0);
  const inputAudio = usage.inputAudioTokens ?? 0;
  const cachedAudio = usage.cachedAudioTokens ?? 0;
  return (
    exceeds('cached reads and writes', cacheTokens, 'inputTokens', usage.inputTokens) ??
    exceeds('input audio and images', inputAudio + (usage.inputImageTokens ?? 0), 'inputTokens', usage.inputTokens) ??
    exceeds('cachedAudioTokens', cachedAudio, 'cachedReadTokens', usage.cachedReadTokens ?? 0) ??
    exceeds('cachedAudioTokens', cachedAudio, 'inputAudioTokens', inputAudio) ??
    exceeds('reasoningTokens', usage.reasoningTokens ?? 0, 'outputTokens', usage.outputTokens) ??
    exceeds(
      'output audio and images',
      (usage.outputAudioTokens ?? 0) + (usage.outputImageTokens ?? 0),
      'outputTokens',
      usage.outputTokens,
    )
  );
}

/** Why these counts cannot bound a request; undefined when they can. */
export function boundProblem(bound: UsageBound): string | undefined {
  const { outputTokens, choices } = bound;
  return (
    countProblem('inputTokens', bound.inputTokens) ??
    (outputTokens === undefined ? undefined : countProblem('outputTokens', outputTokens)) ??
    feeProblem(bound) ??
    (choices === undefined || (Number.isInteger(choices) && choices >= 1 && choices <= MAX_CHOICES)
      ? undefined
      : `choices is ${choices}; it must be an integer from 1 to ${MAX_CHOICES}`)
  );
}

function feeProblem(bound: UsageBound): string | undefined {
  for (const count of FEE_COUNTS) {
    const problem = bound[count] === undefined ? undefined : countProblem(count, bound[count]);
    if (problem) return problem;
  }
  return undefined;
}

function countProblem(name: string, value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_USAGE_COUNT) return undefined;
  const shown = typeof value === 'number' ? String(value) : typeof value;
  return `${name} is ${shown}; it must be an integer from 0 to ${MAX_USAGE_COUNT}`;
}

function exceeds(part: string, count: number, whole: string, of: number): string | undefined {
  return count > of ? `${part} (${count}) exceed ${whole} (${of}), which includes them` : undefined;
}
