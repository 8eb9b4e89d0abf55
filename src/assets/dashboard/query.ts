import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import type { Config } from '../../config/config.ts';
import { BUDGET_LABEL, METRIC } from '../../telemetry/names.ts';
import { type Matchers, type Metric, selector } from '../promql.ts';
import { perDimensions } from '../terms.ts';

/** The dashboard's variables; `All` is `.*`, which also matches series without the label. */
export const VARIABLE = {
  datasource: 'datasource',
  team: 'team',
  environment: 'environment',
  budget: 'budget',
} as const;

/** Grafana's own: a window that fits the scrape interval, and the time range on display. */
const RATE_WINDOW = '$__rate_interval';
export const SHOWN_RANGE = '$__range';

const ATTRIBUTION: Matchers = {
  team: { matching: `$${VARIABLE.team}` },
  environment: { matching: `$${VARIABLE.environment}` },
};

/** A counter of settlements, narrowed by the variables. */
export function counted(metric: Metric, matchers: Matchers = {}): string {
  return selector(metric, { ...ATTRIBUTION, ...matchers });
}

/** Per second. */
export function rate(series: string): string {
  return `rate(${series}[${RATE_WINDOW}])`;
}

/** A budget gauge, one value for each instance, however many replicas export it. */
export function ofInstances(config: Config, metric: Metric, matchers: Matchers = {}): string {
  const narrowed = selector(metric, {
    [BUDGET_LABEL.budget]: { matching: `$${VARIABLE.budget}` },
    ...ATTRIBUTION,
    ...matchers,
  });
  return `max by (${instanceLabels(config).join(', ')}) (${narrowed})`;
}

/** 0 ok, 1 soft, 2 hard. */
export function stateNumber(config: Config): string {
  const is = (state: string) => ofInstances(config, METRIC.budgetState, { [BUDGET_LABEL.state]: state });
  return `2 * ${is('hard')} + ${is('soft')}`;
}

/** Legend of an instance: the budget and its `per` values. */
export function instanceLegend(config: Config): string {
  return [BUDGET_LABEL.budget, ...perDimensions(config)].map((name) => `{{${name}}}`).join(' ');
}

export function instanceLabels(config: Config): string[] {
  return [BUDGET_LABEL.budget, BUDGET_LABEL.owner, ...perDimensions(config)];
}

export function overTime(expression: string, legend: string): DataqueryBuilder {
  return new DataqueryBuilder().expr(expression).legendFormat(legend).range();
}

/** The latest value only, as a row of a table under this reference. */
export function nowAs(refId: string, expression: string): DataqueryBuilder {
  return new DataqueryBuilder().refId(refId).expr(expression).format(PromQueryFormat.Table).instant();
}

export function now(expression: string, legend = ''): DataqueryBuilder {
  return new DataqueryBuilder().expr(expression).legendFormat(legend).instant();
}
