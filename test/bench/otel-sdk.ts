/** An application's own OpenTelemetry SDK, whose exporters have nobody to send to: each span and measurement is recorded. */
import { createRequire } from 'node:module';

type Metrics = typeof import('@opentelemetry/sdk-metrics');
type Sdk = typeof import('@opentelemetry/sdk-node');
type Trace = typeof import('@opentelemetry/sdk-trace');

export interface StartedSdk {
  /** Spans that have ended until now. */
  ended(): Promise<number>;
}

/** `require`: where its packages are installed. */
export function startSdk(require = createRequire(import.meta.url)): StartedSdk {
  const { NodeSDK } = require('@opentelemetry/sdk-node') as Sdk;
  const { BatchSpanProcessor } = require('@opentelemetry/sdk-trace') as Trace;
  const { AggregationTemporality, InMemoryMetricExporter, PeriodicExportingMetricReader } =
    require('@opentelemetry/sdk-metrics') as Metrics;
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 });
  let exported = 0;
  // Spans that come faster than they are exported are dropped, as in any application.
  const processor = new BatchSpanProcessor({
    exporter: {
      export(spans, done) {
        exported += spans.length;
        done({ code: 0 });
      },
      shutdown: async () => {},
    },
  });
  new NodeSDK({
    metricReaders: [reader],
    spanProcessors: [processor],
    instrumentations: [],
    resourceDetectors: [],
  }).start();
  return {
    async ended() {
      await processor.forceFlush();
      return exported;
    },
  };
}
