import type { Attribution, Dimension, Match } from './attribution.ts';
import type { NanoUsd } from './money.ts';
import type { WindowSpec } from './window.ts';

/** The documents' billing categories: which lines of a receipt count towards a budget. */
export const COST_CLASSES = ['input', 'cached_read', 'cache_write', 'output', 'audio', 'image', 'fee'] as const;
export type CostClass = (typeof COST_CLASSES)[number];

/** Actions that stop a call at the threshold: the lowest of them is the budget's cap. */
export const STOPPING_ACTIONS = ['block', 'pause'] as const;
export type StoppingAction = (typeof STOPPING_ACTIONS)[number];
export type Action = StoppingAction | 'downgrade';

export type Severity = 'info' | 'warning' | 'critical';

/** A share of the limit, whom it tells and what it does. Fires once per instance and window. */
export interface Threshold {
  /** Share of the limit in basis points: 9000 is 90 %. Integer, 1..10000. */
  atBasisPoints: number;
  /** Narrows the action and the telling to attempts that match (`workflow: batch` is paused, production is not). */
  when?: Match;
  /** Names of owner roles or owners to tell besides the budget's own owner. */
  notify: readonly string[];
  severity: Severity;
  action?: Action;
  /** `downgrade` only: requested model pattern → model; and the largest output the rewritten attempt may ask for. */
  models?: Readonly<Record<string, string>>;
  maxOutputTokens?: number;
}

/**
 * `strict` holds the worst case of each attempt. `expected` holds the share of it that this percentile (in basis points:
 * 9900 is p99) of attempts has needed of late; until enough is known, all of it. It admits more at once, and may overshoot.
 */
export type HoldMode = 'strict' | { expectedBasisPoints: number };
export type WhenUnreachable = 'allow' | 'block';

/** What `overrides` may change for the instances that match. */
export interface BudgetTerms {
  limitNanoUsd: NanoUsd;
  window: WindowSpec;
  thresholds: readonly Threshold[];
  whenUnreachable: WhenUnreachable;
  holds: HoldMode;
  /**
   * Where an attempt's output does not fit, it may be shortened to what the budget can still pay for, but not below this
   * many tokens for each choice. Absent: it is not shortened; 0 in an override takes it back.
   */
  clampOutputTokens?: number;
  /** Counts, evaluates and tells, but never acts. */
  shadow: boolean;
  owner: string;
}

export interface Budget extends BudgetTerms {
  name: string;
  renamedFrom?: string;
  description?: string;
  /** Which attempts count. Empty: all. */
  match: Match;
  /** Cost-line classes that count. Absent: all. */
  classes?: readonly CostClass[];
  /** One instance for each distinct combination of these dimensions. Empty: one instance. */
  per: readonly Dimension[];
  /** The dimension of `per` (or of `match`) whose value names the owner. */
  ownerBy?: Dimension;
  overrides: readonly { match: Match; terms: Partial<BudgetTerms> }[];
  maxInstances: number;
}

/** One instance of a budget: the budget's terms after overrides, for one combination of `per` values. */
export interface BudgetInstance extends BudgetTerms {
  budget: Budget;
  /** Stable key: budget name and `per` values, as `instanceKey` writes it. */
  key: string;
  /** The ledger's name for it: the key and the budget's definition, so that a changed definition has accounts of its own. */
  account: string;
  /** The `per` dimensions with their values, `(unset)` or `(other)` included. */
  labels: Attribution;
}
