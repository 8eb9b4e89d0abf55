import type { Config } from '../../config/config.ts';
import type { Budget, BudgetInstance, Threshold } from '../../domain/budget.ts';
import { BUDGET_LABEL, METRIC, thresholdLabel } from '../../telemetry/names.ts';
import { type Copy, copies, copiesOf } from '../copies.ts';
import { label, message, usd } from '../message.ts';
import { acrossReplicas, type Matchers, selector } from '../promql.ts';
import { actionsAt } from '../sentences.ts';
import { instanceLabels, isAt, type Point, points, sampleInstances, scope, selections } from '../terms.ts';
import { ALERT, ALERT_LABEL, type AlertKind, type AlertRule, type RuleCase } from './alert.ts';
import { firingAs, gauges, sampleOf } from './budget-samples.ts';

/**
 * One rule for each distinct threshold of a budget, whose labels come from the gauge; and a copy with `to` for each name
 * in `notify`. Whether a threshold is crossed is the ledger's fact: no `for`, no rate.
 */
function rules(config: Config): AlertRule[] {
  return config.budgets.flatMap((budget) => points(budget).flatMap((point) => rulesAt(config, budget, point)));
}

function rulesAt(config: Config, budget: Budget, point: Point): AlertRule[] {
  const at = (threshold: Threshold) => isAt(threshold, point);
  return [undefined, ...copies(config, budget, at)].map((copy) => rule(budget, point, copy));
}

function rule(budget: Budget, point: Point, copy?: Copy): AlertRule {
  const spent = message`${usd(METRIC.budgetSpent, instanceLabels(budget))} of ${usd(METRIC.budgetLimit, instanceLabels(budget))}`;
  return {
    alert: ALERT.threshold,
    expr: expression(budget, point, copy),
    labels: {
      [BUDGET_LABEL.budget]: [budget.name],
      [BUDGET_LABEL.threshold]: [point.percent],
      [BUDGET_LABEL.severity]: [point.severity],
      [ALERT_LABEL.scope]: scope(budget),
      ...(copy && { [ALERT_LABEL.to]: [copy.to] }),
    },
    summary: message`Budget ${budget.name} has crossed ${point.percent}% of its limit (${scope(budget)})`,
    description: message`${spent} spent in this window. ${actionsAt(budget, (each) => isAt(each, point))} Owner: ${label('owner')}.`,
  };
}

function expression(budget: Budget, point: Point, copy?: Copy): string {
  const crossed = (instances: Matchers) =>
    selector(METRIC.budgetThresholdCrossed, {
      [BUDGET_LABEL.budget]: budget.name,
      ...instances,
      ...copy?.matchers,
      [BUDGET_LABEL.severity]: point.severity,
      [BUDGET_LABEL.shadow]: { not: 'true' },
      [BUDGET_LABEL.threshold]: point.percent,
    });
  const meant = (threshold: Threshold) => !copy || threshold.notify.includes(copy.to);
  const series = selections(budget, (each) => isAt(each, point), meant).map(({ matchers, except }) =>
    [crossed(matchers), ...except.map(crossed)].join(' unless '),
  );
  return `${acrossReplicas(series.join(' or '), [BUDGET_LABEL.shadow])} == 1`;
}

function cases(config: Config): RuleCase[] {
  return config.budgets.flatMap((budget) =>
    sampleInstances(budget, config)
      .filter((instance) => !instance.shadow)
      .flatMap((instance) => pointsOf(instance).map((point) => caseFor(config, instance, point))),
  );
}

function pointsOf(instance: BudgetInstance): Point[] {
  const own = instance.thresholds.map((each) => `${thresholdLabel(each.atBasisPoints)}/${each.severity}`);
  return points(instance.budget).filter((point) => own.includes(`${point.percent}/${point.severity}`));
}

/** Crossed at minute 2 on one replica, while the other lags: silent before, and one alert for each who is told after. */
function caseFor(config: Config, instance: BudgetInstance, point: Point): RuleCase {
  const told = copiesOf(config, instance, (threshold) => isAt(threshold, point));
  const labels = { threshold: point.percent, severity: point.severity };
  const sample = sampleOf(instance, labels);
  const copied = told.map((to) => ({ rule: rule(instance.budget, point, { to, matchers: {} }), sample }));
  const firing = [{ rule: rule(instance.budget, point), sample }, ...copied];
  return {
    name: `${instance.key} tells ${['its owner', ...told].join(', ')} at ${point.percent}% and not before`,
    series: gauges(instance, METRIC.budgetThresholdCrossed, labels, ['0 0 1x3', '0 0 0x3']),
    checks: [firingAs(ALERT.threshold, '1m', []), firingAs(ALERT.threshold, '2m', firing)],
  };
}

export const budgetThreshold: AlertKind = {
  name: ALERT.threshold,
  group: 'budgets',
  rules,
  cases,
  runbook: `
Spending of one budget instance has crossed a threshold of its limit. The ledger decides that, once per instance and
window; the alert stays up until the window ends or the limit is raised. It is a fact about money, not a rate.

## What it means for users
Nothing, unless the description names an action: then calls are rewritten to a cheaper model, paused or blocked from here on.

## What to do
1. Look at **Spend by team, model, key** on the dashboard for what grew: a launch, a new model, one key.
2. Expected growth: raise \`limit\` in \`rules/budgets.yaml\` with whoever approves it, or plan the rest of the window.
3. Not expected: find the key or workflow that grew, and fix or stop it. The budget's cap stops it for you in the end.
`,
};
