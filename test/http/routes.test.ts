import { expect, test } from 'vitest';
import { parseUsd } from '../../src/domain/money.ts';
import type { Enforcer } from '../../src/enforce/enforcer.ts';
import {
  budget,
  config,
  fakeEnforcer,
  hold,
  NOW,
  post,
  reservation,
  serve,
  settlement,
  settlementBody,
  view,
} from './fixtures.ts';

test('a session is opened, kept alive and ended', async () => {
  const { url, enforcer } = await serve();
  const opened = await post(`${url}/v1/sessions`, { session: 's-1', attribution: { team: 'support' } });
  expect(opened.status).toBe(201);
  expect(await opened.json()).toMatchObject({ session: 's-1', heartbeat_ms: 8000, rules: { admission: 'server' } });
  const beat = await post(`${url}/v1/sessions/s-1/heartbeat`, { rules_version: 'r1', journal_length: 2 });
  expect([beat.status, await beat.json()]).toEqual([200, { server_time: '2026-11-15T12:00:00.000Z' }]);
  const ended = await fetch(`${url}/v1/sessions/s-1`, { method: 'DELETE' });
  expect([ended.status, await ended.text()]).toEqual([204, '']);
  expect(enforcer.calls.map(({ method, args }) => [method, ...args])).toEqual([
    ['openSession', 's-1'],
    ['heartbeat', 's-1', { rules_version: 'r1', journal_length: 2 }],
    ['endSession', 's-1'],
  ]);
});

test('an attempt is reserved, settled with its receipt, or released', async () => {
  const { url } = await serve();
  const reserved = await post(`${url}/v1/reservations`, reservation);
  expect(reserved.status).toBe(201);
  expect(reserved.headers.get('idempotent-replayed')).toBeNull();
  expect(await reserved.json()).toMatchObject({ hold: '0193a001', decision: 'allow', amount: '16640000' });
  const settled = await post(`${url}/v1/reservations/0193a001/settle`, settlementBody);
  expect(settled.status).toBe(200);
  expect(await settled.json()).toMatchObject({
    cost: '3584000',
    replayed: false,
    receipt: { status: 'exact', cost: '3584000', lines: [{ nano_usd_per_million: '2000000000' }, {}, {}] },
  });
  const released = await fetch(`${url}/v1/reservations/0193a001/release`, { method: 'POST' });
  expect([released.status, await released.json()]).toEqual([200, { outcome: 'released' }]);
});

