/** From a call to a page, everything real: service, server, ledger, Prometheus, Alertmanager and the dashboard's queries. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { METRIC } from '../../src/telemetry/names.ts';
import type { Page } from '../assets/stand-in.ts';
import type { Outcome, Spender } from './processes.ts';
import { type Role, startTopology, type Topology } from './topology.ts';

/** What the provider bills for a call: 24 fresh and 16 cached tokens in, 12 out. */
const CALL_NANO_USD = 24n * 2000n + 16n * 500n + 12n * 8000n;
/** 100 calls. */
const LIMIT_USD = 0.0152;

const BUDGETS = {
  defaults: { timezone: 'UTC', owners: { platform: 'platform-pager', finance: 'finance-mail' } },
  owners: { support: { service: 'support-slack', backup: 'platform-pager' } },
  attribute: [{ match: { service: 'support-*' }, set: { team: 'support', environment: 'production' } }],
  budgets: [
    {
      ...{ name: 'support-day', match: { team: 'support' }, owner: 'support' },
      ...{ window: { rolling: '24h' }, limit: LIMIT_USD, soft: ['50%', '90%'] },
      thresholds: [{ at: '75%', notify: ['service', 'finance'], severity: 'warning' }],
      hard: { action: 'block' },
      when_unreachable: 'block',
    },
  ],
};

const PATIENCE = { timeout: 15_000, interval: 50 };
let topology: Topology;
let support: Spender;
let answered = 0;
let last: Outcome;

beforeAll(async () => {
  topology = await startTopology(BUDGETS);
  support = topology.service('support-api');
});
afterAll(() => topology?.stop());

/**
 * Goes on until this many calls have been answered since the start, or a budget says no. On a machine under load a decision
 * may take longer than it may; that is a refusal too, but not one of a budget.
 */
async function spendTo(calls: number): Promise<void> {
  do {
    last = await support.spend({ calls: calls - answered });
    answered += last.answered;
  } while (last.refused?.code === 'unreachable');
}

async function get(path: string, role?: Role): Promise<Response> {
  const headers: Record<string, string> = role ? { authorization: `Bearer ${topology.tokenOf(role)}` } : {};
  return fetch(`${topology.server.url}${path}`, { headers });
}

interface BudgetNow {
  budget: string;
  state: string;
  spent: string;
}

async function budgetNow(): Promise<BudgetNow> {
  const { items } = (await (await get('/v1/budgets', 'operator')).json()) as { items: BudgetNow[] };
  return items[0]!;
}

