import { expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { parseUsd } from '../../src/domain/money.ts';
import { type Happening, NotReady } from '../../src/enforce/enforcer.ts';
import { LabelGuard } from '../../src/http/metrics/cardinality.ts';
import { Metrics } from '../../src/http/metrics/metrics.ts';
import { usd } from '../../src/http/metrics/series.ts';
import { Drain } from '../../src/http/wait.ts';
import { budget, config, fakeEnforcer, memoryLog, receipt, serve, silent, view } from './fixtures.ts';

const attribution = { service: 'support-api', team: 'support', provider: 'openai', model: 'gpt-4.1' };
const labels = { ...attribution, fallback: 'false' };
const settled: Happening = {
  kind: 'settlement',
  attribution,
  receipt,
  outcome: 'ok',
  tokens: { input: 1200, cached_read: 1024, output: 340 },
  owned: true,
};
const allowed: Happening = { kind: 'decision', decision: 'allow', reason: 'fits', attribution, durationSeconds: 0.002 };

/** Samples by metric name, each with its labels that are not empty. */
function samples(text: string): Map<string, [Record<string, string>, number][]> {
  const found = new Map<string, [Record<string, string>, number][]>();
  for (const line of text.split('\n')) {
    const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!match) continue;
    const pairs = [...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value]);
    const labels = Object.fromEntries(pairs.filter(([, value]) => value !== '')) as Record<string, string>;
    found.set(match[1] as string, [...(found.get(match[1] as string) ?? []), [labels, Number(match[3])]]);
  }
  return found;
}

function metricsOf(
  overrides: Parameters<typeof fakeEnforcer>[0] = {},
  bounds?: ConstructorParameters<typeof LabelGuard>[0],
) {
  const enforcer = fakeEnforcer(overrides);
  const metrics = new Metrics(enforcer, new Drain(), silent, bounds);
  return { enforcer, metrics, read: async () => samples(await metrics.render()) };
}

test('what is settled is counted in USD, tokens and calls', async () => {
  const { enforcer, read } = metricsOf();
  enforcer.happen(settled);
  enforcer.happen({ ...settled, owned: false, receipt: { ...receipt, status: 'unpriced', costNanoUsd: 1n } });
  const found = await read();
  expect(found.get('spendfuse_cost_usd_total')).toEqual([[labels, 0.003584001]]);
  expect(found.get('spendfuse_unowned_cost_usd_total')).toEqual([[labels, 1e-9]]);
  expect(found.get('spendfuse_unpriced_calls_total')).toEqual([[labels, 1]]);
  expect(found.get('spendfuse_calls_total')).toEqual([[{ outcome: 'ok', ...labels }, 2]]);
  expect(found.get('spendfuse_tokens_total')).toEqual([
    [{ type: 'input', ...labels }, 2400],
    [{ type: 'cached_read', ...labels }, 2048],
    [{ type: 'cache_write', ...labels }, 0],
    [{ type: 'output', ...labels }, 680],
    [{ type: 'reasoning', ...labels }, 0],
  ]);
});

test('a fallback is told from what is none, and the route by its name; what it took the place of makes no series', async () => {
  const { enforcer, read } = metricsOf();
  const routed = { ...attribution, route: 'chat' };
  enforcer.happen({ ...settled, attribution: routed });
  for (const from of ['openai/gpt-5', 'anthropic/claude-sonnet-4-5']) {
    enforcer.happen({ ...settled, attribution: { ...routed, fallback: from } });
  }
  expect((await read()).get('spendfuse_calls_total')).toEqual([
    [{ outcome: 'ok', ...routed, fallback: 'false' }, 1],
    [{ outcome: 'ok', ...routed, fallback: 'true' }, 2],
  ]);
});

test('a sum of many small costs does not drift as floats would', async () => {
  const { enforcer, read } = metricsOf();
  const small: Happening = { ...settled, receipt: { ...receipt, costNanoUsd: 100_000_001n } };
  for (let count = 0; count < 10_000; count++) enforcer.happen(small);
  expect((await read()).get('spendfuse_cost_usd_total')?.[0]?.[1]).toBe(1000.00001);
});

test('decisions are counted and timed, and what follows them starts at 0', async () => {
  const { enforcer, read } = metricsOf();
  enforcer.happen(allowed);
  enforcer.happen({ ...allowed, decision: 'block', reason: 'exhausted', durationSeconds: 0.2 });
  const found = await read();
  expect(found.get('spendfuse_decisions_total')).toEqual([
    [{ decision: 'block', reason: 'exhausted', ...labels }, 1],
    [{ decision: 'block', reason: 'contended', ...labels }, 0],
    [{ decision: 'allow', reason: 'fits', ...labels }, 1],
  ]);
  expect(found.get('spendfuse_decision_duration_seconds_sum')).toEqual([
    [{ decision: 'allow' }, 0.002],
    [{ decision: 'block' }, 0.2],
  ]);
  for (const name of ['cost_usd_total', 'unpriced_calls_total', 'unowned_cost_usd_total', 'calls_total']) {
    expect([name, found.get(`spendfuse_${name}`)?.map(([, value]) => value)]).toEqual([name, [0]]);
  }
});

