/** OpenTelemetry at its worst: an exporter, a provider or spans and instruments that throw. */
import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

function broken() {
  throw new Error('telemetry is broken');
}

/** Whatever it is asked, it throws. */
const evil = new Proxy({}, { get: () => broken });

function tracing(tracer) {
  trace.setGlobalTracerProvider({ getTracer: () => tracer });
}

const WAYS = {
  exporter: () =>
    trace.setGlobalTracerProvider(
      new TracerProvider({
        spanProcessors: [new SimpleSpanProcessor({ exporter: { export: broken, shutdown: async () => {} } })],
      }),
    ),
  'span processor': () =>
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [{ onStart: broken, onEnd: broken }] })),
  'tracer provider': () => trace.setGlobalTracerProvider({ getTracer: broken }),
  tracer: () => tracing({ startSpan: broken }),
  span: () => tracing({ startSpan: () => evil }),
  'span when it ends': () =>
    tracing({ startSpan: () => Object.assign(Object.create(evil), { isRecording: () => true, setAttributes() {} }) }),
  'meter provider': () => metrics.setGlobalMeterProvider({ getMeter: broken }),
  instruments: () =>
    metrics.setGlobalMeterProvider({
      getMeter: () => ({ createHistogram: () => evil, createCounter: () => evil }),
    }),
};

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
WAYS[process.env.BROKEN]();
