/** Where a request goes: its format, its provider, its host. The same few URLs come again and again, so it is kept. */
import type { Caught } from '../../src/client/call.ts';
import type { Format } from '../formats/format.ts';
import { formatFor, providerOfAgent, providerOfHost } from '../formats/index.ts';
import { gateOf, providerByHeaders } from '../gateway-requests.ts';
import type { GatewayName } from '../gateways.ts';
import { type AnyHeaders, headerOf } from './headers.ts';

export type Place = Pick<Caught, 'path' | 'provider' | 'host' | 'port' | 'gate' | 'prefixed'> & {
  format: Format;
  /** The host does not tell the provider, so that it was taken at the format's word. */
  unknownHost?: true;
};

/** Each answer of a host that nobody knows is asked for its gateway, until so many have not named one. */
const ASKS_UNKNOWN = 8;

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
  const gate = gateOf(url.hostname, url.pathname);
  const known = gate?.provider ?? providerOfHost(url.host);
  const place: Place = { format, path: url.pathname, provider: known ?? format.provider, host: url.hostname, port };
  if (gate) place.gate = { name: gate.name, asks: 0 };
  else if (known === undefined) place.gate = { asks: ASKS_UNKNOWN };
  if (gate?.prefixed) place.prefixed = true;
  return known === undefined ? { ...place, unknownHost: true } : place;
}

/** The same place, where only the headers tell the provider (behind a gateway, say) or the model. */
export function placeBy(place: Place, headers: AnyHeaders): Place {
  const { modelHeader } = place.format;
  if (modelHeader !== undefined) return { ...place, path: `${place.path}/${headerOf(headers, modelHeader) ?? ''}` };
  if (!place.unknownHost) return place;
  const header = (name: string): string | undefined => headerOf(headers, name);
  const named = place.gate?.name && providerByHeaders(place.gate.name as GatewayName, header);
  const provider = named ?? providerOfAgent(header('user-agent'));
  return provider === undefined ? place : { ...place, provider };
}

/** The same URL with another path; the query stays. */
export function withPath(url: string, path: string): string {
  const next = new URL(url);
  next.pathname = path;
  return next.href;
}