test('labels that the config adds are there, and a reload that changes them starts the counters over', async () => {
  let current: Config = config({ metrics: { labels: ['cost_center'], topInstances: 2 } });
  const { enforcer, read } = metricsOf({ config: () => current });
  const happening = { ...settled, attribution: { ...attribution, cost_center: 'CC-12' } };
  enforcer.happen(happening);
  expect((await read()).get('spendfuse_cost_usd_total')?.[0]?.[0]).toMatchObject({ cost_center: 'CC-12' });
  current = config({ metrics: { labels: ['cost_center'], topInstances: 5 } });
  expect((await read()).get('spendfuse_cost_usd_total')).toHaveLength(1);
  current = config();
  expect((await read()).get('spendfuse_cost_usd_total')).toBeUndefined();
  enforcer.happen(happening);
  expect((await read()).get('spendfuse_cost_usd_total')).toEqual([[labels, 0.003584]]);
});

test('values and combinations beyond their bounds become other, and sums stay true', async () => {
  const { enforcer, read } = metricsOf({}, { valuesPerLabel: 3, combinations: 4 });
  for (let index = 0; index < 50; index++) {
    const changes = { model: `model-${index}`, team: `team-${index % 3}`, service: `service-${index % 2}` };
    enforcer.happen({ ...settled, attribution: { ...attribution, ...changes } });
  }
  const found = (await read()).get('spendfuse_cost_usd_total') ?? [];
  expect(found.length).toBeLessThanOrEqual(5);
  expect(found.some(([labels]) => Object.values(labels).every((value) => value === 'other'))).toBe(true);
  expect(found.reduce((sum, [, value]) => sum + Math.round(value * 1e9), 0)).toBe(50 * 3_584_000);
});

test('a guard knows a combination again', () => {
  const guard = new LabelGuard({ valuesPerLabel: 1, combinations: 10 });
  expect(guard.admit({ a: 'x', b: 'y' })).toEqual({ labels: { a: 'x', b: 'y' }, isNew: true });
  expect(guard.admit({ a: 'x', b: 'y' })).toEqual({ labels: { a: 'x', b: 'y' }, isNew: false });
  expect(guard.admit({ a: 'z', b: 'y' })).toEqual({ labels: { a: 'other', b: 'y' }, isNew: true });
});

test('every budget has its gauges from the start, at 0', async () => {
  const total = budget('total');
  const { read } = metricsOf({ budgets: async () => [view(total, {}, '0')] });
  const found = await read();
  const own = { budget: 'total', owner: 'support', shadow: 'false' };
  expect(found.get('spendfuse_budget_limit_usd')).toEqual([[own, 100]]);
  for (const name of ['spent', 'reserved', 'unresolved']) {
    expect([name, found.get(`spendfuse_budget_${name}_usd`)]).toEqual([name, [[own, 0]]]);
  }
  expect(found.get('spendfuse_budget_window_end_timestamp_seconds')).toEqual([[own, Date.UTC(2026, 11, 1) / 1000]]);
  expect(found.get('spendfuse_budget_state')).toEqual([
    [{ ...own, state: 'ok' }, 1],
    [{ ...own, state: 'soft' }, 0],
    [{ ...own, state: 'hard' }, 0],
  ]);
  expect(found.get('spendfuse_budget_threshold_crossed')).toEqual([
    [{ ...own, threshold: '80', severity: 'warning' }, 0],
    [{ ...own, threshold: '100', severity: 'critical' }, 0],
  ]);
});

test('a crossed threshold and a state are marked', async () => {
  const shadowed = budget('trial', {
    shadow: true,
    thresholds: [{ atBasisPoints: 1250, notify: [], severity: 'info' }],
  });
  const { read } = metricsOf({ budgets: async () => [view(shadowed, {}, '12.5', { state: 'soft' })] });
  const found = await read();
  const own = { budget: 'trial', owner: 'support', shadow: 'true' };
  expect(found.get('spendfuse_budget_threshold_crossed')).toEqual([
    [{ ...own, threshold: '12.5', severity: 'info' }, 1],
  ]);
  expect(found.get('spendfuse_budget_state')).toContainEqual([{ ...own, state: 'soft' }, 1]);
});

