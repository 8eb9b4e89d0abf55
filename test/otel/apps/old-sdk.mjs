/** The SDK of the 1.9 days: its tracing and metrics, registered as its documentation says. */
import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { plainMetrics, plainSpan } from './plain.mjs';

const spans = new InMemorySpanExporter();
const numbers = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: numbers, exportIntervalMillis: 3_600_000 });

new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }).register();
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

globalThis.readTelemetry = async () => {
  await reader.forceFlush();
  return { spans: spans.getFinishedSpans().map(plainSpan), metrics: plainMetrics(numbers.getMetrics().at(-1)) };
};
