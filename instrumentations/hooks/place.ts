/** Where a request goes: its format, its provider, its host. The same few URLs come again and again, so it is kept. */
import type { Caught } from '../../src/client/call.ts';
import type { Format } from '../formats/format.ts';
import { formatFor, providerOf } from '../formats/index.ts';

export type Place = Pick<Caught, 'path' | 'provider' | 'host' | 'port'> & { format: Format };

/** Enough for any service, and a bound for one that puts ids into its URLs. */
const MAX_KEPT = 256;
const places = new Map<string, Place | undefined>();

/** Undefined when a POST to this URL is of no known format. */
export function placeOf(url: string): Place | undefined {
  if (places.has(url)) return places.get(url);
  const place = read(url);
  if (places.size >= MAX_KEPT) places.clear();
  places.set(url, place);
  return place;
}

function read(text: string): Place | undefined {
  const url = URL.parse(text);
  const format = url ? formatFor('POST', url.pathname) : undefined;
  if (!url || !format) return undefined;
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  return { format, path: url.pathname, provider: providerOf(url.host, format), host: url.hostname, port };
}
