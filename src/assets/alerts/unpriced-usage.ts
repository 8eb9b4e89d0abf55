import { METRIC } from '../../telemetry/names.ts';
import { COUNT, label, message } from '../message.ts';
import { grew, selector } from '../promql.ts';
import { ALERT, type AlertKind, type AlertRule, platformLabels } from './alert.ts';

const WINDOW = '1h';

function rules(): AlertRule[] {
  return [
    {
      alert: ALERT.unpriced,
      expr: `sum by (provider, model) (${grew(selector(METRIC.unpricedCalls), WINDOW)}) > 0`,
      labels: platformLabels('warning', message`provider=${label('provider')}, model=${label('model')}`),
      summary: message`Calls to ${label('provider')} ${label('model')} have no price`,
      description: message`About ${COUNT} calls in the last ${WINDOW} are booked at the ceiling price, because neither the contract prices nor the catalogue know ${label('model')}.`,
    },
  ];
}

export const unpricedUsage: AlertKind = {
  name: ALERT.unpriced,
  group: 'money',
  rules,
  runbook: `
A model is in use that has no price. Unpriced is never free: its calls are reserved and booked at the ceiling of the
config, so budgets fill faster than the invoice will.

## What to do
1. Is the name right? A typo or a fine-tuned model often needs only a pattern.
2. Add a contract price for it under \`prices\` in \`rules/budgets.yaml\`, or update spendfuse for a newer catalogue.
3. Is nobody meant to use it? Block it: a budget that matches the model with a limit of your choice.
`,
};
