/**
 * `SPENDFUSE_OTEL=start`, for services without an OpenTelemetry SDK of their own: starts one that exports traces and
 * metrics over OTLP to where the `OTEL_*` variables say. Its packages are optional peers, imported only here.
 */

const PACKAGES = ['@opentelemetry/sdk-node', '@opentelemetry/sdk-metrics', '@opentelemetry/exporter-metrics-otlp-http'];
const LAST_EXPORT_MS = 1_000;

/** Says a message once for its cause. */
type Warn = (cause: string, message: string) => void;

/** Never rejects: without its packages the service runs on, unobserved but metered. */
export async function startOtel(warn: Warn): Promise<void> {
  try {
    const [{ NodeSDK }, { PeriodicExportingMetricReader }, { OTLPMetricExporter }] = await Promise.all([
      import('@opentelemetry/sdk-node'),
      import('@opentelemetry/sdk-metrics'),
      import('@opentelemetry/exporter-metrics-otlp-http'),
    ]);
    const reader = new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() });
    const sdk = new NodeSDK({ metricReaders: [reader], instrumentations: [] });
    sdk.start();
    process.once('beforeExit', () => {
      const late = new Promise((resolve) => setTimeout(resolve, LAST_EXPORT_MS).unref());
      void Promise.race([sdk.shutdown(), late]).catch(() => undefined);
    });
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    const mend = missing ? `; run: npm install ${PACKAGES.join(' ')}` : '';
    warn(
      'SPENDFUSE_OTEL',
      `SPENDFUSE_OTEL=start: OpenTelemetry did not start (${(error as Error).message.split('\n')[0]})${mend}`,
    );
  }
}
