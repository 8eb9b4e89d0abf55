import type { Config } from '../../config/config.ts';
import { METRIC } from '../../telemetry/names.ts';
import { message } from '../message.ts';
import type { Settings } from '../options.ts';
import { selector } from '../promql.ts';
import { ALERT, type AlertKind, type AlertRule, platformLabels } from './alert.ts';

function rules(_config: Config, { timing }: Settings): AlertRule[] {
  return [
    {
      alert: ALERT.telemetryMissing,
      expr: `absent(${selector(METRIC.ready)}) == 1`,
      for: timing.pending.telemetryMissing,
      labels: platformLabels('critical', ['spendfuse server']),
      summary: message`No spendfuse metrics reach Prometheus`,
      description: message`There is not one spendfuse server among the scrape targets that answers: no budget alert can fire until there is.`,
    },
  ];
}

export const telemetryMissing: AlertKind = {
  name: ALERT.telemetryMissing,
  group: 'health',
  rules,
  runbook: `
Prometheus has no spendfuse series at all, so every other spendfuse alert is blind. Caps still hold: the server decides
without Prometheus.

## What to do
1. Is the server running? See SpendfuseServerDown.
2. Is it in the scrape config, under the job name \`spendfuse\`? Look at Prometheus' target page.
3. Does Prometheus' token have the role \`metrics\`?
`,
};
