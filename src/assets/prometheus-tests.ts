import type { Config } from '../config/config.ts';
import type { Firing, RuleCase } from './alerts/alert.ts';
import { ALERT_KINDS } from './alerts/index.ts';
import { type Asset, yamlAsset } from './asset.ts';
import { toText } from './message.ts';
import type { Settings } from './options.ts';
import { RULES_PATH, runbookUrl } from './prometheus-rules.ts';

export const RULE_TESTS_PATH = 'rules/prometheus/spendfuse.rules.test.yaml';

/** `promtool test rules` for what follows from the budgets; the rest is tested by hand-written cases. */
export function prometheusTests(config: Config, settings: Settings): Asset {
  const cases = ALERT_KINDS.flatMap((kind) => kind.cases?.(config, settings) ?? []);
  return yamlAsset(RULE_TESTS_PATH, {
    rule_files: [RULES_PATH.split('/').at(-1)],
    evaluation_interval: '1m',
    tests: cases.map((each) => testDocument(each, settings)),
  });
}

function testDocument({ name, series, checks }: RuleCase, settings: Settings) {
  return {
    name,
    interval: '1m',
    input_series: series,
    alert_rule_test: checks.map(({ at, alert, firing }) => ({
      eval_time: at,
      alertname: alert,
      exp_alerts: firing.map((each) => alertDocument(each, settings)),
    })),
  };
}

function alertDocument({ rule, sample }: Firing, settings: Settings) {
  const own = Object.entries(rule.labels).map(([name, value]) => [name, toText(value, sample)]);
  return {
    exp_labels: { ...sample.labels, ...Object.fromEntries(own) },
    exp_annotations: {
      summary: toText(rule.summary, sample),
      description: toText(rule.description, sample),
      runbook_url: runbookUrl(rule.alert, settings),
    },
  };
}