test('a replayed reservation says so', async () => {
  const granted = { hold: 'h', decision: 'allow', amount: '1', expires_at: '2026-11-15T12:01:00.000Z' } as const;
  const { url } = await serve({ enforcer: fakeEnforcer({ reserve: async () => ({ granted, replayed: true }) }) });
  const reply = await post(`${url}/v1/reservations`, reservation);
  expect([reply.status, reply.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
});

test.each<[string, string, Partial<Enforcer>, number, object]>([
  [
    'release',
    'release',
    { release: async () => ({ outcome: 'already_released' }) },
    200,
    { outcome: 'already_released' },
  ],
  ['release', 'release', { release: async () => ({ outcome: 'unknown' }) }, 404, { type: '/problems/not-found' }],
  ['release', 'release', { release: async () => ({ outcome: 'conflict' }) }, 409, { type: '/problems/conflict' }],
  ['write-off', 'writeOff', {}, 200, { outcome: 'written_off' }],
  [
    'write-off',
    'writeOff',
    { writeOff: async () => ({ outcome: 'already_released' }) },
    200,
    { outcome: 'already_written_off' },
  ],
  ['write-off', 'writeOff', { writeOff: async () => ({ outcome: 'unknown' }) }, 404, { type: '/problems/not-found' }],
  ['write-off', 'writeOff', { writeOff: async () => ({ outcome: 'conflict' }) }, 409, { type: '/problems/conflict' }],
])('%s (%s) is answered by its outcome %#', async (action, _method, overrides, status, body) => {
  const { url } = await serve({ enforcer: fakeEnforcer(overrides) });
  const reply = await post(`${url}/v1/reservations/0193a001/${action}`, { reason: 'provider says it never arrived' });
  expect(reply.status).toBe(status);
  expect(await reply.json()).toMatchObject(body);
});

test('a refusal of the enforcer keeps its status and words', async () => {
  const refused = { status: 403, kind: 'attribution-refused', detail: 'token "a" is pinned to team "x"' } as const;
  const { url } = await serve({ enforcer: fakeEnforcer({ reserve: async () => ({ refused }) }) });
  const reply = await post(`${url}/v1/reservations`, reservation);
  expect([reply.status, await reply.json()]).toEqual([
    403,
    {
      type: '/problems/attribution-refused',
      title: 'Attribution refused',
      status: 403,
      detail: 'token "a" is pinned to team "x"',
    },
  ]);
});

test('in a batch a bad settlement is invalid and the others are booked, in order', async () => {
  const { url, enforcer } = await serve();
  const bad = { ...settlement, attempt_id: '0193a002', usage: { input_tokens: -1, output_tokens: 1, cashed: 3 } };
  const batch = { settlements: [settlement, bad, null, { ...settlement, attempt_id: '0193a003' }] };
  const reply = await post(`${url}/v1/settlements`, batch);
  expect(reply.status).toBe(200);
  expect(await reply.json()).toEqual({
    results: [
      { attempt_id: '0193a001', outcome: 'settled', cost: '3584000' },
      {
        attempt_id: '0193a002',
        outcome: 'invalid',
        detail: '/usage/input_tokens: Too small: expected number to be >=0; /usage/cashed: is not a known property',
      },
      { attempt_id: '', outcome: 'invalid', detail: 'Invalid input: expected object, received null' },
      { attempt_id: '0193a003', outcome: 'settled', cost: '3584000' },
    ],
  });
  expect(enforcer.calls.map(({ method }) => method)).toEqual(['settleMany']);
});

test('a bad close is left out, and the good ones are done with the batch', async () => {
  const { url, enforcer } = await serve();
  const close = { session: 's-1', slice: 'slice-1', drawn: '5' };
  const closes = [close, { ...close, drawn: 5 }, { ...close, drawn: '-1' }, null, { ...close, slice: 'slice-2' }];
  const reply = await post(`${url}/v1/settlements`, { settlements: [], closes });
  expect([reply.status, await reply.json()]).toEqual([200, { results: [] }]);
  expect(enforcer.calls[0]?.args).toEqual([{ settlements: [], closes: [close, { ...close, slice: 'slice-2' }] }]);
});

test('a batch larger than one request may be is taken', async () => {
  const { url } = await serve();
  const settlements = Array.from({ length: 1000 }, (_, index) => ({ ...settlement, attempt_id: `a-${index}` }));
  expect(JSON.stringify({ settlements }).length).toBeGreaterThan(64 * 1024);
  const reply = await post(`${url}/v1/settlements`, { settlements });
  expect(reply.status).toBe(200);
  expect(((await reply.json()) as { results: unknown[] }).results).toHaveLength(1000);
});

const teams = budget('team-month', { per: ['team'] });
const total = budget('total');
const budgets = {
  config: () => config({ budgets: [total, teams] }),
  budgets: async () => [
    view(total, {}, '85.5', { state: 'soft', reservedNanoUsd: parseUsd('1.25'), openAlerts: 1 }),
    view(teams, { team: 'search' }, '0'),
    view(teams, { team: 'support' }, '3'),
  ],
};

test('budgets are listed with money as decimal strings and thresholds by their share', async () => {
  const { url } = await serve({ enforcer: fakeEnforcer(budgets) });
  const reply = (await (await fetch(`${url}/v1/budgets`)).json()) as { items: unknown[] };
  expect(reply.items).toHaveLength(3);
  expect(reply.items[0]).toEqual({
    budget: 'total',
    instance: 'total',
    labels: {},
    owner: 'support',
    shadow: false,
    window: { start: '2026-11-01T00:00:00.000Z', end: '2026-12-01T00:00:00.000Z' },
    state: 'soft',
    limit: '100000000000',
    cap: '100000000000',
    spent: '85500000000',
    reserved: '1250000000',
    unresolved: '0',
    thresholds: [
      { at: '80%', amount: '80000000000', severity: 'warning', crossed: true },
      { at: '100%', amount: '100000000000', severity: 'critical', action: 'block', crossed: false },
    ],
    open_alerts: 1,
  });
});

test('one budget has its own page, and an unknown one is 404', async () => {
  const { url } = await serve({ enforcer: fakeEnforcer(budgets) });
  const found = (await (await fetch(`${url}/v1/budgets/team-month`)).json()) as { items: { instance: string }[] };
  expect(found.items.map((item) => item.instance)).toEqual(['team-month/search', 'team-month/support']);
  const missing = await fetch(`${url}/v1/budgets/team%20month`);
  expect([missing.status, await missing.json()]).toMatchObject([404, { detail: 'there is no budget "team month"' }]);
});

test('a list is walked by its cursor', async () => {
  const { url } = await serve({ enforcer: fakeEnforcer(budgets) });
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ limit: '1', ...(cursor && { cursor }) });
    const page = (await (await fetch(`${url}/v1/budgets?${query}`)).json()) as {
      items: { instance: string }[];
      next?: string;
    };
    seen.push(...page.items.map((item) => item.instance));
    cursor = page.next;
  } while (cursor !== undefined && seen.length < 10);
  expect(seen).toEqual(['total', 'team-month/search', 'team-month/support']);
  expect((await fetch(`${url}/v1/budgets?cursor=gone`)).status).toBe(422);
});

