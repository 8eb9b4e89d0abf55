import type { Config } from '../../config/config.ts';
import type { Budget, BudgetInstance } from '../../domain/budget.ts';
import { BUDGET_LABEL, METRIC, thresholdLabel } from '../../telemetry/names.ts';
import { label, message, usd } from '../message.ts';
import { acrossReplicas, selector } from '../promql.ts';
import { instanceLabels, mayBeShadow, sampleInstances, scope } from '../terms.ts';
import { ALERT, ALERT_LABEL, type AlertKind, type AlertRule, type RuleCase } from './alert.ts';
import { firingAs, gauges, sampleOf } from './budget-samples.ts';

/** The gauge's severity is dropped: a shadow budget only informs, whatever its thresholds would be in earnest. */
function rules(config: Config): AlertRule[] {
  return config.budgets.filter(mayBeShadow).map(rule);
}

function rule(budget: Budget): AlertRule {
  const spent = message`${usd(METRIC.budgetSpent, instanceLabels(budget))} of ${usd(METRIC.budgetLimit, instanceLabels(budget))}`;
  const crossed = selector(METRIC.budgetThresholdCrossed, {
    [BUDGET_LABEL.budget]: budget.name,
    [BUDGET_LABEL.shadow]: 'true',
  });
  return {
    alert: ALERT.shadow,
    expr: `${acrossReplicas(crossed, [BUDGET_LABEL.severity])} == 1`,
    labels: {
      [BUDGET_LABEL.budget]: [budget.name],
      [BUDGET_LABEL.severity]: ['info'],
      [ALERT_LABEL.scope]: scope(budget),
    },
    summary: message`Shadow budget ${budget.name} would have crossed ${label('threshold')}% (${scope(budget)})`,
    description: message`${spent} spent in this window. In shadow mode it only counts: no call is stopped. Owner: ${label('owner')}.`,
  };
}

function cases(config: Config): RuleCase[] {
  return config.budgets.flatMap((budget) =>
    sampleInstances(budget, config)
      .filter((instance) => instance.shadow)
      .map(informsOnly),
  );
}

function informsOnly(instance: BudgetInstance): RuleCase {
  const highest = Math.max(...instance.thresholds.map((threshold) => threshold.atBasisPoints));
  const at = instance.thresholds.find((threshold) => threshold.atBasisPoints === highest)!;
  const labels = { threshold: thresholdLabel(highest), severity: at.severity };
  const sample = sampleOf(instance, { threshold: labels.threshold, shadow: 'true' });
  return {
    name: `${instance.key} is in shadow: its highest threshold informs, and raises nothing else`,
    series: gauges(instance, METRIC.budgetThresholdCrossed, labels, ['0 0 1x3', '0 0 1x3']),
    checks: [
      firingAs(ALERT.shadow, '1m', []),
      firingAs(ALERT.shadow, '2m', [{ rule: rule(instance.budget), sample }]),
      firingAs(ALERT.threshold, '2m', []),
      firingAs(ALERT.hard, '2m', []),
    ],
  };
}

export const budgetShadow: AlertKind = {
  name: ALERT.shadow,
  group: 'budgets',
  rules,
  cases,
  runbook: `
A budget with \`shadow: true\` counts and tells, but never acts. It has crossed a threshold that would matter in earnest.

## What it means for users
Nothing. No call is stopped, rewritten or delayed by this budget.

## What to do
1. Ask whether the limit is right: if this happens in every window, it would have stopped people.
2. When the limit has been right for a few windows, remove \`shadow: true\` and generate the rules again.
`,
};
