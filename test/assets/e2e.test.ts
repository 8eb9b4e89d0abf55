/** From a gauge to a pager through the real Prometheus and Alertmanager, and every dashboard query against real data. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { METRIC } from '../../src/telemetry/names.ts';
import { type Running, startAlertmanager, startPrometheus } from '../support/prometheus.ts';
import { assetsOf, configAt, emptyFolder, SMALL, writeAssets } from './fixtures.ts';
import { type Page, StandIn, setBudget, setTraffic } from './stand-in.ts';

const PATIENCE = { timeout: 15_000, interval: 100 };
const AT_ONCE = {
  groupWait: '0s',
  groupWaitCritical: '0s',
  groupInterval: '1s',
  groupIntervalCritical: '1s',
  pending: {
    serverDown: '1s',
    telemetryMissing: '1s',
    notReady: '1s',
    reloadFailed: '1s',
    unresolvedHolds: '1s',
    rulesOutdated: '1s',
  },
};
const SUPPORT = { budget: 'team-month', owner: 'support', shadow: 'false', team: 'support' };
const TRIAL = { budget: 'trial', owner: 'support', shadow: 'true' };

const standIn = new StandIn();
const root = emptyFolder();
const running: Running[] = [];
let prometheus: Running;
let alertmanager: Running;

beforeAll(async () => {
  const base = await standIn.start();
  setTraffic(standIn);
  setBudget(standIn, SUPPORT, {
    state: 'ok',
    spent: 10,
    limit: 1000,
    crossed: { 50: ['info', false], 100: ['critical', false] },
  });
  setBudget(standIn, TRIAL, { state: 'ok', spent: 0, limit: 5, crossed: { 90: ['warning', false] } });
  writeAssets(assetsOf(configAt(SMALL), { timing: AT_ONCE }, `${base}/receivers`), root);
  const config = join(root, 'rules/alertmanager/alertmanager.yaml');
  alertmanager = await startAlertmanager({ config, dir: join(root, 'alertmanager') });
  running.push(alertmanager);
  const rules = join(root, 'rules/prometheus/spendfuse.rules.yaml');
  prometheus = await startPrometheus({
    ...{ scrape: `${base}/metrics`, rules, dir: join(root, 'prometheus') },
    alertmanager: alertmanager.url,
  });
  running.push(prometheus);
});

afterAll(async () => {
  await Promise.all(running.map((each) => each.stop()));
  await standIn.stop();
});

async function query(expression: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> {
  const response = await fetch(`${prometheus.url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const body = await response.json();
  if (body.status !== 'success') throw new Error(`${expression}: ${body.error}`);
  return body.data.result;
}

function pagesOf(alertname: string, also: Record<string, string> = {}): Page[] {
  return standIn.pages.filter(
    ({ labels, status }) =>
      status === 'firing' &&
      labels.alertname === alertname &&
      Object.entries(also).every(([name, value]) => labels[name] === value),
  );
}

function receiversOf(pages: readonly Page[]): string[] {
  return [...new Set(pages.map((page) => page.receiver))].sort();
}

async function alertsNow(): Promise<{ labels: Record<string, string>; status: { inhibitedBy: string[] } }[]> {
  return (await fetch(`${alertmanager.url}/api/v2/alerts`)).json();
}

describe('an alert finds its way', () => {
  it('tells nobody of budgets while nothing is crossed', async () => {
    await vi.waitFor(async () => expect(await query(METRIC.budgetThresholdCrossed)).toHaveLength(3), PATIENCE);
    expect(await query('ALERTS{alertname=~"SpendfuseBudget.*"}')).toEqual([]);
  });

  it("tells the owner at a threshold, and finance because the owner's override says so", async () => {
    setBudget(standIn, SUPPORT, {
      state: 'soft',
      spent: 512.5,
      limit: 1000,
      crossed: { 50: ['info', true], 100: ['critical', false] },
    });
    await vi.waitFor(
      () => expect(receiversOf(pagesOf('SpendfuseBudgetThreshold'))).toEqual(['finance-mail', 'support-slack']),
      PATIENCE,
    );
    const [toOwner] = pagesOf('SpendfuseBudgetThreshold').filter(({ receiver }) => receiver === 'support-slack');
    expect(toOwner?.labels).toMatchObject({
      ...{ owner: 'support', budget: 'team-month', team: 'support' },
      severity: 'info',
      threshold: '50',
    });
    expect(toOwner?.labels).not.toHaveProperty('to');
    expect(toOwner?.annotations).toMatchObject({
      summary: 'Budget team-month has crossed 50% of its limit (team=support)',
      description: expect.stringContaining('$512.50 of $1000.00 spent in this window.'),
    });
    expect(receiversOf(pagesOf('SpendfuseBudgetThreshold', { to: 'finance' }))).toEqual(['finance-mail']);
  });

  it('pages the owner when the budget is hard, and mutes the softer alerts of that instance only', async () => {
    setBudget(standIn, SUPPORT, {
      state: 'hard',
      spent: 1000,
      limit: 1000,
      crossed: { 50: ['info', true], 100: ['critical', true] },
    });
    await vi.waitFor(() => expect(receiversOf(pagesOf('SpendfuseBudgetHard'))).toEqual(['support-slack']), PATIENCE);
    await vi.waitFor(async () => {
      const alerts = (await alertsNow()).filter(({ labels }) => labels.budget === 'team-month');
      const muted = alerts.filter(({ status }) => status.inhibitedBy.length > 0).map(({ labels }) => labels);
      const heard = alerts.filter(({ status }) => status.inhibitedBy.length === 0).map(({ labels }) => labels);
      expect(muted.map(({ threshold }) => threshold).sort()).toEqual(['100', '50']);
      expect(muted.filter(({ to }) => to)).toEqual([]);
      expect(heard.map(({ alertname, to }) => [alertname, to]).sort()).toEqual([
        ['SpendfuseBudgetHard', undefined],
        ['SpendfuseBudgetThreshold', 'finance'],
      ]);
    }, PATIENCE);
  });

  it('only informs about a shadow budget, and says so', async () => {
    setBudget(standIn, TRIAL, { state: 'soft', spent: 5, limit: 5, crossed: { 90: ['warning', true] } });
    await vi.waitFor(() => expect(receiversOf(pagesOf('SpendfuseBudgetShadow'))).toEqual(['support-slack']), PATIENCE);
    const [page] = pagesOf('SpendfuseBudgetShadow');
    expect(page?.labels).toMatchObject({ severity: 'info', budget: 'trial', scope: 'workflow=trial' });
    expect(page?.annotations.description).toContain('In shadow mode it only counts');
    expect(pagesOf('SpendfuseBudgetThreshold', { budget: 'trial' })).toEqual([]);
  });

  it('tells the platform team of refusals, of usage without a price and of spend outside all budgets', async () => {
    for (const alert of ['SpendfuseDenials', 'SpendfuseUnpricedUsage', 'SpendfuseUnownedSpend']) {
      await vi.waitFor(() => expect(receiversOf(pagesOf(alert)), alert).toEqual(['platform-pager']), PATIENCE);
    }
  });
});

describe('the dashboard', () => {
  interface Panel {
    title: string;
    targets?: { expr: string; instant?: boolean }[];
  }
  const read = () => JSON.parse(readFileSync(join(root, 'grafana/dashboards/spendfuse-overview.json'), 'utf8'));
  /** As Grafana does, with every variable at `All`. */
  const interpolate = (expression: string) =>
    expression
      .replaceAll('$__rate_interval', '5s')
      .replaceAll('$__range', '1m')
      .replace(/\$(team|environment|budget)/g, '.*');

  it('has data for every query of every panel', async () => {
    const panels = (read().panels as Panel[]).filter((panel) => panel.targets);
    const queries = panels.flatMap(({ title, targets }) =>
      targets!.map(({ expr }) => ({ title, expr: interpolate(expr) })),
    );
    expect(queries.length).toBeGreaterThan(20);
    for (const { title, expr } of queries) {
      expect(expr, `${title} uses a variable that this test does not know`).not.toContain('$');
      await vi.waitFor(async () => expect(await query(expr), `${title}: ${expr}`).not.toEqual([]), PATIENCE);
    }
  });

  it('shows the states that the gauges are in', async () => {
    const { panels } = read() as { panels: Panel[] };
    const shownBy = async (title: string) => {
      const panel = panels.find((each) => each.targets && each.title === title)!;
      return (await query(interpolate(panel.targets![0]!.expr))).map(({ metric, value }) => [metric.budget, value[1]]);
    };
    expect(await shownBy('Hard budgets')).toEqual([[undefined, '1']]);
    expect(await shownBy('Soft budgets')).toEqual([[undefined, '0']]);
    expect((await shownBy('Limit used')).sort()).toEqual([
      ['team-month', '100'],
      ['trial', '100'],
    ]);
    expect((await shownBy('Budgets')).sort()).toEqual([
      ['team-month', '2'],
      ['trial', '1'],
    ]);
  });

  it('offers values for every variable but the data source', async () => {
    const variables = read().templating.list as { name: string; type: string; query: { query: string } }[];
    expect(variables.map(({ name }) => name)).toEqual(['datasource', 'team', 'environment', 'budget']);
    for (const { query: source } of variables.slice(1)) {
      const [, metric, name] = /^label_values\((\w+), (\w+)\)$/.exec(source.query)!;
      const response = await fetch(`${prometheus.url}/api/v1/label/${name}/values?match[]=${metric}`);
      expect((await response.json()).data, name).not.toEqual([]);
    }
  });
});

describe('when the server is gone', () => {
  it('pages the platform team; and every page of this test went where its labels say', async () => {
    standIn.broken = true;
    await vi.waitFor(() => expect(receiversOf(pagesOf('SpendfuseServerDown'))).toEqual(['platform-pager']), PATIENCE);
    for (const { receiver, labels } of standIn.pages) {
      const expected = { finance: 'finance-mail', platform: 'platform-pager' }[labels.to ?? ''] ?? 'support-slack';
      expect(receiver, JSON.stringify(labels)).toBe(expected);
    }
  });
});
