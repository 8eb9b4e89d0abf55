import { type DynamicConfigValue, MappingType } from '@grafana/grafana-foundation-sdk/dashboard';
import * as table from '@grafana/grafana-foundation-sdk/table';
import type { Config } from '../../config/config.ts';
import { BUDGET_LABEL, METRIC } from '../../telemetry/names.ts';
import { ALERT_LABEL } from '../alerts/alert.ts';
import { DATASOURCE, FULL, HALF, type PanelSource } from './panels.ts';
import { instanceLabels, nowAs, ofInstances, stateNumber } from './query.ts';

const USD: DynamicConfigValue[] = [{ id: 'unit', value: 'currencyUSD' }];

const COLUMNS: Readonly<Record<string, { title: string; properties: DynamicConfigValue[] }>> = {
  'Value #state': { title: 'State', properties: stateCell() },
  'Value #spent': { title: 'Spent', properties: USD },
  'Value #limit': { title: 'Limit', properties: USD },
  'Value #reserved': { title: 'Reserved', properties: USD },
  'Value #unresolved': { title: 'Unresolved', properties: USD },
  'Value #window_end': { title: 'Window ends', properties: [{ id: 'unit', value: 'dateTimeAsIso' }] },
};

/** A row for each budget instance: its state, its money and when its window ends. */
export function budgetTable(config: Config): PanelSource {
  const panel = new table.PanelBuilder()
    .title('Budgets')
    .description(
      'Each instance as the ledger has it. Hard: calls are stopped. Unresolved money counts against the cap.',
    )
    .datasource(DATASOURCE)
    .span(HALF)
    .height(9)
    .targets([
      nowAs('state', stateNumber(config)),
      nowAs('spent', ofInstances(config, METRIC.budgetSpent)),
      nowAs('limit', ofInstances(config, METRIC.budgetLimit)),
      nowAs('reserved', ofInstances(config, METRIC.budgetReserved)),
      nowAs('unresolved', ofInstances(config, METRIC.budgetUnresolved)),
      nowAs('window_end', `1000 * ${ofInstances(config, METRIC.budgetWindowEnd)}`),
    ])
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation(columns([...instanceLabels(config), ...Object.keys(COLUMNS)], titles()));
  for (const { title, properties } of Object.values(COLUMNS)) panel.overrideByName(title, properties);
  return panel;
}

function titles(): Record<string, string> {
  return Object.fromEntries(Object.entries(COLUMNS).map(([name, { title }]) => [name, title]));
}

/** Prometheus' own series of what fires; Grafana's alert list knows only Grafana's alerts. */
export function alertTable(): PanelSource {
  const shown = [
    'alertname',
    BUDGET_LABEL.severity,
    BUDGET_LABEL.owner,
    ALERT_LABEL.to,
    ALERT_LABEL.scope,
    BUDGET_LABEL.budget,
    BUDGET_LABEL.threshold,
  ];
  return new table.PanelBuilder()
    .title('Firing alerts')
    .description('`to` names whom the alert tells besides the owner. What each means stands in rules/runbooks.')
    .datasource(DATASOURCE)
    .span(FULL)
    .height(8)
    .noValue('No alert is firing')
    .withTarget(nowAs('alerts', `max by (${shown.join(', ')}) (ALERTS{alertname=~"Spendfuse.*",alertstate="firing"})`))
    .withTransformation(columns(shown, {}));
}

/** These columns in this order; the time and bare value of each query say nothing here. */
function columns(order: readonly string[], renameByName: Record<string, string>) {
  const indexByName = Object.fromEntries(order.map((name, index) => [name, index]));
  return { id: 'organize', options: { excludeByName: { Time: true, Value: true }, indexByName, renameByName } };
}

function stateCell(): DynamicConfigValue[] {
  const options = {
    0: { text: 'ok', color: 'green', index: 0 },
    1: { text: 'soft', color: 'orange', index: 1 },
    2: { text: 'hard', color: 'red', index: 2 },
  };
  return [
    { id: 'mappings', value: [{ type: MappingType.ValueToText, options }] },
    { id: 'custom.cellOptions', value: { type: 'color-background' } },
  ];
}
