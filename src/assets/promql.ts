import type { Dimension } from '../domain/attribution.ts';
import type { BUDGET_LABEL, COUNTER_LABEL, METRIC } from '../telemetry/names.ts';

export type Metric = (typeof METRIC)[keyof typeof METRIC];
/** `job` and `instance` are Prometheus' own labels of a scrape target. */
export type Label =
  | 'job'
  | 'instance'
  | Dimension
  | (typeof BUDGET_LABEL)[keyof typeof BUDGET_LABEL]
  | (typeof COUNTER_LABEL)[keyof typeof COUNTER_LABEL];

/** A plain string is equality. Regular expressions are RE2 and anchored by Prometheus. */
export type Matcher = string | { not: string } | { matching: string } | { notMatching: string };
export type Matchers = Partial<Record<Label, Matcher>>;

/** The scrape job of the server; alerts about its absence need a name to look for. */
export const JOB = 'spendfuse';

/** Labels that tell replicas of one server apart. */
const REPLICA_LABELS = ['instance', 'pod'];

/** `selector(METRIC.cost, { team: 'support' })` is `spendfuse_cost_usd_total{team="support"}`. */
export function selector(metric: Metric | `${Metric}_bucket`, matchers: Matchers = {}): string {
  const parts = Object.entries(matchers).map(([label, matcher]) => `${label}${matcherText(matcher)}`);
  return parts.length > 0 ? `${metric}{${parts.join(',')}}` : metric;
}

function matcherText(matcher: Matcher): string {
  if (typeof matcher === 'string') return `=${quote(matcher)}`;
  if ('not' in matcher) return `!=${quote(matcher.not)}`;
  if ('matching' in matcher) return `=~${quote(matcher.matching)}`;
  return `!~${quote(matcher.notMatching)}`;
}

/** PromQL's double-quoted strings follow Go, which reads JSON's escapes. */
export function quote(value: string): string {
  return JSON.stringify(value);
}

/** Every replica exports the same gauge from the same ledger; one that lags must not hide what another knows. */
export function acrossReplicas(expression: string, alsoWithout: readonly Label[] = []): string {
  return `max without (${[...REPLICA_LABELS, ...alsoWithout].join(', ')}) (${expression})`;
}

/**
 * Series that grew within the window, the ones born in it included: `increase()` cannot see the first value of a new
 * series, so one that was not there a window ago counts whole.
 */
export function grew(series: string, window: string): string {
  return `increase(${series}[${window}]) > 0 or (${series} unless ${series} offset ${window}) > 0`;
}

export function escapeRegex(text: string): string {
  return text.replace(/[.+*?^${}()|[\]\\]/g, '\\$&');
}

export function anyOf(values: readonly string[]): string {
  return values.map(escapeRegex).join('|');
}

/** Patterns of a `match` (`support-*`) as one matcher; a single literal stays an equality. */
export function patternMatcher(patterns: readonly string[]): Matcher {
  const [only] = patterns;
  if (patterns.length === 1 && only !== undefined && !only.includes('*')) return only;
  return { matching: patterns.map((pattern) => pattern.split('*').map(escapeRegex).join('.*')).join('|') };
}
