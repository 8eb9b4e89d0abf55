/** An application's own OpenTelemetry SDK, whose exporters have nobody to send to: each span and measurement is recorded. */
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace';

const nowhere: SpanExporter = {
  export: (_spans, done) => done({ code: 0 }),
  shutdown: async () => {},
};

export function startSdk(): void {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 });
  // Spans that come faster than they are exported are dropped, as in any application.
  const spanProcessors = [new BatchSpanProcessor({ exporter: nowhere })];
  new NodeSDK({ metricReaders: [reader], spanProcessors, instrumentations: [], resourceDetectors: [] }).start();
}
