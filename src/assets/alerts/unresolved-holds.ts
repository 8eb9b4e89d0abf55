import type { Config } from '../../config/config.ts';
import { METRIC } from '../../telemetry/names.ts';
import { AMOUNT_USD, label, message } from '../message.ts';
import type { Settings } from '../options.ts';
import { acrossReplicas, selector } from '../promql.ts';
import { ALERT, ALERT_LABEL, type AlertKind, type AlertRule, PLATFORM } from './alert.ts';

function rules(_config: Config, { timing }: Settings): AlertRule[] {
  return [
    {
      alert: ALERT.unresolved,
      expr: `${acrossReplicas(selector(METRIC.budgetUnresolved))} > 0`,
      for: timing.pending.unresolvedHolds,
      // The owner is the budget's; those who can close a hold are the platform team.
      labels: {
        severity: ['warning'],
        [ALERT_LABEL.to]: [PLATFORM],
        [ALERT_LABEL.scope]: message`budget=${label('budget')}`,
      },
      summary: message`Budget ${label('budget')} holds money for calls that never ended`,
      description: message`${AMOUNT_USD} are unresolved: the calls were sent, and nobody said how they ended. They count against the cap until somebody closes them. Owner: ${label('owner')}.`,
    },
  ];
}

export const unresolvedHolds: AlertKind = {
  name: ALERT.unresolved,
  group: 'money',
  rules,
  runbook: `
A service sent calls and then fell silent (killed, cut off, frozen) before it could report their usage. The provider may
have charged for them, so the worst case stays set aside: in \`strict\` budgets it counts against the cap.

## What to do
1. Did the service come back? Its journal settles late by itself; wait for its next start.
2. List what is unresolved: \`GET /v1/reservations?state=unresolved\`, as an operator. An entry is a call, or, with \`slice\`, money
   from which a service admitted calls by itself: some of it may never have been drawn.
3. Look for the calls in the provider's usage page; for a slice, for calls of its service from \`admitted_at\` to \`valid_until\`.
4. Close what was never charged, with a reason: \`POST /v1/reservations/ID/write-off\`. That is recorded.
5. Happens often? See why that service dies in the middle of calls.
`,
};
