/** What spendfuse does to a service's telemetry that it should, and what it must never do. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ATTR, CLIENT_METRIC } from '../../src/telemetry/names.ts';
import { ours, runService, type Seen, type Start, startWorld, type World } from './service.ts';
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
beforeEach(() => {
  world.stub.settlements.length = 0;
  world.provider.seen.length = 0;
});

const run = (start: Omit<Start, 'folder'>) => runService(world, { folder, ...start });
const AFTER = { START_SDK: './sdk.mjs' };

/**
 * What the money side of a run came to: the same whatever telemetry does. How much of a broken stream had arrived when
 * it was broken off is the network's business, so that there was output has to do.
 */
const money = () =>
  world.stub.settlements
    .map(({ attribution, end, status, usage, measured }) => {
      const counted = measured ? usage : { ...usage, output_tokens: Math.sign(usage.output_tokens) };
      return [attribution.workflow, end, status, measured, counted];
    })
    .sort();

describe('a service without OpenTelemetry', () => {
  const CALLS = ['json', 'stream', 'anthropic', 'failed', 'denied'];

  test.each(['--import', '--require'])('gets no provider, context manager or propagator (%s)', async (flag) => {
    const { seen, stderr } = await run({ node: [flag, 'spendfuse/register'], calls: CALLS });
    expect(seen.registered).toEqual([]);
    expect(stderr).toBe('');
    expect(money()).toHaveLength(4);
    expect(world.stub.settlements.filter((one) => one.trace_id !== undefined)).toEqual([]);
  });

  test('reaches for nothing but its provider and the spendfuse server', async () => {
    const watched = ['--import', './connections.mjs', '--import', 'spendfuse/register'];
    const { json } = await run({ node: watched, calls: CALLS });
    const hosts = [world.provider.url, world.stub.url].map((url) => new URL(url).host);
    expect(json).toEqual({ reached: hosts.sort() });
  });

  test('and without a call it reaches for nothing at all', async () => {
    const watched = ['--import', './connections.mjs', '--import', 'spendfuse/register'];
    expect((await run({ node: watched, app: 'idle.mjs' })).json).toEqual({ reached: [] });
  });
});

describe.each([
  { order: 'before ours', node: ['--import', './sdk.mjs', '--import', 'spendfuse/register'] },
  { order: 'after ours', node: ['--import', 'spendfuse/register', '--import', './sdk.mjs'] },
])('beside auto-instrumentations-node, loaded $order', ({ node }) => {
  const CALLS = ['json', 'inside', 'fetch', 'anthropic', 'own server', 'denied'];
  let seen: Seen;
  let settled: unknown[];

  beforeAll(async () => {
    world.stub.settlements.length = 0;
    const ran = await run({ node, calls: CALLS, env: { AUTO: '1' } });
    expect(ran.stderr).toBe('');
    seen = ran.seen;
    settled = money();
  });

  const undici = () => seen.spans.filter(({ scope }) => scope.endsWith('instrumentation-undici'));

  test('each call has one span of ours, and each request to a provider is a child of it', () => {
    expect(ours(seen.spans)).toHaveLength(5);
    for (const call of ['json', 'inside', 'fetch', 'anthropic']) {
      const [span] = ours(seen.spans).filter(({ attributes }) => attributes['spendfuse.workflow'] === call);
      expect(
        undici().filter(({ parent, traceId }) => parent === span?.spanId && traceId === span?.traceId),
        call,
      ).toHaveLength(1);
    }
    expect(undici()).toHaveLength(4);
  });

  test('a refused call has a span of ours, and no request', () => {
    const [span] = ours(seen.spans).filter(({ attributes }) => attributes['spendfuse.workflow'] === 'denied');
    expect(span?.attributes).toMatchObject({ [ATTR.errorType]: 'budget_exceeded' });
    expect(seen.spans.filter(({ parent }) => parent === span?.spanId)).toEqual([]);
  });

  test("requests to our server have no spans, though the application's own over node:http do", () => {
    const port = Number(new URL(world.stub.url).port);
    const to = (span: Seen['spans'][number]) =>
      Number(span.attributes['server.port'] ?? span.attributes['net.peer.port']);
    const http = seen.spans.filter(({ scope }) => scope.endsWith('instrumentation-http'));
    expect(http.map((span) => span.attributes['url.full'])).toEqual([`${world.stub.url}/from-the-application`]);
    const low = seen.spans.filter(({ scope }) => /instrumentation-(net|dns)/.test(scope));
    expect(low.filter((span) => to(span) === port && span.parent !== http[0]?.spanId)).toEqual([]);
  });

  test('money and tokens are counted once', () => {
    expect(settled).toHaveLength(4);
    const tokens = seen.metrics.filter(({ name }) => name === CLIENT_METRIC.tokenUsage);
    expect(tokens.reduce((sum, { count }) => sum + (count ?? 0), 0)).toBe(8);
  });
});

