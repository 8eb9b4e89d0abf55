import type { Config } from '../../config/config.ts';
import type { Message, Sample } from '../message.ts';
import type { Settings } from '../options.ts';

export const ALERT = {
  threshold: 'SpendfuseBudgetThreshold',
  hard: 'SpendfuseBudgetHard',
  shadow: 'SpendfuseBudgetShadow',
  denials: 'SpendfuseDenials',
  unpriced: 'SpendfuseUnpricedUsage',
  unowned: 'SpendfuseUnownedSpend',
  unresolved: 'SpendfuseUnresolvedHolds',
  serverDown: 'SpendfuseServerDown',
  telemetryMissing: 'SpendfuseTelemetryMissing',
  notReady: 'SpendfuseNotReady',
  reloadFailed: 'SpendfuseConfigReloadFailed',
  rulesOutdated: 'SpendfuseRulesOutdated',
} as const;
export type AlertName = (typeof ALERT)[keyof typeof ALERT];

/**
 * Labels that only alerts carry. `scope` says in words which attempts are concerned; `to` names somebody to tell
 * besides the owner (`finance`), in a copy of the alert that has its own route.
 */
export const ALERT_LABEL = { scope: 'scope', to: 'to' } as const;

/** The role that runs spendfuse itself. */
export const PLATFORM = 'platform';

export interface AlertRule {
  alert: AlertName;
  expr: string;
  for?: string;
  labels: Readonly<Record<string, Message>>;
  summary: Message;
  description: Message;
}

/** A promtool case: series over minutes, and what must be firing when; an empty list must stay silent. */
export interface RuleCase {
  name: string;
  /** Values as promtool writes them, one a minute: `0 0 1x5`. */
  series: readonly { series: string; values: string }[];
  checks: readonly { at: string; alert: AlertName; firing: readonly Firing[] }[];
}
export interface Firing {
  rule: AlertRule;
  sample: Sample;
}

export interface AlertKind {
  name: AlertName;
  group: 'budgets' | 'money' | 'health';
  rules(config: Config, settings: Settings): AlertRule[];
  /** Cases that follow from the budgets; cases that are the same for every config are written by hand. */
  cases?(config: Config, settings: Settings): RuleCase[];
  /** Markdown: what it means, what to do. */
  runbook: string;
}

/** Labels of an alert about spendfuse itself: the platform team is owner and addressee. */
export function platformLabels(severity: 'warning' | 'critical', scope: Message): AlertRule['labels'] {
  return { severity: [severity], owner: [PLATFORM], [ALERT_LABEL.to]: [PLATFORM], [ALERT_LABEL.scope]: scope };
}
