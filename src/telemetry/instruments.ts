/**
 * The metrics of a service. The metrics API has no proxy: instruments made before the application's SDK starts would
 * stay deaf, so they are made again whenever the provider changes. Sums and states are told when metrics are collected.
 */
import {
  createNoopMeter,
  type Histogram,
  type Meter,
  type MeterProvider,
  metrics,
  type ObservableResult,
} from '@opentelemetry/api';
import { conventions } from './conventions.ts';
import { recordWaiting } from './measurements.ts';
import { CLIENT_METRIC, SCOPE_NAME } from './names.ts';
import { status } from './status.ts';
import { Totals } from './totals.ts';

export interface Instruments {
  /** False while no SDK listens: then there is nothing to reckon for. */
  live: boolean;
  /** Of both kinds, told apart by `gen_ai.token.type`. */
  tokenUsage: Histogram;
  /** Of calls that generate, and of the others. */
  inference: Timing;
  operation: Timing;
  /** Only where the conventions count tokens by kind. */
  inputTokens: Histogram | undefined;
  outputTokens: Histogram | undefined;
}

/** Seconds. */
export interface Timing {
  duration: Histogram;
  timeToFirstChunk: Histogram;
  timePerOutputChunk: Histogram;
}

/** As the GenAI conventions advise. */
const TOKEN_BOUNDARIES = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];
const SECOND_BOUNDARIES = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

/** In nano-USD. */
export const costs = new Totals(1e9);

/** Tokens by kind. Cached and written ones are among the input, reasoning is among the output. */
export const tokens = {
  [CLIENT_METRIC.inferenceUsageInputTokens]: new Totals(),
  [CLIENT_METRIC.inferenceUsageOutputTokens]: new Totals(),
  [CLIENT_METRIC.inferenceUsageCacheReadInputTokens]: new Totals(),
  [CLIENT_METRIC.inferenceUsageCacheWriteInputTokens]: new Totals(),
  [CLIENT_METRIC.inferenceUsageReasoningOutputTokens]: new Totals(),
} as const;

const NOOP_METER = createNoopMeter().constructor;
let provider: MeterProvider | undefined;
let instruments: Instruments | undefined;

export function currentInstruments(): Instruments {
  const now = metrics.getMeterProvider();
  if (instruments === undefined || now !== provider) {
    provider = now;
    instruments = create(now);
  }
  return instruments;
}

function create(from: MeterProvider): Instruments {
  const meter = from.getMeter(SCOPE_NAME);
  observeClient(meter);
  const { duration, timeToFirstChunk, timePerOutputChunk, countsTokensByKind } = conventions();
  const operation = timing(meter, {
    duration: CLIENT_METRIC.operationDuration,
    timeToFirstChunk: CLIENT_METRIC.operationTimeToFirstChunk,
    timePerOutputChunk: CLIENT_METRIC.operationTimePerOutputChunk,
  });
  const isSame = duration === CLIENT_METRIC.operationDuration;
  if (countsTokensByKind) observeTokens(meter);
  return {
    live: !(meter instanceof NOOP_METER),
    tokenUsage: tokenHistogram(meter, CLIENT_METRIC.tokenUsage, 'Tokens used by one request to a provider'),
    operation,
    inference: isSame ? operation : timing(meter, { duration, timeToFirstChunk, timePerOutputChunk }),
    inputTokens: countsTokensByKind
      ? tokenHistogram(meter, CLIENT_METRIC.inferenceInputTokens, 'Input tokens of one request to a provider')
      : undefined,
    outputTokens: countsTokensByKind
      ? tokenHistogram(meter, CLIENT_METRIC.inferenceOutputTokens, 'Output tokens of one request to a provider')
      : undefined,
  };
}

function timing(meter: Meter, names: Record<keyof Timing, string>): Timing {
  const seconds = (name: string, description: string): Histogram =>
    meter.createHistogram(name, {
      description,
      unit: 's',
      advice: { explicitBucketBoundaries: SECOND_BOUNDARIES },
    });
  return {
    duration: seconds(names.duration, 'Duration of a call, retries included'),
    timeToFirstChunk: seconds(names.timeToFirstChunk, 'Time from sending a request to the first chunk of its stream'),
    timePerOutputChunk: seconds(names.timePerOutputChunk, 'Time from one chunk of a stream to the next'),
  };
}

function tokenHistogram(meter: Meter, name: string, description: string): Histogram {
  return meter.createHistogram(name, {
    description,
    unit: '{token}',
    advice: { explicitBucketBoundaries: TOKEN_BOUNDARIES },
  });
}

function observeTokens(meter: Meter): void {
  for (const [name, totals] of Object.entries(tokens)) {
    const counter = meter.createObservableCounter(name, { description: 'Tokens used', unit: '{token}' });
    counter.addCallback((result: ObservableResult) => totals.observe(result));
  }
}

function observeClient(meter: Meter): void {
  const cost = meter.createObservableCounter(CLIENT_METRIC.cost, {
    description: 'Cost as the client reckons it; the ledger decides',
    unit: '{USD}',
  });
  // SDKs ask what is observed before they collect what was recorded.
  cost.addCallback((result) => {
    recordWaiting();
    costs.observe(result);
  });
  const available = meter.createObservableGauge(CLIENT_METRIC.serverAvailable, {
    description: 'Whether the spendfuse server can be reached (1) or calls are decided without it (0)',
    unit: '1',
  });
  available.addCallback((result) => {
    if (status.isServerAvailable !== undefined) result.observe(status.isServerAvailable ? 1 : 0);
  });
  const lost = meter.createObservableCounter(CLIENT_METRIC.settlementsLost, {
    description: 'Settlements dropped because the server was away for too long',
    unit: '{settlement}',
  });
  lost.addCallback((result) => result.observe(status.settlementsLost));
}
