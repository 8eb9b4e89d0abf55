/** The application's own OpenTelemetry SDK, with exporters in memory; `globalThis.readTelemetry` tells what they hold. */
import { register } from 'node:module';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { AlwaysOffSampler, AlwaysOnSampler, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { plainMetrics, plainSpan } from './plain.mjs';

const spans = new InMemorySpanExporter();
const numbers = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: numbers, exportIntervalMillis: 3_600_000 });

/** With `AUTO`, everything that auto-instrumentations-node has, the noisiest included. */
async function instrumentations() {
  if (!process.env.AUTO) return [];
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
  const { getNodeAutoInstrumentations } = await import('@opentelemetry/auto-instrumentations-node');
  const noisy = ['net', 'dns'].map((name) => [`@opentelemetry/instrumentation-${name}`, { enabled: true }]);
  return getNodeAutoInstrumentations(Object.fromEntries(noisy));
}

new NodeSDK({
  spanProcessors: [new SimpleSpanProcessor({ exporter: spans })],
  metricReaders: [reader],
  sampler: process.env.SAMPLER === 'off' ? new AlwaysOffSampler() : new AlwaysOnSampler(),
  instrumentations: await instrumentations(),
}).start();

globalThis.readTelemetry = async () => {
  await reader.forceFlush();
  return { spans: spans.getFinishedSpans().map(plainSpan), metrics: plainMetrics(numbers.getMetrics().at(-1)) };
};
