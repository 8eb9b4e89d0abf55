/** Mistral's SDK with its own tracing on, under an application's span: prints what the application and its exporter saw. */

import { Mistral } from '@mistralai/mistralai';
import { registerTracerProvider } from '@mistralai/mistralai/extra/observability';
import { trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { flush } from '../../../src/index.ts';

const exporter = new InMemorySpanExporter();
const sdk = new NodeSDK({ spanProcessors: [new SimpleSpanProcessor({ exporter })], instrumentations: [] });
sdk.start();
registerTracerProvider(trace.getTracerProvider());
const client = new Mistral({ apiKey: 'k', serverURL: process.env.PROVIDER });
const body = { model: 'mistral-large-latest', messages: [{ role: 'user', content: 'hi' }] };

const seen = await trace.getTracer('app').startActiveSpan('request', async (span) => {
  const { id } = await client.chat.complete(body);
  let events = 0;
  for await (const _ of await client.chat.stream(body)) events += 1;
  for await (const _ of await client.chat.stream(body, { headers: { 'x-step': 'slow' } })) break;
  span.end();
  return { id, events };
});
await flush();
const spans = exporter.getFinishedSpans().map((span) => ({
  name: span.name,
  scope: span.instrumentationScope.name,
  id: span.spanContext().spanId,
  trace: span.spanContext().traceId,
  parent: span.parentSpanContext?.spanId,
}));
console.log(JSON.stringify({ ...seen, spans }));
