/** An application's own OpenTelemetry SDK sees the same, whichever of the two is loaded first and however. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SettlementRequest } from '../../src/protocol/wire.ts';
import { ATTR, CLIENT_METRIC } from '../../src/telemetry/names.ts';
import { ours, runService, type Seen, startWorld, type World } from './service.ts';
import { buildService, remove } from './workshop.ts';

let folder: string;
let world: World;

beforeAll(async () => {
  folder = await buildService();
  world = await startWorld();
});
afterAll(async () => {
  await world?.stop();
  remove(folder);
});

const AFTER = { START_SDK: './sdk.mjs' };
const ORDERS = [
  { order: 'the SDK after --import', node: ['--import', 'spendfuse/register'], env: AFTER },
  { order: 'the SDK after --require', node: ['--require', 'spendfuse/register'], env: AFTER },
  { order: 'the SDK in a preload after ours', node: ['--import', 'spendfuse/register', '--import', './sdk.mjs'] },
  { order: 'the SDK in a preload before ours', node: ['--import', './sdk.mjs', '--import', 'spendfuse/register'] },
];

const CALLS = [
  'json',
  'stream',
  'fetch',
  'inside',
  'broken',
  'failed',
  'retried',
  'denied',
  'anthropic',
  'anthropic stream',
  'denied anthropic',
];

/** What is the same for every call that the provider answers in full. */
const ANSWERED = {
  [ATTR.usageInputTokens]: 40,
  [ATTR.usageOutputTokens]: 12,
  [ATTR.usageCacheReadInputTokens]: 16,
  [ATTR.costStatus]: 'exact',
  [ATTR.decision]: 'allow',
};
const OPENAI = {
  ...ANSWERED,
  [ATTR.usageReasoningOutputTokens]: 4,
  [ATTR.responseId]: 'chatcmpl-1',
  [ATTR.responseFinishReasons]: ['stop'],
  [ATTR.cost]: 0.000_152,
};
/** Its usage is on the SDK's own span. */
const ANTHROPIC = {
  [ATTR.costStatus]: 'exact',
  [ATTR.decision]: 'allow',
  [ATTR.responseId]: 'msg_1',
  [ATTR.responseFinishReasons]: ['end_turn'],
  [ATTR.cost]: 0.000_085_6,
};
const REFUSED = { [ATTR.decision]: 'block', [ATTR.budget]: 'support-production', [ATTR.errorType]: 'budget_exceeded' };

const [UNSET, ERROR] = [0, 2];
const CLIENT_KIND = 2;