test('usage is asked for by period and dimensions, by default the current UTC month', async () => {
  const asked: unknown[] = [];
  const row = {
    group: { team: 'support' },
    costNanoUsd: 5n,
    calls: 1,
    inputTokens: 2,
    cachedReadTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: 3,
    reasoningTokens: 0,
    unpricedCalls: 0,
    estimatedCalls: 0,
  };
  const enforcer = fakeEnforcer({
    async usage(query) {
      asked.push(query);
      return [row];
    },
  });
  const { url } = await serve({ enforcer });
  const reply = await fetch(`${url}/v1/usage?group_by=team,model&from=2026-10-01&to=2026-10-15T08:00:00%2B02:00`);
  expect(await reply.json()).toMatchObject({
    from: '2026-10-01T00:00:00.000Z',
    to: '2026-10-15T06:00:00.000Z',
    items: [{ group: { team: 'support' }, cost: '5', calls: 1, input_tokens: 2, output_tokens: 3 }],
  });
  await fetch(`${url}/v1/usage`);
  expect(asked).toEqual([
    { groupBy: ['team', 'model'], from: Date.UTC(2026, 9, 1), to: Date.UTC(2026, 9, 15, 6) },
    { groupBy: [], from: Date.UTC(2026, 10, 1), to: Date.UTC(2026, 11, 1) },
  ]);
});

test('an unresolved slice is told from an unresolved call, with what the server has heard of it', async () => {
  const validUntil = Date.parse('2026-11-15T12:00:05Z');
  const slice = { validUntil, grantedNanoUsd: 9n, splitNanoUsd: 4n, freedNanoUsd: 0n };
  const { url } = await serve({ enforcer: fakeEnforcer({ unresolved: async () => [{ ...hold, slice }] }) });
  const { items } = await (await fetch(`${url}/v1/reservations?state=unresolved`)).json();
  const told = { granted: '9', told: '4', valid_until: '2026-11-15T12:00:05.000Z', closed: false };
  expect(items).toMatchObject([{ slice: told }]);
});

test('unresolved holds are listed with what is missing and why', async () => {
  const other = { ...hold, attemptId: '0193a000' };
  const { url } = await serve({ enforcer: fakeEnforcer({ unresolved: async () => [hold, other] }) });
  const reply = await fetch(`${url}/v1/reservations?state=unresolved`);
  expect(await reply.json()).toMatchObject({
    items: [
      { attempt_id: '0193a000' },
      {
        attempt_id: '0193a001',
        amount: '16640000',
        unresolved: '16640000',
        state: 'unresolved',
        unresolved_since: '2026-11-15T12:00:30.000Z',
        reason: 'session silent',
      },
    ],
  });
});

test('alerts are listed by the page', async () => {
  const asked: unknown[] = [];
  const enforcer = fakeEnforcer({
    async alerts(query) {
      asked.push(query);
      const event = {
        id: 'e1',
        kind: 'threshold',
        budget: 'total',
        instance: 'total',
        labels: {},
        window: { start: 0, end: NOW },
        thresholdBasisPoints: 8000,
        severity: 'warning',
        state: 'soft',
        owner: 'support',
        notify: ['finance'],
        limitNanoUsd: 10n,
        spentNanoUsd: 8n,
        shadow: false,
        createdAt: NOW,
      } as const;
      return { items: [event], next: 'c2' };
    },
  });
  const { url } = await serve({ enforcer });
  const reply = await fetch(`${url}/v1/alerts?limit=5&cursor=c1`);
  expect(await reply.json()).toMatchObject({ items: [{ id: 'e1', threshold: '80%', spent: '8' }], next: 'c2' });
  await fetch(`${url}/v1/alerts`);
  expect(asked).toEqual([
    { limit: 5, cursor: 'c1' },
    { limit: 100, cursor: undefined },
  ]);
});

test('an operator confirms the clock', async () => {
  const { url, enforcer } = await serve();
  const reply = await fetch(`${url}/v1/clock/confirm`, { method: 'POST' });
  expect([reply.status, await reply.json()]).toEqual([200, { now: '2026-11-15T12:00:00.000Z' }]);
  expect(enforcer.calls.map(({ method }) => method)).toEqual(['confirmClock']);
});

test('probes tell alive from ready, and ready from why not', async () => {
  const unready = { ready: false, reasons: ['the clock jumped; confirm it'] };
  const { url } = await serve({ enforcer: fakeEnforcer({ readiness: () => unready }) });
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok', version: '0.0.0-test' });
  const ready = await fetch(`${url}/readyz`);
  expect([ready.status, ready.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await ready.json()).toMatchObject({ type: '/problems/not-ready', reasons: unready.reasons });
  const { url: other } = await serve();
  expect((await fetch(`${other}/readyz`)).status).toBe(200);
});

test.each(['/healthz', '/v1/budgets', '/openapi.json', '/metrics'])(
  'HEAD %s answers the headers of GET',
  async (path) => {
    const { url } = await serve();
    const [head, get] = [await fetch(url + path, { method: 'HEAD' }), await fetch(url + path)];
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(head.headers.get('content-length')).toBe(String((await get.text()).length));
    expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'));
  },
);
