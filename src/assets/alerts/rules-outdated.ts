import type { Config } from '../../config/config.ts';
import { BUDGET_LABEL, METRIC } from '../../telemetry/names.ts';
import { label, message } from '../message.ts';
import type { Settings } from '../options.ts';
import { anyOf, selector } from '../promql.ts';
import { ALERT, type AlertKind, type AlertRule, platformLabels, type RuleCase } from './alert.ts';

function rules(config: Config, { timing }: Settings): AlertRule[] {
  const unknown = selector(METRIC.budgetLimit, {
    [BUDGET_LABEL.budget]: { notMatching: anyOf(config.budgets.map((budget) => budget.name)) },
  });
  return [
    {
      alert: ALERT.rulesOutdated,
      expr: `count by (${BUDGET_LABEL.budget}) (${unknown}) > 0`,
      for: timing.pending.rulesOutdated,
      labels: platformLabels('warning', message`budget=${label('budget')}`),
      summary: message`Prometheus has no threshold rules for budget ${label('budget')}`,
      description: message`The server has a budget that these rules were not generated from: its thresholds tell nobody.`,
    },
  ];
}

function cases(config: Config, settings: Settings): RuleCase[] {
  const [rule] = rules(config, settings);
  const sample = { labels: { budget: 'a-budget-made-after-the-rules' }, usd: {} };
  return [
    {
      name: 'a budget that the rules do not know is told about, and the ones they know are not',
      series: [...config.budgets.map((budget) => budget.name), sample.labels.budget].map((budget) => ({
        series: selector(METRIC.budgetLimit, { budget, owner: 'somebody', shadow: 'false' }),
        values: '1000x120',
      })),
      checks: [
        { at: '0m', alert: ALERT.rulesOutdated, firing: [] },
        { at: '2h', alert: ALERT.rulesOutdated, firing: [{ rule: rule!, sample }] },
      ],
    },
  ];
}

export const rulesOutdated: AlertKind = {
  name: ALERT.rulesOutdated,
  group: 'health',
  rules,
  cases,
  runbook: `
The budgets were changed and loaded by the server, but the rules in Prometheus are from before. Caps hold and hard budgets
still page; the new budget's thresholds tell nobody.

## What to do
1. Run \`spendfuse generate\`, review the diff, commit it, and let Prometheus and Alertmanager load it.
2. Keep \`npm run check:generated\` in CI: it fails on exactly this.
`,
};
