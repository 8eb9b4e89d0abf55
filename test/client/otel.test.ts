/** OpenTelemetry manners: whichever SDK loads first, its own one, or none at all. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ATTR, CLIENT_METRIC } from '../../src/telemetry/names.ts';
import { readBody, startProvider, stop, type TestProvider } from '../support/provider.ts';
import { REGISTER, runApp } from '../support/run-app.ts';
import { allow, deny, type StubServer, startStub } from '../support/stub-server.ts';

interface Span {
  name: string;
  kind: number;
  parent?: string;
  id: string;
  status: number;
  attributes: Record<string, unknown>;
}
interface Told {
  spans: Span[];
  metrics: { name: string; unit: string; points: { attributes: Record<string, unknown>; value: unknown }[] }[];
  registered: string[];
}

const app = (name: string): string => fileURLToPath(new URL(`../support/apps/${name}`, import.meta.url));

let provider: TestProvider;
let stub: StubServer;

beforeAll(async () => {
  provider = await startProvider();
  stub = await startStub();
  stub.decide = (request) => (request.model === 'denied' ? deny() : allow(request));
});
afterAll(async () => {
  await provider.stop();
  await stub.stop();
});

async function run(SDK: string, more: Record<string, string> = {}): Promise<Told & { stderr: string }> {
  const env = {
    ...more,
    PROVIDER: provider.url,
    SPENDFUSE_ENDPOINT: stub.url,
    SPENDFUSE_ACCEPT_BAGGAGE: 'workflow',
    SDK,
  };
  const ran = await runApp({ args: ['--import', REGISTER, app('otel.mjs')], env });
  return { ...(ran.json as Told), stderr: ran.stderr };
}

describe.each([{ when: 'before' }, { when: 'after' }])('an SDK that starts $when the first call', ({ when }) => {
  let told: Told;
  let calls: Span[];

  beforeAll(async () => {
    provider.seen.length = 0;
    told = await run(when);
    const parent = told.spans.find((span) => span.name === 'parent');
    calls = told.spans.filter((span) => span.parent !== undefined && span.parent === parent?.id);
  });

  test('gets one client span for each call, with its retries, under the caller’s span', () => {
    const brief = calls.map(({ name, kind, status, attributes }) => [
      name,
      kind,
      status,
      attributes[ATTR.attempts],
      attributes[ATTR.errorType],
    ]);
    expect(brief).toEqual([
      ['chat gpt-4.1', 2, 0, 1, undefined],
      ['chat gpt-4.1', 2, 0, 2, undefined],
      ['chat gpt-4.1', 2, 0, 1, undefined],
      ['chat gpt-4.1', 2, 2, 1, 'aborted'],
      ['chat gpt-4.1', 2, 2, 1, '400'],
      ['chat denied', 2, 2, 1, 'budget_exceeded'],
    ]);
  });

  test('gets usage, cost and attribution on the span', () => {
    expect(calls[0]?.attributes).toMatchObject({
      [ATTR.operationName]: 'chat',
      [ATTR.providerName]: 'openai',
      [ATTR.requestModel]: 'gpt-4.1',
      [ATTR.requestMaxTokens]: 100,
      [ATTR.responseModel]: 'gpt-4.1',
      [ATTR.responseId]: 'chatcmpl-1',
      [ATTR.responseFinishReasons]: ['stop'],
      [ATTR.usageInputTokens]: 40,
      [ATTR.usageCacheReadInputTokens]: 16,
      [ATTR.usageOutputTokens]: 12,
      [ATTR.usageReasoningOutputTokens]: 4,
      // 24 × 2 + 16 × 0.5 + 12 × 8 USD a million.
      [ATTR.cost]: 0.000152,
      [ATTR.costStatus]: 'exact',
      'spendfuse.team': 'support',
      [ATTR.decision]: 'allow',
    });
    expect(calls[3]?.attributes[ATTR.costStatus]).toBe('estimated');
    expect(calls[5]?.attributes[ATTR.budget]).toBe('support-production');
  });

  test('is told of a stream when its first chunk was read, and of other calls nothing of the kind', () => {
    const [json, , whole, broken] = calls.map(({ attributes }) => attributes);
    for (const stream of [whole, broken]) {
      expect(stream?.[ATTR.requestStream]).toBe(true);
      expect(stream?.[ATTR.responseTimeToFirstChunk]).toBeGreaterThan(0);
    }
    expect(json).not.toHaveProperty([ATTR.responseTimeToFirstChunk]);
    expect(json).not.toHaveProperty([ATTR.requestStream]);
  });

  test('gets the metrics', () => {
    const units = Object.fromEntries(told.metrics.map(({ name, unit }) => [name, unit]));
    expect(units).toEqual({
      [CLIENT_METRIC.tokenUsage]: '{token}',
      [CLIENT_METRIC.operationDuration]: 's',
      [CLIENT_METRIC.operationTimeToFirstChunk]: 's',
      [CLIENT_METRIC.cost]: '{USD}',
      [CLIENT_METRIC.serverAvailable]: '1',
      [CLIENT_METRIC.settlementsLost]: '{settlement}',
    });
    const cost = told.metrics.find(({ name }) => name === CLIENT_METRIC.cost)?.points ?? [];
    const ofTeam = cost.find(({ attributes }) => attributes['spendfuse.team'] === 'support');
    expect(ofTeam?.value).toBeGreaterThan(3 * 0.000152);
  });

  test('spans are named on settlements', () => {
    const ids = new Set(calls.map(({ id }) => id));
    expect(stub.settlements.filter(({ span_id: id }) => id !== undefined && ids.has(id))).toHaveLength(6);
  });

  test('our baggage is read where it is accepted, and does not reach the provider', () => {
    expect(told.spans.at(-1)?.attributes['spendfuse.workflow']).toBe('nightly');
    expect(provider.seen.map(({ headers }) => headers.baggage).filter(Boolean)).toEqual(['other=kept']);
  });
});

test.each([
  ['SPENDFUSE_OTEL_NAMES', 'latest'],
  ['OTEL_SEMCONV_STABILITY_OPT_IN', 'gen_ai_latest_experimental'],
])('the latest names are used where %s is %s', async (variable, value) => {
  const { metrics, stderr } = await run('before', { [variable]: value });
  expect(stderr).toBe('');
  expect(metrics.map(({ name }) => name).sort()).toEqual([
    CLIENT_METRIC.inferenceDuration,
    CLIENT_METRIC.inferenceInputTokens,
    CLIENT_METRIC.inferenceOutputTokens,
    CLIENT_METRIC.inferenceTimeToFirstChunk,
    CLIENT_METRIC.inferenceUsageCacheReadInputTokens,
    CLIENT_METRIC.inferenceUsageInputTokens,
    CLIENT_METRIC.inferenceUsageOutputTokens,
    CLIENT_METRIC.inferenceUsageReasoningOutputTokens,
    CLIENT_METRIC.cost,
    CLIENT_METRIC.serverAvailable,
    CLIENT_METRIC.settlementsLost,
  ]);
});

test('without an SDK nothing is registered', async () => {
  expect(await run('none')).toMatchObject({ spans: [], metrics: [], registered: [], stderr: '' });
});

describe('SPENDFUSE_OTEL=start', () => {
  let collector: Server;
  const got: string[] = [];

  beforeAll(async () => {
    collector = createServer(async (request, response) => {
      await readBody(request);
      got.push(request.url ?? '');
      response.end();
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => stop(collector));

  test('exports traces and metrics over OTLP', async () => {
    const { port } = collector.address() as AddressInfo;
    const env = {
      PROVIDER: provider.url,
      SPENDFUSE_ENDPOINT: stub.url,
      SPENDFUSE_OTEL: 'start',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      CALLS: '2',
      PAUSE_MS: '500',
    };
    const ran = await runApp({ args: ['--import', REGISTER, app('calls.mjs')], env });
    expect(ran.json).toEqual(['ok', 'ok']);
    expect(new Set(got)).toEqual(new Set(['/v1/traces', '/v1/metrics']));
  });
});
