/** Who a call is for: what the process says of itself, what came in baggage, what the code around the call says. */
import { propagation } from '@opentelemetry/api';
import { type Attribution, DIMENSIONS, type Dimension, MAX_ATTRIBUTION_VALUE_LENGTH } from '../domain/attribution.ts';
import { fingerprint } from '../domain/fingerprint.ts';
import { type Scope, shared } from './shared.ts';
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
  const outer = shared.scopes.getStore();
  const merged: Attribution = { ...outer?.attribution };
  for (const [name, value] of Object.entries(attribution)) {
    if (value === undefined) continue;
    const clean = KNOWN.has(name) ? cleanValue(name as Dimension, value, warnOnce) : unknownDimension(name);
    if (clean !== undefined) merged[name as Dimension] = clean;
  }
  return shared.scopes.run(scopeIn(outer, merged), fn);
}

/** Work that goes on by setting up its next turn from inside is nested ever deeper. */
const MOST_NESTED = 16;

function scopeIn(outer: Scope | undefined, attribution: Attribution): Scope {
  if (!outer) return { attribution, depth: 0 };
  if (outer.depth < MOST_NESTED) return { attribution, outer, depth: outer.depth + 1 };
  let root = outer;
  while (root.outer) root = root.outer;
  return { attribution, outer: root.isRequest ? root : undefined, depth: 1 };
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

/** Enough for any service's keys, and a bound for one that makes a key per user. */
const MAX_CACHED_KEYS = 1024;
/** More than a process has customers at a time. */
const MAX_CACHED_CONTENTS = 4096;

/** What the code around a call says, over accepted baggage, over what the process says of itself. */
export class Attributions {
  readonly #process: Attribution;
  readonly #acceptBaggage: readonly Dimension[];
  /** By API key: what the process says of itself, and the key's fingerprint, which takes longer than all the rest. */
  readonly #ofKeys = new Map<string | undefined, Readonly<Attribution>>();
  readonly #ofContent = new Map<string, Readonly<Attribution>>();

  constructor(process: Attribution, acceptBaggage: readonly Dimension[]) {
    this.#process = process;
    this.#acceptBaggage = acceptBaggage;
  }

  /**
   * The same object for every call about which the same is said, so that what is known of it is found by it. `agent`: as a hook found
   * it, and `fallback`: what the call takes the place of, both where nobody says otherwise.
   */
  now(apiKey: string | undefined, agent?: string, fallback?: string): Readonly<Attribution> {
    const own = this.#ofKeys.get(apiKey) ?? this.#keep(apiKey);
    const said = shared.scopes.getStore()?.attribution;
    const isFound = agent !== undefined || fallback !== undefined;
    if (said === undefined && !isFound && this.#acceptBaggage.length === 0) return own;
    const found: Attribution = {};
    if (agent !== undefined) found.agent = agent;
    if (fallback !== undefined) found.fallback = fallback;
    return this.#same({ ...own, ...found, ...fromBaggage(this.#acceptBaggage), ...said });
  }

  #same(merged: Readonly<Attribution>): Readonly<Attribution> {
    const key = contentKey(merged);
    const known = this.#ofContent.get(key);
    if (known) return known;
    if (this.#ofContent.size >= MAX_CACHED_CONTENTS) this.#ofContent.clear();
    this.#ofContent.set(key, merged);
    return merged;
  }

  #keep(apiKey: string | undefined): Readonly<Attribution> {
    const own = { ...this.#process };
    if (apiKey !== undefined) own.api_key = fingerprint(apiKey);
    if (this.#ofKeys.size >= MAX_CACHED_KEYS) this.#ofKeys.clear();
    this.#ofKeys.set(apiKey, own);
    return own;
  }
}

/** Values hold no control characters. */
function contentKey(attribution: Readonly<Attribution>): string {
  let key = '';
  for (const name in attribution) key += `${name}\n${attribution[name as Dimension]}\n`;
  return key;
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
