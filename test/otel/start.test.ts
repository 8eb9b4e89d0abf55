/** `SPENDFUSE_OTEL=start`, for services that have no OpenTelemetry SDK of their own. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ATTR, CLIENT_METRIC } from '../../src/telemetry/names.ts';
import { type Collector, startCollector } from './collector.ts';
import { runService, startWorld, type World } from './service.ts';
import { buildService, remove } from './workshop.ts';

let world: World;
const START = { SPENDFUSE_OTEL: 'start', OTEL_SERVICE_NAME: 'support-api' };
const CALLS = ['json', 'stream', 'retried', 'anthropic', 'denied'];

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

describe('with its packages installed', () => {
  let folder: string;
  let collector: Collector;

  beforeAll(async () => {
    folder = await buildService();
    collector = await startCollector();
    const env = { ...START, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' };
    const ran = await runService(world, { folder, calls: CALLS, env });
    expect(ran.stderr).toBe('');
  });
  afterAll(async () => {
    await collector?.stop();
    remove(folder);
  });

  test('metrics arrive at the collector with what was used, and what it cost', () => {
    const openai = { [ATTR.providerName]: 'openai', [ATTR.requestModel]: 'gpt-4.1' };
    const anthropic = { [ATTR.providerName]: 'anthropic', [ATTR.requestModel]: 'claude-haiku-4-5' };
    const tokens = collector.points(CLIENT_METRIC.tokenUsage);
    for (const [attributes, sum, count] of [
      [{ ...openai, [ATTR.tokenType]: 'input' }, 120, 3],
      [{ ...openai, [ATTR.tokenType]: 'output' }, 36, 3],
      [{ ...anthropic, [ATTR.tokenType]: 'input' }, 40, 1],
      [{ ...anthropic, [ATTR.tokenType]: 'output' }, 12, 1],
    ]) {
      expect(tokens).toContainEqual({ attributes: expect.objectContaining(attributes), sum, count });
    }
    expect(tokens).toHaveLength(4);
    const cost = collector.points(CLIENT_METRIC.cost).reduce((total, { sum }) => total + sum, 0);
    expect(cost).toBeCloseTo(3 * 0.000_152 + 0.000_085_6, 12);
    const durations = collector.points(CLIENT_METRIC.operationDuration);
    expect(durations.reduce((total, { count }) => total + count, 0)).toBe(CALLS.length);
  });

  test('the very first call has its span at the collector', () => {
    const spans = collector.spans().filter(({ scope }) => scope === 'spendfuse');
    expect(spans.map(({ attributes }) => attributes['spendfuse.workflow'])).toEqual(CALLS);
    expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(['support-api']));
  });

  test('nothing is sent anywhere else than traces and metrics go', () => {
    expect([...new Set(collector.paths)].sort()).toEqual(['/v1/metrics', '/v1/traces']);
  });

  test('a collector that is away breaks nothing', async () => {
    const env = {
      ...START,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_TIMEOUT: '300',
    };
    const { seen } = await runService(world, { folder, calls: ['json'], env });
    expect(seen.outcomes).toEqual({ json: 'ok' });
  });
});

test('without its packages it says what to install, and the service runs on, metered', async () => {
  const folder = await buildService(['openai', '@anthropic-ai/sdk', '@opentelemetry/api', '@pydantic/genai-prices']);
  try {
    world.stub.settlements.length = 0;
    const { seen, stderr } = await runService(world, { folder, calls: ['json', 'denied'], env: START });
    expect(seen.outcomes).toEqual({ json: 'ok', denied: 'refused by support-production' });
    expect(world.stub.settlements).toHaveLength(1);
    expect(seen.registered).toEqual([]);
    expect(stderr).toBe(
      "spendfuse: SPENDFUSE_OTEL=start: OpenTelemetry did not start (Cannot find module '@opentelemetry/sdk-node'); " +
        'run: npm install @opentelemetry/sdk-node @opentelemetry/sdk-metrics @opentelemetry/exporter-metrics-otlp-http\n',
    );
  } finally {
    remove(folder);
  }
});
