/**
 * One span for each call, however many attempts it took, and the metrics of each. Telemetry may be sampled, absent or
 * broken: money does not pass through here, and nothing here may break a call.
 */
import {
  type Attributes,
  type Context,
  ProxyTracerProvider,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Attribution, Dimension } from '../domain/attribution.ts';
import type { Receipt } from '../domain/receipt.ts';
import type { Usage } from '../domain/usage.ts';
import { currentInstruments } from './instruments.ts';
import { ATTR, SCOPE_NAME } from './names.ts';
import { otelProviderName } from './provider-names.ts';

/** What is known of a call before it is sent. */
export interface CallStart {
  operation: string;
  provider: string;
  model: string;
  maxOutputTokens?: number;
  serverAddress?: string;
  serverPort?: number;
  attribution: Attribution;
}

/** What one attempt came to. */
export interface AttemptEnd {
  usage?: Usage;
  receipt?: Receipt;
  responseModel?: string;
  responseId?: string;
  finishReasons?: readonly string[];
}

export interface CallEnd {
  durationSeconds: number;
  attempts: number;
  /** `error.type`; absent for a call that was answered. */
  errorType?: string;
  /** Epoch milliseconds; absent: now. */
  endedMs?: number;
  decision?: string;
  budget?: string;
}

/** Dimensions with few values, fit for metric labels. */
const METRIC_DIMENSIONS = ['team', 'cost_center', 'project', 'environment', 'workflow', 'route'] as const;
/** Already said by GenAI attributes or the resource. */
const NOT_ON_SPANS: ReadonlySet<string> = new Set<Dimension>(['provider', 'model', 'service', 'environment']);

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
  readonly #start: CallStart;
  readonly #span: Span;
  readonly #attributes: Attributes;

  constructor(start: CallStart, parent: Context) {
    this.#start = start;
    this.#attributes = startAttributes(start);
    const options = { kind: SpanKind.CLIENT, attributes: this.#attributes };
    this.#span = theTracer().startSpan(`${start.operation} ${start.model}`, options, parent);
    if (this.#span.isRecording()) this.#span.setAttributes(spanAttributes(start));
    const spanContext = this.#span.spanContext();
    this.ids = trace.isSpanContextValid(spanContext) ? spanContext : undefined;
    // One that is not sampled counts too: what happens inside it must not be sampled either.
    this.context = this.ids ? trace.setSpan(parent, this.#span) : parent;
  }

  /** Whether anybody would see a cost. */
  get wanted(): boolean {
    return this.#span.isRecording() || currentInstruments().live;
  }

  attempt(end: AttemptEnd): void {
    const { usage, receipt, responseModel } = end;
    const attributes = { ...this.#attributes, ...(responseModel && { [ATTR.responseModel]: responseModel }) };
    const { live, tokenUsage, cost } = currentInstruments();
    if (live && usage) {
      tokenUsage.record(usage.inputTokens, { ...attributes, [ATTR.tokenType]: 'input' });
      tokenUsage.record(usage.outputTokens, { ...attributes, [ATTR.tokenType]: 'output' });
    }
    if (live && receipt) cost.add(usd(receipt), { ...attributes, ...metricAttributes(this.#start.attribution) });
    if (this.#span.isRecording()) this.#span.setAttributes(attemptAttributes(end));
  }

  end({ durationSeconds, attempts, errorType, endedMs, decision, budget }: CallEnd): void {
    const { live, operationDuration } = currentInstruments();
    const failure = errorType === undefined ? undefined : { [ATTR.errorType]: errorType };
    if (live) operationDuration.record(durationSeconds, { ...this.#attributes, ...failure });
    if (this.#span.isRecording()) {
      this.#span.setAttributes({
        ...failure,
        [ATTR.attempts]: attempts,
        ...(decision && { [ATTR.decision]: decision }),
        ...(budget && { [ATTR.budget]: budget }),
      });
      if (failure) this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span.end(endedMs);
  }
}

function startAttributes({ operation, provider, model, serverAddress, serverPort }: CallStart): Attributes {
  return {
    [ATTR.operationName]: operation,
    [ATTR.providerName]: otelProviderName(provider),
    [ATTR.requestModel]: model,
    ...(serverAddress !== undefined && { [ATTR.serverAddress]: serverAddress }),
    ...(serverPort !== undefined && { [ATTR.serverPort]: serverPort }),
  };
}

function spanAttributes({ maxOutputTokens, attribution }: CallStart): Attributes {
  const attributes: Attributes = {};
  if (maxOutputTokens !== undefined) attributes[ATTR.requestMaxTokens] = maxOutputTokens;
  for (const [dimension, value] of Object.entries(attribution)) {
    if (!NOT_ON_SPANS.has(dimension)) attributes[ATTR.attributionPrefix + dimension] = value;
  }
  return attributes;
}

function metricAttributes(attribution: Attribution): Attributes {
  const attributes: Attributes = {};
  for (const dimension of METRIC_DIMENSIONS) {
    const value = attribution[dimension];
    if (value !== undefined) attributes[ATTR.attributionPrefix + dimension] = value;
  }
  return attributes;
}

function attemptAttributes({ usage, receipt, responseModel, responseId, finishReasons }: AttemptEnd): Attributes {
  const attributes: Attributes = {};
  const set = (name: string, value: string | number | string[] | undefined): void => {
    if (value !== undefined) attributes[name] = value;
  };
  set(ATTR.responseModel, responseModel);
  set(ATTR.responseId, responseId);
  set(ATTR.responseFinishReasons, finishReasons && [...finishReasons]);
  set(ATTR.usageInputTokens, usage?.inputTokens);
  set(ATTR.usageOutputTokens, usage?.outputTokens);
  set(ATTR.usageCacheReadInputTokens, usage?.cachedReadTokens);
  set(ATTR.usageCacheCreationInputTokens, cacheWrites(usage));
  set(ATTR.usageReasoningOutputTokens, usage?.reasoningTokens);
  set(ATTR.cost, receipt && usd(receipt));
  set(ATTR.costStatus, receipt?.status);
  return attributes;
}

function cacheWrites(usage: Usage | undefined): number | undefined {
  const written = (usage?.cacheWrite5mTokens ?? 0) + (usage?.cacheWrite1hTokens ?? 0);
  return written === 0 ? undefined : written;
}

/** For people and dashboards: the ledger keeps the integer. */
function usd({ costNanoUsd }: Receipt): number {
  return Number(costNanoUsd) / 1e9;
}