describe('telemetry decides nothing', () => {
  const CALLS = ['json', 'stream', 'broken', 'failed', 'retried', 'fetch', 'anthropic', 'denied'];
  let expected: { outcomes: Record<string, string>; money: unknown[] };

  beforeAll(async () => {
    world.stub.settlements.length = 0;
    const { seen } = await run({ calls: CALLS });
    expected = { outcomes: seen.outcomes, money: money() };
  });

  test('without it, calls end as they should', () => {
    expect(expected.outcomes).toMatchObject({
      json: 'ok',
      failed: 'BadRequestError',
      denied: 'refused by support-production',
    });
    expect(expected.money).toHaveLength(8);
  });

  test.each([
    'exporter',
    'span processor',
    'tracer provider',
    'tracer',
    'span',
    'span when it ends',
    'meter provider',
    'instruments',
  ])('a %s that throws breaks no call and loses no money', async (broken) => {
    const node = ['--import', 'spendfuse/register', '--import', './broken-sdk.mjs'];
    const { seen } = await run({ node, calls: CALLS, env: { BROKEN: broken, ANTHROPIC_OPEN_TELEMETRY: 'false' } });
    expect(seen.outcomes).toEqual(expected.outcomes);
    expect(money()).toEqual(expected.money);
  });

  test('a sampler that takes nothing changes neither money nor metrics', async () => {
    const { seen } = await run({ calls: CALLS, env: { ...AFTER, SAMPLER: 'off' } });
    expect(seen.spans).toEqual([]);
    expect(money()).toEqual(expected.money);
    const durations = seen.metrics.filter(({ name }) => name === CLIENT_METRIC.operationDuration);
    expect(durations.reduce((sum, { count }) => sum + (count ?? 0), 0)).toBe(CALLS.length);
  });

  test('a call that is not sampled hands that decision on to the requests inside it', async () => {
    await run({
      node: ['--import', './sdk.mjs', '--import', 'spendfuse/register'],
      calls: ['json'],
      env: { AUTO: '1', SAMPLER: 'off' },
    });
    const [traceId] = world.stub.settlements.map((one) => one.trace_id);
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(world.provider.seen.map(({ headers }) => headers.traceparent)).toEqual([
      expect.stringMatching(`^00-${traceId}-[0-9a-f]{16}-00$`),
    ]);
  });
});

test('our own baggage never leaves for a provider, and that of others does', async () => {
  const node = ['--import', './sdk.mjs', '--import', 'spendfuse/register'];
  await run({ node, calls: ['baggage'], env: { AUTO: '1' } });
  expect(world.provider.seen.map(({ headers }) => headers.baggage)).toEqual(['tenant=t-1']);
});

test('a call of a model whose price the server has not told yet has its cost all the same', async () => {
  const { rateCards } = world.stub;
  world.stub.rateCards = [];
  try {
    const { seen } = await run({ calls: ['json', 'inside'], env: { ...AFTER, SPANS: '3' } });
    expect(ours(seen.spans).map(({ attributes }) => attributes[ATTR.cost])).toEqual([0.000_152, 0.000_152]);
    const cost = seen.metrics.filter(({ name }) => name === CLIENT_METRIC.cost);
    expect(cost.reduce((total, { sum }) => total + sum, 0)).toBeCloseTo(2 * 0.000_152, 12);
  } finally {
    world.stub.rateCards = rateCards;
  }
});
