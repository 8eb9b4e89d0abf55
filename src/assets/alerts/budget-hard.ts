import type { Config } from '../../config/config.ts';
import type { Budget, BudgetInstance, Threshold } from '../../domain/budget.ts';
import { BUDGET_LABEL, METRIC } from '../../telemetry/names.ts';
import { type Copy, copies, copiesOf } from '../copies.ts';
import { label, message, usd } from '../message.ts';
import { acrossReplicas, anyOf, type Matchers, selector } from '../promql.ts';
import { hardActions } from '../sentences.ts';
import { instanceLabels, isStopping, sampleInstances, scope, selections, variants } from '../terms.ts';
import { ALERT, ALERT_LABEL, type AlertKind, type AlertRule, type RuleCase } from './alert.ts';
import { firingAs, gauges, sampleOf } from './budget-samples.ts';

/**
 * One rule for each budget that can stop calls, a copy for each name that a stopping threshold notifies, and one for
 * budgets that these rules do not know (yet): a cap must page even when somebody forgot to generate.
 */
function rules(config: Config): AlertRule[] {
  const stopping = config.budgets.filter(stops);
  const named = stopping.flatMap((budget) =>
    [undefined, ...copies(config, budget, isStopping)].map((copy) => rule(budget, copy)),
  );
  return [...named, unlisted(stopping)];
}

function stops(budget: Budget): boolean {
  return variants(budget).some((variant) => variant.thresholds.some(isStopping));
}

function rule(budget: Budget, copy?: Copy): AlertRule {
  const spent = message`${usd(METRIC.budgetSpent, instanceLabels(budget))} of ${usd(METRIC.budgetLimit, instanceLabels(budget))}`;
  const hard = (instances: Matchers) =>
    hardState({ [BUDGET_LABEL.budget]: budget.name, ...instances, ...copy?.matchers });
  const meant = (threshold: Threshold) => !copy || threshold.notify.includes(copy.to);
  const series = selections(budget, isStopping, meant).map(({ matchers, except }) =>
    [hard(matchers), ...except.map(hard)].join(' unless '),
  );
  return {
    alert: ALERT.hard,
    expr: isHard(series.join(' or ')),
    labels: {
      [BUDGET_LABEL.budget]: [budget.name],
      [BUDGET_LABEL.severity]: ['critical'],
      [ALERT_LABEL.scope]: scope(budget),
      ...(copy && { [ALERT_LABEL.to]: [copy.to] }),
    },
    summary: message`Budget ${budget.name} is at its hard limit (${scope(budget)})`,
    description: message`${spent} spent in this window. ${hardActions(budget)} Owner: ${label('owner')}.`,
  };
}

function unlisted(listed: readonly Budget[]): AlertRule {
  const names = listed.map((budget) => budget.name);
  const matchers: Matchers = names.length > 0 ? { [BUDGET_LABEL.budget]: { notMatching: anyOf(names) } } : {};
  return {
    alert: ALERT.hard,
    expr: isHard(hardState(matchers)),
    labels: { severity: ['critical'], [ALERT_LABEL.scope]: ['see the other labels'] },
    summary: message`Budget ${label('budget')} is at its hard limit`,
    description: message`These rules do not know this budget's terms: generate them again. Owner: ${label('owner')}.`,
  };
}

function hardState(matchers: Matchers): string {
  return selector(METRIC.budgetState, {
    ...matchers,
    [BUDGET_LABEL.shadow]: { not: 'true' },
    [BUDGET_LABEL.state]: 'hard',
  });
}

function isHard(series: string): string {
  return `${acrossReplicas(series, [BUDGET_LABEL.shadow, BUDGET_LABEL.state])} == 1`;
}

function cases(config: Config): RuleCase[] {
  const stopping = config.budgets.filter(stops);
  const instances = stopping.flatMap((budget) => sampleInstances(budget, config)).filter(({ shadow }) => !shadow);
  return [
    ...instances.filter(canStop).map((each) => firesWhenHard(config, each)),
    ...instances.map(silentWhenSoft),
    unlistedCase(stopping),
  ];
}

function canStop(instance: BudgetInstance): boolean {
  return instance.thresholds.some(isStopping);
}

function firesWhenHard(config: Config, instance: BudgetInstance): RuleCase {
  const told = copiesOf(config, instance, isStopping);
  const copied = told.map((to) => rule(instance.budget, { to, matchers: {} }));
  const firing = [rule(instance.budget), ...copied].map((each) => ({ rule: each, sample: sampleOf(instance, {}) }));
  return {
    name: `${instance.key} pages ${['its owner', ...told].join(', ')} once, though two replicas say it is hard`,
    series: gauges(instance, METRIC.budgetState, { state: 'hard' }, ['0 0 1x3', '0 0 1x3']),
    checks: [firingAs(ALERT.hard, '1m', []), firingAs(ALERT.hard, '2m', firing)],
  };
}

function silentWhenSoft(instance: BudgetInstance): RuleCase {
  return {
    name: `${instance.key} pages nobody while it is soft`,
    series: gauges(instance, METRIC.budgetState, { state: 'soft' }, ['1x5']),
    checks: [firingAs(ALERT.hard, '3m', [])],
  };
}

function unlistedCase(listed: readonly Budget[]): RuleCase {
  const labels = { budget: 'a-budget-made-after-the-rules', owner: 'somebody' };
  return {
    name: 'a hard budget that the rules do not know still pages',
    series: [{ series: selector(METRIC.budgetState, { ...labels, shadow: 'false', state: 'hard' }), values: '1x5' }],
    checks: [firingAs(ALERT.hard, '1m', [{ rule: unlisted(listed), sample: { labels, usd: {} } }])],
  };
}

export const budgetHard: AlertKind = {
  name: ALERT.hard,
  group: 'budgets',
  rules,
  cases,
  runbook: `
A budget instance is hard: a stopping threshold is reached, less than 1 % of the limit is left, or a call was refused for
lack of room at 90 % and above.

## What it means for users
Calls that count towards this instance are refused before they leave the service (HTTP 402, \`BudgetExceededError\`), or
do what the budget says instead. The description names it. Other budgets are not touched.

## What to do
1. On the dashboard, find out what spent the money: **Spend by team, model, key**, then **Denials**.
2. A runaway (a loop, a retry storm, a leaked key): stop it at its source. The cap is holding; there is no hurry to raise it.
3. Real demand: raise \`limit\` in \`rules/budgets.yaml\` with whoever approves it. The server reloads without a restart and
   the alert resolves by itself.
4. Much of it unresolved rather than spent: see SpendfuseUnresolvedHolds.
`,
};
