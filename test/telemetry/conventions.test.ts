/** What a call is called, in each edition of the conventions. */
import type { Histogram } from '@opentelemetry/sdk-metrics';
import { describe, expect, test } from 'vitest';
import { EDITIONS } from '../../src/telemetry/conventions.ts';
import { CLIENT_METRIC } from '../../src/telemetry/names.ts';
import { record, type Told } from './sdk.ts';

const usage = {
  inputTokens: 300,
  cachedReadTokens: 40,
  cacheWrite5mTokens: 20,
  cacheWrite1hTokens: 5,
  outputTokens: 90,
  reasoningTokens: 30,
  inputAudioTokens: 100,
  inputImageTokens: 50,
  serviceTier: 'flex',
};
const receipt = { costNanoUsd: 1_500_000n, status: 'exact' } as never;
const stream = { timeToFirstChunk: 0.25, chunksMs: [100, 130, 190] };

const metricNames = ({ points }: Told, model: string): string[] =>
  [
    ...new Set(
      points.filter((point) => point.attributes['gen_ai.request.model'] === model).map((point) => point.metric),
    ),
  ].sort();

const RELEASED = {
  span: { 'gen_ai.usage.cache_creation.input_tokens': 25 },
  not: ['gen_ai.usage.cache_write.input_tokens', 'gen_ai.usage.audio.input_tokens', 'gen_ai.usage.cost.amount'],
  metrics: [
    'gen_ai.client.operation.duration',
    'gen_ai.client.operation.time_to_first_chunk',
    'gen_ai.client.token.usage',
    'spendfuse.client.cost',
  ],
};
const LATEST = {
  span: {
    'gen_ai.usage.cache_write.input_tokens': 25,
    'gen_ai.usage.audio.input_tokens': 100,
    'gen_ai.usage.image.input_tokens': 50,
  },
  not: ['gen_ai.usage.cache_creation.input_tokens', 'gen_ai.usage.cost.amount'],
  metrics: [
    'gen_ai.client.inference.duration',
    'gen_ai.client.inference.operation.input_tokens',
    'gen_ai.client.inference.operation.output_tokens',
    'gen_ai.client.inference.time_to_first_chunk',
    'gen_ai.client.inference.usage.cache_read.input_tokens',
    'gen_ai.client.inference.usage.cache_write.input_tokens',
    'gen_ai.client.inference.usage.input_tokens',
    'gen_ai.client.inference.usage.output_tokens',
    'gen_ai.client.inference.usage.reasoning.output_tokens',
    'spendfuse.client.cost',
  ],
};
const EXPECTED = {
  released: RELEASED,
  latest: LATEST,
  proposed: {
    ...LATEST,
    span: {
      ...LATEST.span,
      'gen_ai.usage.cost.amount': 0.0015,
      'gen_ai.usage.cost.currency': 'USD',
      'gen_ai.usage.cost.source': 'local',
    },
    not: ['gen_ai.usage.cache_creation.input_tokens'],
  },
};

describe.each(EDITIONS)('the %s names', (names) => {
  const { span, not, metrics } = EXPECTED[names];
  const model = `model of ${names}`;
  const calls = [{ start: { model }, attempts: [{ usage, receipt, timeToFirstChunk: 0.25 }] }];

  test('are those of the span', async () => {
    const [only] = (await record({ names, calls })).spans;
    expect(only?.attributes).toMatchObject({
      ...span,
      'gen_ai.usage.input_tokens': 300,
      'gen_ai.usage.output_tokens': 90,
      'gen_ai.usage.cache_read.input_tokens': 40,
      'gen_ai.usage.reasoning.output_tokens': 30,
      'gen_ai.response.time_to_first_chunk': 0.25,
      'openai.response.service_tier': 'flex',
      'spendfuse.cost': 0.0015,
    });
    for (const name of not) expect(only?.attributes).not.toHaveProperty([name]);
  });

  test('are those of the metrics, and no others', async () => {
    expect(metricNames(await record({ names, calls }), model)).toEqual(metrics);
  });

  test.each(['embeddings', 'rerank'])('leave the metrics of %s as they were released', async (operation) => {
    const other = `${operation} of ${names}`;
    const told = await record({ names, calls: [{ start: { model: other, operation }, attempts: [{ usage }] }] });
    expect(metricNames(told, other)).toEqual(['gen_ai.client.operation.duration', 'gen_ai.client.token.usage']);
  });
});

test('the latest names count tokens by kind and by what they were', async () => {
  const told = await record({ names: 'latest', calls: [{ start: { model: 'counted' }, attempts: [{ usage }] }] });
  const counted = told.points
    .filter(({ metric, attributes }) => metric.includes('.usage.') && attributes['gen_ai.request.model'] === 'counted')
    .map(({ metric, attributes, value }) => [metric.split('.usage.')[1], attributes['gen_ai.token.modality'], value]);
  expect(counted.sort()).toEqual([
    ['cache_read.input_tokens', 'unknown', 40],
    ['cache_write.input_tokens', 'unknown', 25],
    ['input_tokens', 'audio', 100],
    ['input_tokens', 'image', 50],
    ['input_tokens', 'text', 150],
    ['output_tokens', 'unknown', 90],
    ['reasoning.output_tokens', 'text', 30],
  ]);
});

test('the latest names count a call without usage as 0 tokens', async () => {
  const calls = [{ start: { model: 'failed' }, end: { errorType: '500' } }];
  const told = await record({ names: 'latest', calls });
  const counted = told.points.filter(
    ({ metric, attributes }) => metric.includes('.usage.') && attributes['gen_ai.request.model'] === 'failed',
  );
  expect(counted.map(({ attributes, value }) => [attributes['gen_ai.token.modality'], value])).toEqual([
    ['unknown', 0],
    ['unknown', 0],
  ]);
});

const BUCKETS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

test('times have the bucket boundaries that the conventions advise', async () => {
  const { points } = await record({ everyChunk: true, calls: [{ attempts: [{ usage, ...stream }] }] });
  const times = points.filter(({ metric }) => metric.startsWith('gen_ai.client.operation.'));
  expect(times.map(({ metric }) => metric).sort()).toEqual([
    CLIENT_METRIC.operationDuration,
    CLIENT_METRIC.operationTimePerOutputChunk,
    CLIENT_METRIC.operationTimeToFirstChunk,
  ]);
  for (const { value } of times) expect((value as Histogram).buckets.boundaries).toEqual(BUCKETS);
});

test('each chunk after the first is timed where that is asked for', async () => {
  const { points } = await record({ everyChunk: true, calls: [{ attempts: [stream] }] });
  const { value } = points.find(({ metric }) => metric === CLIENT_METRIC.operationTimePerOutputChunk)!;
  expect(value).toMatchObject({ count: 2, sum: expect.closeTo(0.09, 9), min: expect.closeTo(0.03, 9) });
});
