import type { Config } from '../../config/config.ts';
import { METRIC } from '../../telemetry/names.ts';
import { label, message } from '../message.ts';
import type { Settings } from '../options.ts';
import { selector } from '../promql.ts';
import { ALERT, type AlertKind, type AlertRule, platformLabels } from './alert.ts';

/** Each replica on its own: one that is not ready is a fault even while the others serve. */
function rules(_config: Config, { timing }: Settings): AlertRule[] {
  return [
    {
      alert: ALERT.notReady,
      expr: `${selector(METRIC.ready)} == 0`,
      for: timing.pending.notReady,
      labels: platformLabels('critical', ['spendfuse server']),
      summary: message`The spendfuse server ${label('instance')} runs but does not decide`,
      description: message`It answers 503 to every reservation; services decide by when_unreachable. GET /readyz says why.`,
    },
  ];
}

export const notReady: AlertKind = {
  name: ALERT.notReady,
  group: 'health',
  rules,
  runbook: `
The server runs but cannot decide, and says so instead of guessing.

## What to do
\`GET /readyz\` lists the reasons, each with its mend. The usual ones:
- another server holds the database file: stop one of them;
- the clock jumped forward by more than five minutes: check the clock, then confirm it as an operator;
- the ledger could not commit: disk full or broken.
`,
};
