/** An OpenTelemetry SDK in this process, and what it was told. */
import { context, metrics, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { configureTelemetry, type Edition } from '../../src/telemetry/conventions.ts';
import { type AttemptEnd, type CallEnd, CallRecorder, type CallStart } from '../../src/telemetry/recorder.ts';

export interface Told {
  spans: readonly ReadableSpan[];
  points: { metric: string; attributes: Record<string, unknown>; value: number | Histogram }[];
}

const spans = new InMemorySpanExporter();
// The API hands out the first provider for good, so there is one for all.
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] }));

const START: CallStart = {
  operation: 'chat',
  provider: 'openai',
  model: 'gpt-4.1',
  serverAddress: 'api.openai.com',
  serverPort: 443,
  attribution: { service: 'api', team: 'support' },
};
const END: CallEnd = {
  durationSeconds: 1.5,
  attempts: 1,
  errorType: undefined,
  endedMs: undefined,
  decision: 'allow',
  budget: undefined,
};

export interface Calls {
  names?: Edition;
  everyChunk?: boolean;
  calls: { start?: Partial<CallStart>; attempts?: AttemptEnd[]; end?: Partial<CallEnd> }[];
}

/** Records calls under a meter provider of their own. Sums go on from call to call, as in a process. */
export async function record({ names = 'released', everyChunk = false, calls }: Calls): Promise<Told> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  metrics.disable();
  metrics.setGlobalMeterProvider(provider);
  configureTelemetry({ names, everyChunk });
  spans.reset();
  for (const { start, attempts = [], end } of calls) {
    const recorder = new CallRecorder({ ...START, ...start }, context.active());
    for (const attempt of attempts) recorder.attempt(attempt);
    recorder.end({ ...END, ...end });
  }
  await provider.forceFlush();
  const collected =
    exporter
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
  const points = collected.flatMap(({ descriptor, dataPoints }) =>
    dataPoints.map(({ attributes, value }) => ({ metric: descriptor.name, attributes, value })),
  );
  await provider.shutdown();
  return { spans: spans.getFinishedSpans(), points: points as Told['points'] };
}
