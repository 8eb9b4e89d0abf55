import {
  DashboardBuilder,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { Config } from '../../config/config.ts';
import { METRIC } from '../../telemetry/names.ts';
import { type Asset, HEADER, jsonAsset } from '../asset.ts';
import type { Metric } from '../promql.ts';
import { DATASOURCE } from './panels.ts';
import { VARIABLE } from './query.ts';
import { rows } from './rows.ts';

export const OVERVIEW_PATH = 'grafana/dashboards/spendfuse-overview.json';

/** Fixed, so that links survive a new installation. */
const UID = 'spendfuse-overview';

/** Budgets and who spends: panels read only the server's metrics and Prometheus' own ALERTS. */
export function overviewDashboard(config: Config): Asset {
  const dashboard = new DashboardBuilder('spendfuse: budgets and spend')
    .uid(UID)
    .description(`Which budgets are near their limit, who spends, what is refused. ${HEADER}`)
    .tags(['spendfuse'])
    .readonly()
    .timezone('browser')
    .time({ from: 'now-24h', to: 'now' })
    .refresh('30s')
    .link(sameTag())
    .withVariable(new DatasourceVariableBuilder(VARIABLE.datasource).label('Prometheus').type('prometheus'))
    .withVariable(values(VARIABLE.team, 'Team', METRIC.cost))
    .withVariable(values(VARIABLE.environment, 'Environment', METRIC.cost))
    .withVariable(values(VARIABLE.budget, 'Budget', METRIC.budgetLimit));
  addRows(dashboard, config);
  return jsonAsset(OVERVIEW_PATH, dashboard.build());
}

/** Ids count up, so that a link to a panel keeps its place between two generations of the same panels. */
function addRows(dashboard: DashboardBuilder, config: Config): void {
  let id = 1;
  for (const { title, panels } of rows(config)) {
    dashboard.withRow(new RowBuilder(title).id(id++));
    for (const panel of panels) {
      panel.id(id++);
      dashboard.withPanel(panel);
    }
  }
}

/** The other dashboards of spendfuse, with the same variables and time. */
function sameTag(): DashboardLinkBuilder {
  return new DashboardLinkBuilder('spendfuse')
    .type(DashboardLinkType.Dashboards)
    .tags(['spendfuse'])
    .asDropdown(true)
    .includeVars(true)
    .keepTime(true);
}

function values(name: string, label: string, metric: Metric): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query({ query: `label_values(${metric}, ${name})`, refId: name })
    .definition(`label_values(${metric}, ${name})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: 'All', value: '$__all' });
}