test('of many instances those that need somebody and the top by spend are shown, the rest is folded', async () => {
  const teams = budget('team-month', { per: ['team'] });
  const models = budget('model-day', { per: ['model'] });
  const views = [
    view(teams, { team: 'a' }, '1'),
    view(teams, { team: 'b' }, '5', { reservedNanoUsd: parseUsd('0.5') }),
    view(teams, { team: 'c' }, '3', { reservedNanoUsd: parseUsd('0.25') }),
    view(teams, { team: 'd' }, '4'),
    view(teams, { team: 'e' }, '0', { state: 'hard' }),
    view(teams, { team: 'f' }, '0.5', { openAlerts: 1 }),
    view(models, { model: 'gpt-4.1' }, '9.500000001'),
  ];
  const { read } = metricsOf({ budgets: async () => views });
  const found = await read();
  const shown = (name: string) =>
    found.get(name)?.map(([{ budget: of, team, model }, value]) => [of, team ?? model, value]);
  expect(shown('spendfuse_budget_spent_usd')).toEqual([
    ['team-month', 'e', 0],
    ['team-month', 'f', 0.5],
    ['team-month', 'b', 5],
    ['team-month', 'd', 4],
    ['team-month', 'other', 4],
    ['model-day', 'gpt-4.1', 9.500000001],
  ]);
  expect(shown('spendfuse_budget_reserved_usd')).toContainEqual(['team-month', 'other', 0.25]);
  for (const name of ['limit_usd', 'unresolved_usd', 'state', 'threshold_crossed']) {
    expect(shown(`spendfuse_budget_${name}`)?.filter(([, instance]) => instance === 'other')).toEqual([]);
  }
});

test.each([
  [0n, 0],
  [1n, 1e-9],
  [-1_500_000_000n, -1.5],
  [123_456_789_012_345_678n, Number('123456789.012345678')],
])('%d nano-USD are %d USD, to the nearest double', (nano, expected) => {
  expect(usd(nano)).toBe(expected);
});

test('the server says whether it is ready, and how many sessions and waiters it has', async () => {
  const { url } = await serve();
  const found = samples(await (await fetch(`${url}/metrics`)).text());
  expect(found.get('spendfuse_ready')).toEqual([[{}, 1]]);
  expect(found.get('spendfuse_sessions')).toEqual([[{}, 3]]);
  expect(found.get('spendfuse_waiting_reservations')).toEqual([[{}, 0]]);
});

test('what slices hold is said of every budget, and what sessions decide is counted but not timed', async () => {
  const budgets = [budget('a'), budget('b')];
  const { enforcer, read } = metricsOf({
    config: () => config({ budgets }),
    leased: () => new Map([['b', parseUsd('1.5')]]),
  });
  enforcer.happen({ kind: 'decision', decision: 'allow', reason: 'leased', attribution });
  const found = await read();
  expect(found.get('spendfuse_leased_usd')).toEqual([
    [{ budget: 'a' }, 0],
    [{ budget: 'b' }, 1.5],
  ]);
  expect(found.get('spendfuse_decisions_total')).toContainEqual([
    { decision: 'allow', reason: 'leased', ...labels },
    1,
  ]);
  expect(found.get('spendfuse_decision_duration_seconds_count')).toContainEqual([{ decision: 'allow' }, 0]);
});

test('without the ledger there are no budget gauges, but the rest says why', async () => {
  const { enforcer, read } = metricsOf({
    readiness: () => ({ ready: false, reasons: ['closing'] }),
    budgets: () => Promise.reject(new NotReady('closing')),
  });
  enforcer.happen(settled);
  const found = await read();
  expect(found.get('spendfuse_ready')).toEqual([[{}, 0]]);
  expect(found.get('spendfuse_cost_usd_total')).toHaveLength(1);
  expect(found.get('spendfuse_budget_spent_usd')).toBeUndefined();
});

test('reloads are counted, and the last one is good or not', async () => {
  const { server, url } = await serve();
  const read = async () => samples(await (await fetch(`${url}/metrics`)).text());
  expect((await read()).get('spendfuse_config_last_reload_successful')).toEqual([[{}, 1]]);
  server.configReloaded(false);
  const found = await read();
  expect(found.get('spendfuse_config_reloads_total')).toEqual([[{}, 1]]);
  expect(found.get('spendfuse_config_last_reload_successful')).toEqual([[{}, 0]]);
});

test('a happening that cannot be counted is logged and hurts nobody', () => {
  const { log, lines } = memoryLog('error');
  const enforcer = fakeEnforcer();
  new Metrics(enforcer, new Drain(), log);
  enforcer.happen({ ...settled, tokens: { input: 0.5 } });
  expect(lines).toMatchObject([{ kind: 'settlement', msg: 'a metric could not be counted' }]);
});
