/**
 * The metrics of a service. The metrics API has no proxy: instruments made before the application's SDK starts would
 * stay deaf, so they are made again whenever the provider changes.
 */
import {
  type Counter,
  createNoopMeter,
  type Histogram,
  type Meter,
  type MeterProvider,
  metrics,
} from '@opentelemetry/api';
import { CLIENT_METRIC, SCOPE_NAME } from './names.ts';
import { status } from './status.ts';

export interface Instruments {
  /** False while no SDK listens: then there is nothing to reckon for. */
  live: boolean;
  tokenUsage: Histogram;
  operationDuration: Histogram;
  cost: Counter;
}

/** As the GenAI conventions advise. */
const TOKEN_BOUNDARIES = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];
const SECOND_BOUNDARIES = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

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
  observe(meter);
  return {
    live: !(meter instanceof NOOP_METER),
    tokenUsage: meter.createHistogram(CLIENT_METRIC.tokenUsage, {
      description: 'Tokens used by one request to a provider',
      unit: '{token}',
      advice: { explicitBucketBoundaries: TOKEN_BOUNDARIES },
    }),
    operationDuration: meter.createHistogram(CLIENT_METRIC.operationDuration, {
      description: 'Duration of a call, retries included',
      unit: 's',
      advice: { explicitBucketBoundaries: SECOND_BOUNDARIES },
    }),
    cost: meter.createCounter(CLIENT_METRIC.cost, {
      description: 'Cost as the client reckons it; the ledger decides',
      unit: '{USD}',
    }),
  };
}

function observe(meter: Meter): void {
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
