/** Who a call is for: what the process says of itself, what came in baggage, what the code around the call says. */
import { propagation } from '@opentelemetry/api';
import { type Attribution, DIMENSIONS, type Dimension, MAX_ATTRIBUTION_VALUE_LENGTH } from '../domain/attribution.ts';
import { fingerprint } from '../domain/fingerprint.ts';
import { shared } from './shared.ts';
import { type Warn, warnOnce } from './warn.ts';

export const BAGGAGE_PREFIX = 'spendfuse.';
const KNOWN: ReadonlySet<string> = new Set(DIMENSIONS);
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

/**
 * Runs `fn` with these dimensions on every AI call made inside it, however deep and however late. Nested calls add to
 * and override the outer ones. A value that no budget could take (empty, too long, control characters) is left out
 * with one warning: labelling never breaks a call.
 */
export function withAttribution<T>(attribution: Attribution, fn: () => T): T {
  const merged: Attribution = { ...shared.attribution.getStore() };
  for (const [name, value] of Object.entries(attribution)) {
    if (value === undefined) continue;
    const clean = KNOWN.has(name) ? cleanValue(name as Dimension, value, warnOnce) : unknownDimension(name);
    if (clean !== undefined) merged[name as Dimension] = clean;
  }
  return shared.attribution.run(merged, fn);
}

function unknownDimension(name: string): undefined {
  warnOnce(`dimension ${name}`, `withAttribution: "${name}" is no dimension; use ${DIMENSIONS.join(', ')}`);
}

/** A value as the server takes it, or undefined with a warning. Numbers and booleans are written out. */
export function cleanValue(dimension: Dimension, value: unknown, warn: Warn): string | undefined {
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  if (typeof text === 'string' && text.length > 0 && text.length <= MAX_ATTRIBUTION_VALUE_LENGTH) {
    if (!UNPRINTABLE.test(text) && dimension !== 'api_key') return text;
  }
  const mend =
    dimension === 'api_key'
      ? 'the key of each call is read from its request'
      : `use 1 to ${MAX_ATTRIBUTION_VALUE_LENGTH} printable characters`;
  warn(`value of ${dimension}`, `the value of "${dimension}" is left out: ${mend}`);
  return undefined;
}

/** What the code around this call says, over accepted baggage, over what the process says of itself. */
export function attributionNow(process: Attribution, acceptBaggage: readonly Dimension[]): Attribution {
  const said = shared.attribution.getStore();
  if (acceptBaggage.length === 0) return said ? { ...process, ...said } : { ...process };
  return { ...process, ...fromBaggage(acceptBaggage), ...said };
}

function fromBaggage(accepted: readonly Dimension[]): Attribution {
  const attribution: Attribution = {};
  const baggage = propagation.getActiveBaggage();
  for (const dimension of accepted) {
    const entry = baggage?.getEntry(BAGGAGE_PREFIX + dimension);
    const clean = entry && cleanValue(dimension, entry.value, warnOnce);
    if (clean !== undefined) attribution[dimension] = clean;
  }
  return attribution;
}

/** Enough for any service's keys, and a bound for one that makes a key per user. */
const MAX_CACHED_KEYS = 1024;
const fingerprints = new Map<string, string>();

/** Hashing takes longer than the rest of the attribution, and a service has few keys. */
export function fingerprintOf(apiKey: string): string {
  let known = fingerprints.get(apiKey);
  if (known === undefined) {
    known = fingerprint(apiKey);
    if (fingerprints.size >= MAX_CACHED_KEYS) fingerprints.clear();
    fingerprints.set(apiKey, known);
  }
  return known;
}
