import type { BudgetInstance } from '../../domain/budget.ts';
import { BUDGET_LABEL, METRIC } from '../../telemetry/names.ts';
import type { Sample } from '../message.ts';
import { type Label, type Matchers, type Metric, selector } from '../promql.ts';
import type { AlertName, Firing, RuleCase } from './alert.ts';

/** Any amounts would do; these show two decimals and a thousand. */
const SPENT_USD = 912.5;
const LIMIT_USD = 1000;

type Labels = Partial<Record<Label, string>>;

/** What an alert about this instance has at hand; labels beside the instance's own as given. */
export function sampleOf(instance: BudgetInstance, labels: Labels): Sample {
  return {
    labels: { budget: instance.budget.name, owner: instance.owner, ...instance.labels, ...labels },
    usd: { [METRIC.budgetSpent]: SPENT_USD, [METRIC.budgetLimit]: LIMIT_USD },
  };
}

/** The gauge of an instance on replicas, one for each list of values, with the amounts that the texts look up. */
export function gauges(
  instance: BudgetInstance,
  metric: Metric,
  labels: Labels,
  valuesByReplica: readonly string[],
): RuleCase['series'] {
  const identity = { ...instanceIdentity(instance), [BUDGET_LABEL.shadow]: String(instance.shadow) };
  const observed = valuesByReplica.map((values, index) => ({
    series: onReplica(index, metric, { ...identity, ...labels }),
    values,
  }));
  return [
    ...observed,
    { series: onReplica(0, METRIC.budgetSpent, identity), values: `${SPENT_USD}x10` },
    { series: onReplica(0, METRIC.budgetLimit, identity), values: `${LIMIT_USD}x10` },
  ];
}

function instanceIdentity(instance: BudgetInstance): Matchers {
  return { [BUDGET_LABEL.budget]: instance.budget.name, [BUDGET_LABEL.owner]: instance.owner, ...instance.labels };
}

function onReplica(index: number, metric: Metric, labels: Matchers): string {
  return selector(metric, { ...labels, instance: `replica-${index}:4319` });
}

/** That exactly these fire at that minute; none at all for an empty list. */
export function firingAs(alert: AlertName, at: string, firing: readonly Firing[]): RuleCase['checks'][number] {
  return { at, alert, firing };
}
