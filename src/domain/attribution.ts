/** Who an attempt was for. Dimension names are the ones used in budgets.yaml, on the wire and as metric labels. */
export const DIMENSIONS = [
  'organization',
  'project',
  'service',
  'api_key',
  'key_alias',
  'team',
  'cost_center',
  'workflow',
  'environment',
  'customer',
  'user',
  'agent',
  'provider',
  'model',
  'route',
  'fallback',
] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** What an attempt was really served by, as far as that is known; `provider` and `model` are what was asked for. */
export const SERVED_DIMENSIONS = ['served_provider', 'served_model'] as const;
export type UsageDimension = Dimension | (typeof SERVED_DIMENSIONS)[number];

/** Dimension → value; a dimension that is not known is absent, never the empty string. */
export type Attribution = Partial<Record<Dimension, string>>;

/** The longest value kept; longer ones are refused at the edge. */
export const MAX_ATTRIBUTION_VALUE_LENGTH = 256;

/** The instance of a `per` dimension that the attempt does not know. */
export const UNSET = '(unset)';
/** The instance that takes what comes after `max_instances`. */
export const OTHER = '(other)';

/** Dimension → patterns, any of which must match (`*` stands for any run of characters); all dimensions must match. */
export type Match = Partial<Record<Dimension, readonly string[]>>;

/**
 * Whether a value fits a pattern; only `*` is special, matching is case-sensitive and covers the whole value. Linear in
 * the value whatever the pattern: values come from callers, and a regular expression of several `*` would not be.
 */
export function matchesPattern(pattern: string, value: string): boolean {
  if (!pattern.includes('*')) return pattern === value;
  const parts = pattern.split('*');
  const first = parts[0]!;
  const last = parts.at(-1)!;
  const end = value.length - last.length;
  let position = first.length;
  if (position > end || !value.startsWith(first) || !value.endsWith(last)) return false;
  for (const part of parts.slice(1, -1)) {
    const found = value.indexOf(part, position);
    if (found === -1 || found + part.length > end) return false;
    position = found + part.length;
  }
  return true;
}

/** Whether all dimensions of a match fit; a dimension that the attempt does not know never does. */
export function matches(match: Match, attribution: Attribution): boolean {
  for (const dimension in match) {
    const value = attribution[dimension as Dimension];
    const patterns = match[dimension as Dimension];
    if (value === undefined || !patterns?.some((pattern) => matchesPattern(pattern, value))) return false;
  }
  return true;
}
