import type { Config } from '../config/config.ts';
import type { AlertKind, AlertName, AlertRule } from './alerts/alert.ts';
import { ALERT_KINDS } from './alerts/index.ts';
import { type Asset, yamlAsset } from './asset.ts';
import { toTemplate } from './message.ts';
import type { Settings } from './options.ts';

export const RULES_PATH = 'rules/prometheus/spendfuse.rules.yaml';

const GROUPS: readonly AlertKind['group'][] = ['budgets', 'money', 'health'];

/** Alerting rules, valid from Prometheus 2.42 to 3.x. */
export function prometheusRules(config: Config, settings: Settings): Asset {
  const groups = GROUPS.map((group) => ({
    name: `spendfuse-${group}`,
    rules: ALERT_KINDS.filter((kind) => kind.group === group)
      .flatMap((kind) => kind.rules(config, settings))
      .map((rule) => ruleDocument(rule, settings)),
  }));
  return yamlAsset(RULES_PATH, { groups });
}

function ruleDocument(rule: AlertRule, settings: Settings) {
  return {
    alert: rule.alert,
    expr: rule.expr,
    ...(rule.for && { for: rule.for }),
    labels: Object.fromEntries(Object.entries(rule.labels).map(([name, value]) => [name, toTemplate(value)])),
    annotations: {
      summary: toTemplate(rule.summary),
      description: toTemplate(rule.description),
      runbook_url: runbookUrl(rule.alert, settings),
    },
  };
}

export function runbookUrl(alert: AlertName, settings: Settings): string {
  return `${settings.runbookBaseUrl}${alert}.md`;
}
