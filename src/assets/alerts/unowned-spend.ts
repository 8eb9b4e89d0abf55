import { METRIC } from '../../telemetry/names.ts';
import { AMOUNT_USD, label, message } from '../message.ts';
import { grew, selector } from '../promql.ts';
import { ALERT, type AlertKind, type AlertRule, platformLabels } from './alert.ts';

const WINDOW = '1h';

function rules(): AlertRule[] {
  return [
    {
      alert: ALERT.unowned,
      expr: `sum by (service) (${grew(selector(METRIC.unownedCost), WINDOW)}) > 0`,
      labels: platformLabels('warning', message`service=${label('service')}`),
      summary: message`Service ${label('service')} spends money that no budget counts`,
      description: message`About ${AMOUNT_USD} in the last ${WINDOW} matched no budget: nothing limits it and nobody is told.`,
    },
  ];
}

export const unownedSpend: AlertKind = {
  name: ALERT.unowned,
  group: 'money',
  rules,
  runbook: `
Calls were made that match no budget. They are priced and counted, but no cap holds them.

## What to do
1. See who it is: **Spend by team, model, key** on the dashboard, filtered by the service.
2. Attribution missing? Set \`spendfuse.team\` and \`deployment.environment.name\` in the service's \`OTEL_RESOURCE_ATTRIBUTES\`,
   or add an \`attribute:\` rule for its name.
3. No budget yet? Add one. \`unmatched: deny\` refuses such calls from then on.
`,
};
