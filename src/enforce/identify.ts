import type { Config, TokenEntry } from '../config/config.ts';
import { type Attribution, type Dimension, matches } from '../domain/attribution.ts';
import type { Refusal } from './enforcer.ts';
import { refuse } from './refusal.ts';

/**
 * Who an attempt was for, as the server believes it: what the client says, within what its token may say; the token's
 * pins; the key's alias; and the config's `attribute` rules, which fill in what is still unknown.
 */
export function identify(config: Config, said: Attribution, token: TokenEntry | undefined): Attribution | Refusal {
  const attribution: Attribution = { ...said };
  if (token) {
    const refusal = overreach(said, token);
    if (refusal) return refusal;
    Object.assign(attribution, token.pins);
  }
  const key = attribution.api_key && config.keys.find((entry) => entry.fingerprint === attribution.api_key);
  if (key) attribution.key_alias = key.alias;
  for (const rule of config.attribute) {
    if (!matches(rule.match, attribution)) continue;
    for (const [dimension, value] of Object.entries(rule.set)) attribution[dimension as Dimension] ??= value;
  }
  return attribution;
}

/** Of an attempt that was admitted: what its token may not say any more is left out, for the money is spent. */
export function identifyAdmitted(config: Config, said: Attribution, token: TokenEntry | undefined): Attribution {
  const words = Object.entries(said).filter(
    ([dimension, value]) => !token || !overreach({ [dimension]: value }, token),
  );
  return identify(config, Object.fromEntries(words), token) as Attribution;
}

/** Dimensions that follow from the call itself; a token cannot forbid them. */
const OF_THE_CALL: ReadonlySet<string> = new Set(['provider', 'model', 'api_key', 'key_alias', 'route', 'fallback']);

function overreach(said: Attribution, token: TokenEntry): Refusal | undefined {
  for (const [dimension, value] of Object.entries(said)) {
    const pinned = token.pins[dimension as Dimension];
    if (pinned !== undefined && pinned !== value) {
      return refuse(
        403,
        'attribution-refused',
        `token "${token.name}" is pinned to ${dimension} "${pinned}" and cannot claim "${value}"`,
      );
    }
    const free = pinned !== undefined || OF_THE_CALL.has(dimension) || !token.mayAssert;
    if (!free && !token.mayAssert?.includes(dimension as Dimension)) {
      return refuse(403, 'attribution-refused', `token "${token.name}" may not say ${dimension}; add it to may_assert`);
    }
  }
  return undefined;
}
