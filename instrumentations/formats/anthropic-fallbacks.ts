/** `fallbacks` (beta): models that the API itself tries, one after the other, where the one before declines. */
import type { UsageBound } from '../../src/domain/usage.ts';
import type { Rewrite } from './format.ts';
import { lowered } from './openai.ts';
import { isObject, type Json, limit, list, name } from './read.ts';

/** `default` is one recommended model. */
function fallbacksOf(body: Json): readonly unknown[] {
  return body.fallbacks === 'default' ? [{}] : list(body.fallbacks);
}

/** Each model reads the input anew and may write to its limit, and each of them may have counted before the last one served. */
export function withFallbacks<T extends Pick<UsageBound, 'inputTokens' | 'outputTokens' | 'serviceTier'>>(
  bound: T,
  body: Json,
): T {
  const fallbacks = fallbacksOf(body);
  if (fallbacks.length === 0) return bound;
  const { inputTokens, outputTokens } = bound;
  const own = fallbacks.map((one) => (isObject(one) ? limit(one.max_tokens) : undefined) ?? outputTokens ?? 0);
  const isFast = fallbacks.some((one) => isObject(one) && one.speed === 'fast');
  return {
    ...bound,
    inputTokens: inputTokens * (1 + fallbacks.length),
    ...(outputTokens !== undefined && { outputTokens: own.reduce((sum, one) => sum + one, outputTokens) }),
    ...(isFast && { serviceTier: 'fast' }),
  };
}

/** The model that served after all: a stream begins with the one that was asked for. */
export function fallbackIn(usage: Json): string | undefined {
  const served = list(usage.iterations).findLast((one) => isObject(one) && one.type === 'fallback_message');
  return isObject(served) ? name(served.model) : undefined;
}

/** With another model there are none: which ones a model may hand over to is its own, and a dearer one would undo the rewrite. */
export function rewriteFallbacks(next: Json, { model, maxOutputTokens: ceiling }: Rewrite): void {
  if (model !== undefined) delete next.fallbacks;
  else if (ceiling !== undefined && Array.isArray(next.fallbacks))
    next.fallbacks = next.fallbacks.map((one) =>
      isObject(one) && one.max_tokens !== undefined ? { ...one, max_tokens: lowered(one.max_tokens, ceiling) } : one,
    );
}
