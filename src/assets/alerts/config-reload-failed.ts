import type { Config } from '../../config/config.ts';
import { METRIC } from '../../telemetry/names.ts';
import { label, message } from '../message.ts';
import type { Settings } from '../options.ts';
import { selector } from '../promql.ts';
import { ALERT, type AlertKind, type AlertRule, platformLabels } from './alert.ts';

function rules(_config: Config, { timing }: Settings): AlertRule[] {
  return [
    {
      alert: ALERT.reloadFailed,
      expr: `${selector(METRIC.configLastReloadSuccess)} == 0`,
      for: timing.pending.reloadFailed,
      labels: platformLabels('warning', ['budgets.yaml']),
      summary: message`The spendfuse server ${label('instance')} refused the changed budgets`,
      description: message`It goes on with the budgets it had. Its log, and spendfuse check, name the line and the mend.`,
    },
  ];
}

export const configReloadFailed: AlertKind = {
  name: ALERT.reloadFailed,
  group: 'health',
  rules,
  runbook: `
The budgets were changed and the server refused them. The budgets from before are still in force, whole.

## What to do
1. \`spendfuse check --config rules/budgets.yaml\` prints every mistake with its line and mend.
2. Correct the file, or put back the last one. The server reads it again by itself.
`,
};
