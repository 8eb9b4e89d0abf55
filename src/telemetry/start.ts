/**
 * `SPENDFUSE_OTEL=start`, for services without an OpenTelemetry SDK of their own: starts one that exports traces and
 * metrics over OTLP to where the `OTEL_*` variables say. Its packages are optional peers, required only here, and at
 * once: a first call that came before the SDK would have no span.
 */
import { createRequire } from 'node:module';

const PACKAGES = ['@opentelemetry/sdk-node', '@opentelemetry/sdk-metrics', '@opentelemetry/exporter-metrics-otlp-http'];

/** Says a message once for its cause. */
type Warn = (cause: string, message: string) => void;

/** Never throws: without its packages the service runs on, unobserved but metered. */
export function startOtel(warn: Warn): void {
  try {
    start(createRequire(import.meta.url));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    const mend = missing ? `; run: npm install ${PACKAGES.join(' ')}` : '';
    warn(
      'SPENDFUSE_OTEL',
      `SPENDFUSE_OTEL=start: OpenTelemetry did not start (${(error as Error).message.split('\n')[0]})${mend}`,
    );
  }
}

function start(require: NodeJS.Require): void {
  const { NodeSDK } = require('@opentelemetry/sdk-node') as typeof import('@opentelemetry/sdk-node');
  const metrics = require('@opentelemetry/sdk-metrics') as typeof import('@opentelemetry/sdk-metrics');
  const { OTLPMetricExporter } =
    require('@opentelemetry/exporter-metrics-otlp-http') as typeof import('@opentelemetry/exporter-metrics-otlp-http');
  const reader = new metrics.PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() });
  const sdk = new NodeSDK({ metricReaders: [reader], instrumentations: [] });
  sdk.start();
  // With the collector away the exporters try for OTEL_EXPORTER_OTLP_TIMEOUT (10 s), and the process ends after that.
  process.once('beforeExit', () => void sdk.shutdown().catch(() => undefined));
}
