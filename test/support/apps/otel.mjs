/**
 * Calls under an OpenTelemetry SDK that starts `SDK=before` the first call, `after` it, or not at all (`none`). Prints
 * spans, metrics and what is registered globally.
 */
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import OpenAI from 'openai';
import { BudgetExceededError, withAttribution } from '../../../src/index.ts';

const client = new OpenAI({ apiKey: 'k', baseURL: `${process.env.PROVIDER}/v1` });
const body = { model: 'gpt-4.1', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] };
const create = (more, step = 'ok') =>
  client.chat.completions.create({ ...body, ...more }, { headers: { 'x-step': step } });

const spanExporter = new InMemorySpanExporter();
const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const sdk = new NodeSDK({
  spanProcessors: [new SimpleSpanProcessor({ exporter: spanExporter })],
  metricReaders: [new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 600_000 })],
  instrumentations: [],
});
const order = process.env.SDK;
if (order === 'before') sdk.start();
else await create({});
if (order === 'after') sdk.start();

await withAttribution({ team: 'support' }, () =>
  trace.getTracer('app').startActiveSpan('parent', async (parent) => {
    await create({});
    await create({}, '429');
    for await (const _ of await create({ stream: true }));
    for await (const _ of await create({ stream: true }, 'slow')) break;
    await create({}, '400').catch(() => undefined);
    await create({ model: 'denied' }).catch((error) => error instanceof BudgetExceededError);
    parent.end();
  }),
);
const baggage = propagation.createBaggage({ 'spendfuse.workflow': { value: 'nightly' }, other: { value: 'kept' } });
await context.with(propagation.setBaggage(context.active(), baggage), async () => {
  const headers = {};
  propagation.inject(context.active(), headers);
  await client.chat.completions.create(body, { headers });
});

await metrics.getMeterProvider().forceFlush?.();
await trace.getTracerProvider().getDelegate?.().forceFlush?.();
const spans = spanExporter.getFinishedSpans();
const points =
  metricExporter
    .getMetrics()
    .at(-1)
    ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
console.log(
  JSON.stringify({
    spans: spans.map((span) => ({
      name: span.name,
      kind: span.kind,
      parent: span.parentSpanContext?.spanId,
      id: span.spanContext().spanId,
      status: span.status.code,
      attributes: span.attributes,
    })),
    metrics: points.map(({ descriptor, dataPoints }) => ({
      name: descriptor.name,
      unit: descriptor.unit,
      points: dataPoints.map(({ attributes, value }) => ({ attributes, value })),
    })),
    registered: Object.keys(globalThis[Symbol.for('opentelemetry.js.api.1')] ?? {}).sort(),
  }),
);
if (order !== 'none') await sdk.shutdown().catch(() => undefined);
