import type { Config } from '../../config/config.ts';
import { BUDGET_LABEL, COUNTER_LABEL, METRIC } from '../../telemetry/names.ts';
import { type Label, selector } from '../promql.ts';
import { bars, figure, HALF, lines, type PanelSource, SIXTH, THIRD } from './panels.ts';
import { counted, instanceLegend, now, ofInstances, overTime, rate, SHOWN_RANGE } from './query.ts';
import { alertTable, budgetTable } from './tables.ts';

export interface Row {
  title: string;
  panels: PanelSource[];
}

const REFUSED = selector(METRIC.decisions, { [COUNTER_LABEL.decision]: { matching: 'block|pause' } });

export function rows(config: Config): Row[] {
  return [
    { title: 'Now', panels: figures(config) },
    { title: 'Budgets', panels: [usedBars(config), budgetTable(config)] },
    { title: 'Spend', panels: spend() },
    { title: 'Decisions', panels: decisions() },
    { title: 'Money in doubt', panels: doubt(config) },
    { title: 'Alerts', panels: [alertTable()] },
  ];
}

function figures(config: Config): PanelSource[] {
  const inState = (state: string) =>
    `count(${ofInstances(config, METRIC.budgetState, { [BUDGET_LABEL.shadow]: { not: 'true' }, [BUDGET_LABEL.state]: state })} == 1) or vector(0)`;
  return [
    figure(
      {
        title: 'Hard budgets',
        description: 'Instances that stop calls now.',
        unit: 'none',
        width: SIXTH,
        alarming: true,
      },
      now(inState('hard')),
    ),
    figure(
      {
        title: 'Soft budgets',
        description: 'Instances with a threshold crossed, below their cap.',
        unit: 'none',
        width: SIXTH,
      },
      now(inState('soft')),
    ),
    figure(
      { title: 'Spend', description: 'In the time range shown.', unit: 'currencyUSD', width: SIXTH },
      now(`sum(increase(${counted(METRIC.cost)}[${SHOWN_RANGE}]))`),
    ),
    figure(
      { title: 'Spend per hour', description: 'At the present rate.', unit: 'currencyUSD', width: SIXTH },
      now(`3600 * sum(${rate(counted(METRIC.cost))})`),
    ),
    figure(
      { title: 'Calls refused', description: 'In the time range shown.', unit: 'none', width: SIXTH, alarming: true },
      now(`sum(increase(${REFUSED}[${SHOWN_RANGE}])) or vector(0)`),
    ),
    figure(
      { title: 'Servers ready', description: 'Replicas that decide.', unit: 'none', width: SIXTH },
      now(`sum(${selector(METRIC.ready)})`),
    ),
  ];
}

function usedBars(config: Config): PanelSource {
  const used = `100 * ${ofInstances(config, METRIC.budgetSpent)} / ${ofInstances(config, METRIC.budgetLimit)}`;
  return bars(
    {
      title: 'Limit used',
      description: 'Spent as a share of the limit, in the window of now.',
      unit: 'percent',
      width: HALF,
    },
    now(used, instanceLegend(config)),
  );
}

function spend(): PanelSource[] {
  const by = (title: string, label: Label) =>
    lines(
      {
        title: `Spend by ${title}`,
        description: 'USD per hour, from settlements.',
        unit: 'currencyUSD',
        width: THIRD,
        stacked: true,
      },
      overTime(`3600 * sum by (${label}) (${rate(counted(METRIC.cost))})`, `{{${label}}}`),
    );
  return [
    by('team', 'team'),
    by('model', 'model'),
    by('key', 'key_alias'),
    lines(
      { title: 'Tokens by type', description: 'Tokens per second.', unit: 'none', width: HALF, stacked: true },
      overTime(`sum by (${COUNTER_LABEL.type}) (${rate(counted(METRIC.tokens))})`, `{{${COUNTER_LABEL.type}}}`),
    ),
    lines(
      {
        title: 'Calls by outcome',
        description: 'Settled attempts per second.',
        unit: 'reqps',
        width: HALF,
        stacked: true,
      },
      overTime(`sum by (${COUNTER_LABEL.outcome}) (${rate(counted(METRIC.calls))})`, `{{${COUNTER_LABEL.outcome}}}`),
    ),
  ];
}

function decisions(): PanelSource[] {
  const duration = `${METRIC.decisionDuration}_bucket` as const;
  const quantile = (share: number) => `histogram_quantile(${share}, sum by (le) (${rate(selector(duration))}))`;
  return [
    lines(
      { title: 'Decisions by kind', description: 'Decisions per second.', unit: 'reqps', width: THIRD, stacked: true },
      overTime(
        `sum by (${COUNTER_LABEL.decision}) (${rate(selector(METRIC.decisions))})`,
        `{{${COUNTER_LABEL.decision}}}`,
      ),
    ),
    lines(
      {
        title: 'Denials',
        description: 'Refused calls per second, by reason.',
        unit: 'reqps',
        width: THIRD,
        stacked: true,
      },
      overTime(`sum by (${COUNTER_LABEL.reason}) (${rate(REFUSED)})`, `{{${COUNTER_LABEL.reason}}}`),
    ),
    lines(
      { title: 'Time to decide', description: 'In the server, waits for room included.', unit: 's', width: THIRD },
      overTime(quantile(0.5), 'median'),
      overTime(quantile(0.99), '99th percentile'),
    ),
    lines(
      { title: 'Sessions', description: 'Client processes that heartbeat.', unit: 'none', width: HALF },
      overTime(`sum(${selector(METRIC.sessions)})`, 'sessions'),
    ),
    lines(
      {
        title: 'Waiting',
        description: 'Reservations that wait for calls in flight to end.',
        unit: 'none',
        width: HALF,
      },
      overTime(`sum(${selector(METRIC.waiting)})`, 'waiting'),
    ),
  ];
}

function doubt(config: Config): PanelSource[] {
  const usd = (title: string, description: string) => ({ title, description, unit: 'currencyUSD', width: HALF });
  return [
    lines(
      usd('Reserved', 'Set aside for calls in flight. A call counts in each budget that holds it.'),
      overTime(ofInstances(config, METRIC.budgetReserved), instanceLegend(config)),
    ),
    lines(
      usd('Unresolved', 'Set aside for calls that never said how they ended.'),
      overTime(ofInstances(config, METRIC.budgetUnresolved), instanceLegend(config)),
    ),
    lines(
      { title: 'Unpriced calls', description: 'Per second; booked at the ceiling price.', unit: 'reqps', width: HALF },
      overTime(`sum by (provider, model) (${rate(counted(METRIC.unpricedCalls))})`, '{{provider}} {{model}}'),
    ),
    lines(
      usd('Spend outside all budgets', 'USD per hour that nothing limits.'),
      overTime(`3600 * sum by (service) (${rate(counted(METRIC.unownedCost))})`, '{{service}}'),
    ),
  ];
}
