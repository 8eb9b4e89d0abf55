import { COUNTER_LABEL, METRIC } from '../../telemetry/names.ts';
import { COUNT, label, message } from '../message.ts';
import { grew, selector } from '../promql.ts';
import { ALERT, type AlertKind, type AlertRule, platformLabels } from './alert.ts';

const WINDOW = '10m';

function rules(): AlertRule[] {
  const denied = selector(METRIC.decisions, { [COUNTER_LABEL.decision]: { matching: 'block|pause' } });
  return [
    {
      alert: ALERT.denials,
      expr: `sum by (${COUNTER_LABEL.decision}, ${COUNTER_LABEL.reason}) (${grew(denied, WINDOW)}) > 0`,
      labels: platformLabels('warning', message`reason=${label('reason')}`),
      summary: message`AI calls are being refused (${label('decision')}, ${label('reason')})`,
      description: message`About ${COUNT} calls were refused in the last ${WINDOW}, with reason ${label('reason')}.`,
    },
  ];
}

export const denials: AlertKind = {
  name: ALERT.denials,
  group: 'money',
  rules,
  runbook: `
The server has refused calls. A refused call costs nothing and never reached its provider.

## By reason
- \`exhausted\`: what is spent and unresolved leaves no room under a cap. The budget's owner has SpendfuseBudgetHard.
- \`contended\`: only calls in flight and leases were in the way, and they took longer than \`max_wait\`. The limit is small for this
  much concurrency: raise it, lower \`max_tokens\` in the service, or give \`max_wait\` more time.
- \`unmatched\`: no budget matches and the config says \`unmatched: deny\`. Add a budget, or fix the service's attribution.
- \`misconfigured\`: a service's token does not fit. Its log says which part.

## What to do
Find the budget and the service on the dashboard under **Denials**, then act by the reason above.
`,
};