describe.each(ORDERS)('with $order', ({ node, env }) => {
  let seen: Seen;
  let settlements: SettlementRequest[];

  beforeAll(async () => {
    world.stub.settlements.length = 0;
    const ran = await runService(world, { folder, node, calls: CALLS, ...(env && { env }) });
    expect(ran.stderr).toBe('');
    seen = ran.seen;
    settlements = [...world.stub.settlements];
  });

  const spanOf = (workflow: string) => {
    const spans = ours(seen.spans).filter(({ attributes }) => attributes['spendfuse.workflow'] === workflow);
    expect(spans, `spans of "${workflow}"`).toHaveLength(1);
    return spans[0]!;
  };

  test.each([
    { call: 'json', attempts: 1, status: UNSET, attributes: OPENAI },
    { call: 'stream', attempts: 1, status: UNSET, attributes: OPENAI },
    { call: 'fetch', attempts: 1, status: UNSET, attributes: OPENAI },
    { call: 'retried', attempts: 2, status: UNSET, attributes: OPENAI },
    { call: 'anthropic', attempts: 1, status: UNSET, attributes: ANTHROPIC },
    { call: 'anthropic stream', attempts: 1, status: UNSET, attributes: ANTHROPIC },
    {
      call: 'broken',
      attempts: 1,
      status: ERROR,
      attributes: { [ATTR.errorType]: 'aborted', [ATTR.costStatus]: 'estimated' },
    },
    { call: 'failed', attempts: 1, status: ERROR, attributes: { [ATTR.errorType]: '400' } },
    { call: 'denied', attempts: 1, status: ERROR, attributes: REFUSED },
    { call: 'denied anthropic', attempts: 1, status: ERROR, attributes: REFUSED },
  ])(
    'the call "$call" has one span, which has ended and says how it went',
    ({ call, attempts, status, attributes }) => {
      const span = spanOf(call);
      expect(span).toMatchObject({ kind: CLIENT_KIND, status });
      expect(span.attributes).toMatchObject({ ...attributes, [ATTR.attempts]: attempts, 'spendfuse.team': 'support' });
      if (status === UNSET) expect(span.attributes).not.toHaveProperty([ATTR.errorType]);
    },
  );

  test('a span is named by operation and model, and says to whom the request went', () => {
    const span = spanOf('json');
    expect(span.name).toBe('chat gpt-4.1');
    expect(span.attributes).toMatchObject({
      [ATTR.operationName]: 'chat',
      [ATTR.providerName]: 'openai',
      [ATTR.requestModel]: 'gpt-4.1',
      [ATTR.responseModel]: 'gpt-4.1',
      [ATTR.requestMaxTokens]: 100,
      [ATTR.serverAddress]: '127.0.0.1',
      [ATTR.serverPort]: Number(new URL(world.provider.url).port),
      'spendfuse.api_key': expect.stringMatching(/^fp:[0-9a-f]{32}$/),
    });
  });

  test('the names of all attributes are in the one place for names', () => {
    const known: ReadonlySet<string> = new Set(Object.values(ATTR));
    const attribution = ['team', 'workflow', 'api_key'].map((dimension) => ATTR.attributionPrefix + dimension);
    const names = ours(seen.spans).flatMap(({ attributes }) => Object.keys(attributes));
    expect(names.filter((name) => !known.has(name) && !attribution.includes(name))).toEqual([]);
  });

  test("a call inside the application's span is its child", () => {
    const parent = seen.spans.find(({ scope }) => scope === 'app')!;
    expect(spanOf('inside')).toMatchObject({ parent: parent.spanId, traceId: parent.traceId });
    expect(spanOf('json').parent).toBeUndefined();
  });

  test("@anthropic-ai/sdk's own span is the parent of ours, and the call is counted once", () => {
    for (const call of ['anthropic', 'anthropic stream']) {
      const parent = seen.spans.find(({ spanId }) => spanId === spanOf(call).parent);
      expect(parent).toMatchObject({ scope: 'com.anthropic.sdk.typescript', traceId: spanOf(call).traceId });
      expect(parent?.attributes[ATTR.usageOutputTokens]).toBe(12);
      expect(spanOf(call).attributes).not.toHaveProperty([ATTR.usageOutputTokens]);
      expect(settlements.filter(({ attribution }) => attribution.workflow === call)).toHaveLength(1);
    }
    expect(sum(CLIENT_METRIC.tokenUsage, { [ATTR.providerName]: 'anthropic', [ATTR.tokenType]: 'input' })).toEqual([
      80, 2,
    ]);
  });

  test('the settlement names the span of its call', () => {
    for (const { trace_id, span_id, attribution } of settlements) {
      const span = spanOf(attribution.workflow!);
      expect([trace_id, span_id]).toEqual([span.traceId, span.spanId]);
    }
    expect(settlements).toHaveLength(10);
  });

  test('metrics count what was used, what it cost and how long it took', () => {
    const openai = { [ATTR.providerName]: 'openai', [ATTR.requestModel]: 'gpt-4.1' };
    const broken = spanOf('broken').attributes as Record<string, number>;
    const input = 5 * 40 + broken[ATTR.usageInputTokens]!;
    const output = 5 * 12 + broken[ATTR.usageOutputTokens]!;
    expect(sum(CLIENT_METRIC.tokenUsage, { ...openai, [ATTR.tokenType]: 'input' })).toEqual([input, 6]);
    expect(sum(CLIENT_METRIC.tokenUsage, { ...openai, [ATTR.tokenType]: 'output' })).toEqual([output, 6]);
    const [cost] = sum(CLIENT_METRIC.cost, { 'spendfuse.team': 'support' });
    expect(cost).toBeCloseTo(5 * 0.000_152 + 2 * 0.000_085_6 + broken[ATTR.cost]!, 12);
    expect(sum(CLIENT_METRIC.operationDuration, {})[1]).toBe(CALLS.length);
    expect(sum(CLIENT_METRIC.operationDuration, { [ATTR.errorType]: 'budget_exceeded' })[1]).toBe(2);
    const units = new Map(seen.metrics.map(({ name, unit }) => [name, unit]));
    expect([...units].sort()).toEqual([
      [CLIENT_METRIC.operationDuration, 's'],
      [CLIENT_METRIC.operationTimeToFirstChunk, 's'],
      [CLIENT_METRIC.tokenUsage, '{token}'],
      [CLIENT_METRIC.cost, '{USD}'],
      [CLIENT_METRIC.serverAvailable, '1'],
      [CLIENT_METRIC.settlementsLost, '{settlement}'],
    ]);
  });

  /** Sum and count of the points that have these attributes. */
  function sum(name: string, attributes: Record<string, unknown>): [number, number] {
    const points = seen.metrics.filter(
      (point) =>
        point.name === name && Object.entries(attributes).every(([key, value]) => point.attributes[key] === value),
    );
    return [
      points.reduce((total, point) => total + point.sum, 0),
      points.reduce((total, point) => total + (point.count ?? 0), 0),
    ];
  }
});

test('in CommonJS, a call keeps its parent under an SDK that starts after the AI SDK was required', async () => {
  for (const flag of ['--import', '--require']) {
    const { seen, stderr } = await runService(world, {
      folder,
      node: [flag, 'spendfuse/register'],
      app: 'service.cjs',
    });
    expect(stderr).toBe('');
    const [span, ...others] = ours(seen.spans);
    expect(others).toEqual([]);
    expect(span?.parent).toBe(seen.spans.find(({ scope }) => scope === 'app')?.spanId);
    expect(span?.attributes).toMatchObject(OPENAI);
  }
});
