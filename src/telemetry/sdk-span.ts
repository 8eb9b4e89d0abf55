/**
 * AI SDKs that make spans of their own, around ours, once the application has a tracer provider. What theirs says of usage
 * ours does not say again: who adds up the spans of a trace would count it twice.
 */
import { type Context, trace } from '@opentelemetry/api';

/** Names of their tracers. */
const SCOPES: ReadonlySet<string> = new Set(['com.anthropic.sdk.typescript', 'mistralai_sdk_tracer']);

/** As SDKs of OpenTelemetry 2 and 3, and of 1, say who made a span; the API does not. */
interface MadeBy {
  instrumentationScope?: { name?: string };
  instrumentationLibrary?: { name?: string };
}

/** Whether the span around a call is the AI SDK's own of that call, and recorded. */
export function isSdkSpanAround(parent: Context): boolean {
  const span = trace.getSpan(parent);
  if (!span?.isRecording()) return false;
  const { instrumentationScope, instrumentationLibrary } = span as MadeBy;
  const name = (instrumentationScope ?? instrumentationLibrary)?.name;
  return name !== undefined && SCOPES.has(name);
}
