/**
 * The watch over what no format knows: a POST to a known provider that may be billed all the same (videos, fine-tuning, what is new), and
 * a WebSocket, which is nobody's to look into. Each is said once, by its host and the shape of its path: a budget that
 * misses calls in silence is none.
 */
import { warnOnce } from '../../src/client/warn.ts';
import { providerOfHost } from '../formats/index.ts';
import { shapeOf } from '../formats/path-shape.ts';
import { mayBeBilled } from '../formats/unbilled.ts';
import { frames } from './frames.ts';
import type { Leaving } from './leaving.ts';

/** Shapes hold no ids, so that no service comes near it; but the names of hosts may be a customer's each. */
const MAX_TOLD = 32;
const told = new Set<string>();

/** For a POST. Nearly all of a service go to hosts that are no provider's: those cost one look-up of the host, below a microsecond. */
export function warnOfUnmetered(leaving: Leaving, path: string): void {
  const where = placeOf(leaving, path);
  if (where === undefined) return;
  once(
    where,
    `a POST to ${where} is of no format that spendfuse knows, so it is ${NOT_METERED}; use an endpoint that is metered (instrumentations/README.md), or ${LIMIT}`,
  );
}

/** For what opens a WebSocket. Once for each host: what is said over one nobody can tell by its path. */
export function warnOfSocket(leaving: Leaving, path: string): void {
  const where = placeOf(leaving, path);
  if (where === undefined) return;
  const host = where.slice(0, where.indexOf('/'));
  once(
    `socket ${host}`,
    `a WebSocket to ${where} is not looked into, so whatever is asked over it is ${NOT_METERED}; use HTTP where the endpoint is to be had so, or ${LIMIT}`,
  );
}

/** Undefined for what costs nothing, and where an attempt that is admitted and metered has been sent another way (a `fetch` of the caller's own). */
function placeOf(leaving: Leaving, path: string): string | undefined {
  const host = leaving.host().replace(/:\d+$/, '');
  const provider = providerOfHost(host);
  if (provider === undefined || !mayBeBilled(provider, host, path)) return undefined;
  if (frames.getStore()?.attempt) return undefined;
  return host + shapeOf(path, { ownBeginning: host.endsWith('.azure-api.net'), verbs: provider === 'google' });
}

function once(cause: string, message: string): void {
  if (told.has(cause) || told.size >= MAX_TOLD) return;
  told.add(cause);
  warnOnce(`unmetered ${cause}`, told.size < MAX_TOLD ? message : `${message} (further ones are not told)`);
}

const NOT_METERED = 'NEITHER METERED NOR CAPPED, and it may be billed';
const LIMIT = 'give it a key of its own with a limit at the provider';
