import type { Config } from '../../config/config.ts';
import { label, message } from '../message.ts';
import type { Settings } from '../options.ts';
import { JOB, quote } from '../promql.ts';
import { ALERT, type AlertKind, type AlertRule, platformLabels } from './alert.ts';

function rules(_config: Config, { timing }: Settings): AlertRule[] {
  return [
    {
      alert: ALERT.serverDown,
      expr: `up{job=${quote(JOB)}} == 0`,
      for: timing.pending.serverDown,
      labels: platformLabels('critical', ['spendfuse server']),
      summary: message`The spendfuse server ${label('instance')} does not answer`,
      description: message`Prometheus cannot scrape ${label('instance')}. Services decide by when_unreachable: those with block refuse calls, those with allow spend at most their allowance.`,
    },
  ];
}

export const serverDown: AlertKind = {
  name: ALERT.serverDown,
  group: 'health',
  rules,
  runbook: `
Prometheus cannot scrape the server: it is down, unreachable, or refuses Prometheus' token.

## What it means for users
Services go on by each budget's \`when_unreachable\`. \`block\` refuses calls; \`allow\` spends at most \`unreachable_allowance\` per
session. Settlements wait in the services' journals; no money is lost.

## What to do
1. \`GET /healthz\` and the log of the server. A 401 on \`/metrics\` means that Prometheus' token changed.
2. Start it again on the same database. It verifies its balances on start.
3. It does not start: its log names the reason. See SpendfuseNotReady for the ones it can say while it runs.
`,
};
