/**
 * A fallback: a call to another model or provider after a call of the same kind failed (an error, a timeout, a denial) in
 * the same context. A retry on the same model is none, and neither is what a budget rewrote.
 *
 * Which calls belong together is told by what is around both, from the inside out: each `withAttribution`, then the request
 * that this process is serving, else the trace, else the process itself while its calls come one after the other. A
 * failure is known to all of them, is taken once, and is void for those in which a call of its kind has succeeded since:
 *
 *   failed ──▶ known ──▶ taken by the first call to something else
 *                └─────▶ void: a later call succeeded, or a minute has passed
 *
 * While nothing has failed, all of this is one comparison for each call.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { Operation } from '../../instrumentations/formats/format.ts';
import type { Fallback } from '../domain/evidence.ts';
import type { DurationMs } from '../domain/time.ts';
import type { End } from './meter.ts';
import { type Scope, shared } from './shared.ts';

/** What was asked for. */
export interface Target {
  provider: string;
  model: string;
  operation: Operation;
}

interface Failure {
  kind: string;
  provider: string;
  model: string;
  attemptId: string;
  reason: string;
  atMs: number;
  order: number;
  taken: boolean;
  /** It was a fallback itself. */
  origin: Fallback | undefined;
}

/** A scope, a trace id, or the process. */
type Context = Scope | string;

const PROCESS = 'process';
/** Whoever waits longer before the next provider is asked has another reason to ask it. */
const COUNTS_MS: DurationMs = 60_000;
/** Contexts that a failure is known to, and failures of one: bounds for a provider that is down for everybody. */
const MOST = { contexts: 1024, failures: 32 };

export class Fallbacks {
  readonly #known = new Map<Context, Failure[]>();
  #order = 0;

  /** Nothing has failed lately: nobody need ask. */
  get isQuiet(): boolean {
    return this.#known.size === 0;
  }

  /** Rises with each failure. */
  get order(): number {
    return this.#order;
  }

  failed(
    contexts: readonly Context[],
    target: Target,
    why: Pick<Failure, 'attemptId' | 'reason' | 'origin'>,
    nowMs: number,
  ): void {
    const { provider, model, operation } = target;
    this.#order += 1;
    const failure = { kind: kindOf(operation), provider, model, ...why, atMs: nowMs, order: this.#order, taken: false };
    this.#forget(nowMs);
    for (const context of contexts) {
      const failures = this.#known.get(context) ?? [];
      failures.push(failure);
      if (failures.length > MOST.failures) failures.shift();
      // The newest contexts are the last of the map, so that the oldest go first.
      this.#known.delete(context);
      this.#known.set(context, failures);
    }
  }

  /** `since`: the order when the call began that succeeded. */
  succeeded(contexts: readonly Context[], operation: Operation, since: number): void {
    const kind = kindOf(operation);
    for (const context of contexts) {
      this.#keep(context, (failure) => failure.kind !== kind || failure.order > since);
    }
  }

  /** What a call to this takes the place of, which the application made at `calledMs`. */
  take(contexts: readonly Context[], { provider, model, operation }: Target, calledMs: number): Fallback | undefined {
    const kind = kindOf(operation);
    this.#forget(calledMs);
    for (const context of contexts) {
      const failures = this.#known.get(context) ?? [];
      for (let at = failures.length - 1; at >= 0; at--) {
        const failure = failures[at]!;
        if (failure.taken || failure.kind !== kind || !isBefore(failure.atMs, calledMs)) continue;
        const isRetry = failure.provider === provider && failure.model === model;
        if (isRetry && failure.origin) return failure.origin;
        if (isRetry) continue;
        failure.taken = true;
        return originOf(failure);
      }
    }
    return undefined;
  }

  #forget(nowMs: number): void {
    for (const [context, failures] of this.#known) {
      const isOld = nowMs - failures.at(-1)!.atMs > COUNTS_MS;
      if (!isOld && this.#known.size < MOST.contexts) return;
      this.#known.delete(context);
    }
  }

  #keep(context: Context, wanted: (failure: Failure) => boolean): void {
    const failures = this.#known.get(context);
    if (!failures) return;
    const kept = failures.filter(wanted);
    if (kept.length === 0) this.#known.delete(context);
    else if (kept.length < failures.length) this.#known.set(context, kept);
  }
}

function isBefore(failedMs: number, calledMs: number): boolean {
  return failedMs <= calledMs && calledMs - failedMs <= COUNTS_MS;
}

function originOf({ provider, model, attemptId, reason }: Failure): Fallback {
  return { by: 'application', provider, model, attemptId, reason };
}

/** Text is text, by whichever of the providers' ways it is asked for. */
function kindOf(operation: Operation): string {
  return operation === 'text_completion' || operation === 'generate_content' ? 'chat' : operation;
}

/** Why a call to something else would be a fallback; undefined where it would not, because the caller wanted this end. */
export function reasonOf(end: End, signal: AbortSignal | undefined): string | undefined {
  switch (end.kind) {
    case 'answered':
      return end.facts.error;
    case 'broken':
      return end.by === 'error' ? end.errorType : isTimeout(signal) ? 'timeout' : undefined;
    case 'rejected':
      return String(end.httpStatus);
    default:
      return undefined;
  }
}

/** An abort that the caller did not ask for is the SDK's own timeout. */
export function failureOf(errorType: string, signal: AbortSignal | undefined): string | undefined {
  if (errorType !== 'AbortError' && errorType !== 'TimeoutError') return errorType;
  return signal?.aborted && !isTimeout(signal) ? undefined : 'timeout';
}

function isTimeout(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true && (signal.reason as Error | undefined)?.name === 'TimeoutError';
}

/** What is around this call, from the inside out. `isAlone`: no other call of the process is under way. */
export function contextsAround(traceId: string | undefined, isAlone: boolean): Context[] {
  const contexts: Context[] = [];
  let scope = shared.scopes.getStore();
  for (; scope; scope = scope.outer) {
    contexts.push(scope);
    if (scope.isRequest) return contexts;
  }
  if (traceId !== undefined) contexts.push(traceId);
  else if (isAlone) contexts.push(PROCESS);
  return contexts;
}

/** Each request that this process serves over node:http is a scope of its own; what was said around the server holds on. */
export function scopeRequests(): void {
  subscribe('http.server.request.start', () => {
    const attribution = shared.scopes.getStore()?.attribution;
    shared.scopes.enterWith({ isRequest: true, depth: 0, ...(attribution && { attribution }) });
  });
}