async function query(expression: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> {
  const response = await fetch(`${topology.prometheus.url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const body = await response.json();
  if (body.status !== 'success') throw new Error(`${expression}: ${body.error}`);
  return body.data.result;
}

/** Who was told of an alert of the budget, once everybody has been whom the alert is for. */
async function told(receivers: string[], alertname: string, threshold?: string): Promise<Page[]> {
  const of = () =>
    topology.pages.filter(
      ({ status, labels }) =>
        status === 'firing' && labels.alertname === alertname && (!threshold || labels.threshold === threshold),
    );
  await vi.waitFor(
    () =>
      expect(
        of()
          .map(({ receiver }) => receiver)
          .sort(),
      ).toEqual(receivers),
    PATIENCE,
  );
  return of();
}

describe('a service spends', () => {
  test('nothing is crossed, and Prometheus may read the gauges with its token only', async () => {
    await vi.waitFor(async () => expect(await query(METRIC.budgetLimit)).toHaveLength(1), PATIENCE);
    expect(await query('up{job="spendfuse"}')).toMatchObject([{ value: [expect.any(Number), '1'] }]);
    expect((await get('/metrics')).status).toBe(401);
    expect((await get('/v1/budgets', 'client')).status).toBe(403);
    await spendTo(49);
    const spent = String(49n * CALL_NANO_USD);
    await vi.waitFor(async () => expect(await budgetNow()).toMatchObject({ spent }), PATIENCE);
    expect(await budgetNow()).toMatchObject({ budget: 'support-day', state: 'ok' });
    expect(await query('ALERTS{alertname=~"SpendfuseBudget.*"}')).toEqual([]);
  });

  test.each([
    { share: '50', calls: 50, receivers: ['support-slack'] },
    { share: '75', calls: 75, receivers: ['finance-mail', 'support-slack'] },
    { share: '90', calls: 90, receivers: ['support-slack'] },
  ])('at $share % the budget is soft and tells $receivers', async ({ share, calls, receivers }) => {
    await spendTo(calls);
    await vi.waitFor(async () => expect(await budgetNow()).toMatchObject({ state: 'soft' }), PATIENCE);
    const [page] = await told(receivers, 'SpendfuseBudgetThreshold', share);
    expect(page?.labels).toMatchObject({ budget: 'support-day', owner: 'support' });
    expect(page?.annotations.summary).toContain(`${share}%`);
  });
});

describe('at the cap', () => {
  test('the call that does not fit is refused as a BudgetExceededError', async () => {
    await spendTo(101);
    expect(answered).toBeLessThanOrEqual(100);
    expect(last.refused).toMatchObject({
      ...{ name: 'BudgetExceededError', status: 402, code: 'exhausted', action: 'block' },
      ...{ budget: 'support-day', state: 'hard' },
      message: expect.stringMatching(
        /^The call was not sent .*"support-day" \(owner: support\).* of \$0\.0152 is spent/,
      ),
      userMessage: 'This feature has reached its spending limit.',
    });
  });

  test('it never reached the provider, and neither does the next one', async () => {
    expect(topology.provider.seen).toHaveLength(answered);
    expect(await support.spend({ calls: 1 })).toMatchObject({ answered: 0, refused: { code: 'exhausted' } });
    expect(topology.provider.seen).toHaveLength(answered);
    expect(support.complaints().replace(/^spendfuse: the server \S+ is (unreachable.*|back)\n/gm, '')).toBe('');
  });

  test('the owner is paged, and the softer alerts are muted by that', async () => {
    const [page] = await told(['support-slack'], 'SpendfuseBudgetHard');
    expect(page?.labels).toMatchObject({ severity: 'critical', budget: 'support-day', owner: 'support' });
    await vi.waitFor(async () => {
      const alerts = (await (await fetch(`${topology.alertmanager.url}/api/v2/alerts`)).json()) as {
        labels: Record<string, string>;
        status: { inhibitedBy: string[] };
      }[];
      const toOwner = alerts.filter(({ labels }) => labels.alertname === 'SpendfuseBudgetThreshold' && !labels.to);
      expect(toOwner.map(({ labels }) => labels.threshold)).toEqual(expect.arrayContaining(['50', '90']));
      expect(toOwner.filter(({ status }) => status.inhibitedBy.length === 0)).toEqual([]);
    }, PATIENCE);
  });

  test('provider, ledger, /metrics and Prometheus agree to the nano-dollar', async () => {
    const spent = BigInt(answered) * CALL_NANO_USD;
    await vi.waitFor(
      async () => expect(await budgetNow()).toMatchObject({ state: 'hard', spent: String(spent) }),
      PATIENCE,
    );
    const text = await (await get('/metrics', 'metrics')).text();
    const gauge = new RegExp(`^${METRIC.budgetSpent}\\{[^}]*budget="support-day"[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1];
    expect(Number(gauge)).toBe(Number(spent) / 1e9);
    await vi.waitFor(async () => {
      expect((await query(METRIC.budgetSpent)).map(({ value }) => Number(value[1]))).toEqual([Number(spent) / 1e9]);
      const [counted] = await query(`sum(${METRIC.cost}{team="support"})`);
      expect(Number(counted?.value[1])).toBeCloseTo(Number(spent) / 1e9, 12);
    }, PATIENCE);
  });
});

describe('the dashboard', () => {
  interface Panel {
    title: string;
    targets?: { expr: string }[];
  }

  /** As Grafana does, with every variable at `All`. */
  const interpolate = (expression: string) =>
    expression
      .replaceAll('$__rate_interval', '5s')
      .replaceAll('$__range', '1m')
      .replace(/\$(team|environment|budget)/g, '.*');

  test('has data for every query of every panel', async () => {
    // Spend that no budget covers, and a model that nobody knows the price of.
    const cron = topology.service('cron');
    expect(await cron.spend({ calls: 1 })).toEqual({ answered: 1 });
    expect(await cron.spend({ calls: 1, model: 'gpt-99' })).toEqual({ answered: 1 });
    const file = join(topology.folder, 'grafana/dashboards/spendfuse-overview.json');
    const { panels } = JSON.parse(readFileSync(file, 'utf8')) as { panels: Panel[] };
    const queries = panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ title, expr: interpolate(expr) })),
    );
    expect(queries.length).toBeGreaterThan(20);
    for (const { title, expr } of queries) {
      expect(expr, `${title} uses a variable that this test does not know`).not.toContain('$');
      await vi.waitFor(async () => expect(await query(expr), `${title}: ${expr}`).not.toEqual([]), PATIENCE);
    }
  });
});
