/**
 * One span for each call, however many attempts it took, and the metrics of each. Telemetry may be sampled, absent or
 * broken: money does not pass through here, and nothing here may break a call.
 */
import {
  type Attributes,
  type Context,
  ProxyTracerProvider,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Attribution } from '../domain/attribution.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { Receipt } from '../domain/receipt.ts';
import type { Usage } from '../domain/usage.ts';
import { currentInstruments, type Instruments } from './instruments.ts';
import { measure, throwFailure } from './measurements.ts';
import { ATTR, SCOPE_NAME } from './names.ts';
import { isSdkSpanAround } from './sdk-span.ts';
import { type Kind, type Series, type Served, seriesOf } from './series.ts';
import { addAttempt, requestAttributes } from './span-attributes.ts';
import { countTokens } from './token-counters.ts';

/** What is known of a call before it is sent. */
export interface CallStart extends Kind {
  maxOutputTokens?: number | undefined;
  /** Answers that were asked for, where it is not 1. */
  choices?: number | undefined;
  stream?: boolean;
  attribution: Attribution;
  /** The request; its settings are read at once, and it is not kept. */
  body?: object;
}

/** What one attempt came to. */
export interface AttemptEnd {
  usage?: Usage | undefined;
  receipt?: Receipt;
  responseModel?: string;
  responseId?: string;
  finishReasons?: readonly string[];
  evidence?: Evidence;
  /** Seconds from its sending; of streams only. */
  timeToFirstChunk?: number;
  /** When each chunk came, in milliseconds of one clock; only where each is to be told. */
  chunksMs?: readonly number[];
}

export interface CallEnd {
  durationSeconds: number;
  attempts: number;
  /** `error.type`; undefined for a call that was answered. */
  errorType: string | undefined;
  /** Epoch milliseconds; undefined: now. */
  endedMs: number | undefined;
  decision: string | undefined;
  budget: string | undefined;
}

let tracer: Tracer | undefined;

/** Fetched at the first call; the API's proxy finds an SDK that starts later still. */
function theTracer(): Tracer {
  tracer ??= trace.getTracer(SCOPE_NAME);
  return tracer;
}

const NOBODY = new ProxyTracerProvider().getDelegate();

/**
 * Whether a span or a metric would reach anybody. Asked for each call, so that an SDK that starts later is heard of; a
 * parent without an SDK (a context manager alone) still gives the call its trace id.
 */
export function isAnybodyListening(parent: Context): boolean {
  const provider = trace.getTracerProvider();
  const isTraced = !(provider instanceof ProxyTracerProvider && provider.getDelegate() === NOBODY);
  return isTraced || currentInstruments().live || trace.getSpanContext(parent) !== undefined;
}

export class CallRecorder {
  /** The context that the attempts are sent in: its span is the call's. */
  readonly context: Context;
  /** Undefined without an SDK. */
  readonly ids: { traceId: string; spanId: string } | undefined;
  readonly #attribution: Attribution;
  readonly #provider: string;
  readonly #series: Series;
  readonly #span: Span;
  /** Set on the span at its end, all at once; undefined for a span that nobody records. */
  readonly #said: Attributes | undefined;
  /** The AI SDK's own span, around this one, tells the usage. */
  readonly #saysNoUsage: boolean;
  #served: Served;
  #hasTokens = false;

  constructor(start: CallStart, parent: Context) {
    this.#attribution = start.attribution;
    this.#provider = start.provider;
    this.#series = seriesOf(start);
    this.#served = this.#series.served(undefined);
    this.#span = theTracer().startSpan(this.#series.spanName, this.#series.spanOptions, parent);
    this.#saysNoUsage = isSdkSpanAround(parent);
    if (this.#span.isRecording()) this.#said = requestAttributes(start);
    const spanContext = this.#span.spanContext();
    this.ids = trace.isSpanContextValid(spanContext) ? spanContext : undefined;
    // One that is not sampled counts too: what happens inside it must not be sampled either.
    this.context = this.ids ? trace.setSpan(parent, this.#span) : parent;
  }

  /** Whether anybody would see a cost. */
  get wanted(): boolean {
    return this.#said !== undefined || currentInstruments().live;
  }

  attempt(end: AttemptEnd): void {
    this.#served = this.#series.served(end.responseModel);
    if (this.#said) addAttempt(this.#said, this.#saysNoUsage ? { ...end, usage: undefined } : end, this.#provider);
    const instruments = currentInstruments();
    if (!instruments.live) return;
    if (end.usage) this.#countTokens(instruments, end.usage);
    if (end.receipt) this.#served.cost(this.#attribution).value += Number(end.receipt.costNanoUsd);
    if (end.timeToFirstChunk !== undefined) this.#timeChunks(instruments, end.timeToFirstChunk, end.chunksMs);
  }

  #countTokens({ tokenUsage, inputTokens, outputTokens }: Instruments, usage: Usage): void {
    const { attributes, input, output } = this.#served;
    this.#hasTokens = true;
    if (!inputTokens || !outputTokens || !this.#series.isInference) {
      measure(tokenUsage, usage.inputTokens, input, this.context);
      measure(tokenUsage, usage.outputTokens, output, this.context);
      return;
    }
    measure(inputTokens, usage.inputTokens, attributes, this.context);
    measure(outputTokens, usage.outputTokens, attributes, this.context);
    countTokens(this.#served, usage);
  }

  #timeChunks(instruments: Instruments, timeToFirst: number, chunksMs: readonly number[] = []): void {
    const { timeToFirstChunk, timePerOutputChunk } = this.#series.timing(instruments);
    const { attributes } = this.#served;
    measure(timeToFirstChunk, timeToFirst, attributes, this.context);
    for (let at = 1; at < chunksMs.length; at++) {
      measure(timePerOutputChunk, (chunksMs[at]! - chunksMs[at - 1]!) / 1000, attributes, this.context);
    }
  }

  end({ durationSeconds, attempts, errorType, endedMs, decision, budget }: CallEnd): void {
    const instruments = currentInstruments();
    if (instruments.live) {
      const { duration } = this.#series.timing(instruments);
      measure(duration, durationSeconds, this.#served.ended(errorType), this.context);
      const countsThem = instruments.inputTokens !== undefined && this.#series.isInference;
      if (countsThem && !this.#hasTokens) countTokens(this.#served, undefined);
    }
    const said = this.#said;
    if (said) {
      said[ATTR.attempts] = attempts;
      if (decision) said[ATTR.decision] = decision;
      if (budget) said[ATTR.budget] = budget;
      if (errorType !== undefined) {
        said[ATTR.errorType] = errorType;
        this.#span.setStatus({ code: SpanStatusCode.ERROR });
      }
      this.#span.setAttributes(said);
    }
    this.#span.end(endedMs);
    throwFailure();
  }
}
