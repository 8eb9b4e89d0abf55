/** What the application asked for, and its span. */
import { type Context, context, propagation, trace } from '@opentelemetry/api';
import type { Fallback } from '../domain/evidence.ts';
import { type AttemptEnd, CallRecorder, type CallStart, isAnybodyListening } from '../telemetry/recorder.ts';
import { BAGGAGE_PREFIX } from './attribution.ts';
import { uuidv7 } from './ids.ts';
import { quietly } from './warn.ts';

/** One span, one id, however many attempts it takes. */
export class Call {
  readonly id: string;
  /** Of `performance.now`. */
  readonly startedMs = performance.now();
  readonly #parent: Context = context.active();
  #recorder: CallRecorder | undefined;
  #attempts = 0;
  #ended = false;
  /** The last attempt's, for the span. */
  decision: string | undefined;
  budget: string | undefined;
  errorType: string | undefined;
  /** What the call takes the place of; known from its first attempt on. */
  fallback: Fallback | undefined;

  constructor(id = uuidv7(Date.now())) {
    this.id = id;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get hasBegun(): boolean {
    return this.#attempts > 0;
  }

  /** Of what the application was doing when it called. */
  get parentTraceId(): string | undefined {
    return trace.getSpanContext(this.#parent)?.traceId;
  }

  get traceIds(): { traceId: string; spanId: string } | undefined {
    return this.#recorder?.ids;
  }

  get wantsCost(): boolean {
    const recorder = this.#recorder;
    return recorder !== undefined && quietly(() => recorder.wanted) === true;
  }

  /** An attempt begins. True where somebody listens who does not know the call yet: then it is to be described. */
  begins(): boolean {
    this.#attempts += 1;
    return this.#recorder === undefined && quietly(() => isAnybodyListening(this.#parent)) === true;
  }

  describe(start: CallStart): void {
    this.#recorder = quietly(() => new CallRecorder(start, this.#parent));
  }

  /** Runs what sends the attempt, with the call's span active and without our own baggage. */
  run<T>(fn: () => T): T {
    const inside = this.#recorder?.context ?? this.#parent;
    const clean = withoutOwnBaggage(inside);
    return clean === context.active() ? fn() : context.with(clean, fn);
  }

  recordAttempt(end: AttemptEnd): void {
    quietly(() => this.#recorder?.attempt(end));
  }

  /** Ends the span, once. `errorType` is the last attempt's where none is given, and the end is now. */
  end(errorType = this.errorType, endedMs?: number): void {
    if (this.#ended) return;
    this.#ended = true;
    if (!this.#recorder) return;
    const sinceEndMs = endedMs === undefined ? 0 : Date.now() - endedMs;
    const durationSeconds = Math.max(0, performance.now() - this.startedMs - sinceEndMs) / 1000;
    const { decision, budget } = this;
    quietly(() =>
      this.#recorder?.end({ durationSeconds, attempts: this.#attempts, errorType, endedMs, decision, budget }),
    );
  }
}

/** `spendfuse.*` baggage is between services; a provider has no business with it. */
function withoutOwnBaggage(inside: Context): Context {
  const baggage = propagation.getBaggage(inside);
  const own = baggage?.getAllEntries().filter(([name]) => name.startsWith(BAGGAGE_PREFIX));
  if (!baggage || !own?.length) return inside;
  return propagation.setBaggage(inside, baggage.removeEntries(...own.map(([name]) => name)));
}
