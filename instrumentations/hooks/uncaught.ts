/**
 * The watch over what no hook has caught: a fetch that was taken before ours or brought along (undici's own), node-fetch, axios,
 * a client that was made before this was loaded. A request of a known format, from a known SDK or to a known provider, while no
 * attempt is under way, went past us: that is said once, with the mend.
 */
import type { Client } from '../../src/client/call.ts';
import { warnOnce } from '../../src/client/warn.ts';
import type { Format } from '../formats/format.ts';
import { formatFor, providerOfHost } from '../formats/index.ts';
import { type Leaving, watchLeaving } from './leaving.ts';
import { warnOfSocket, warnOfUnmetered } from './unmetered.ts';

/** What the SDKs say of themselves in their headers. */
const OF_SDK =
  /x-stainless-lang|x-fern-sdk|speakeasy-sdk|mistral-client-|google-genai-sdk|ollama-js|ai-sdk[-/]|(?:openai|anthropic|groq|together)\/js|aws-sdk-js/i;

/** Requests that a hook has looked at and let go unmetered, on purpose or with a word of its own: format → how many are to come. */
const passes = new Map<Format, number>();

export function letPass(format: Format): void {
  passes.set(format, (passes.get(format) ?? 0) + 1);
}

/** SDKs that are known to send through node-fetch are warned about when they load. */
let isNodeFetchTold = false;

export function nodeFetchTold(): void {
  isNodeFetchTold = true;
}

/**
 * The method is looked at first, then the end of the path: what is no POST costs a comparison (and a look for the header of a
 * WebSocket), a POST that is nobody's two look-ups.
 */
export function watchUncaught({ open }: Pick<Client, 'open'>): void {
  watchLeaving((leaving) => {
    const { method } = leaving;
    if (method !== 'POST') {
      if (leaving.isSocket()) warnOfSocket(leaving, withoutQuery(leaving.path));
      return;
    }
    const path = withoutQuery(leaving.path);
    const format = formatFor(method, path);
    if (!format) warnOfUnmetered(leaving, path);
    else if (!takePass(format) && open.isEmpty && isOurs(leaving)) warnOfUncaught(leaving, format);
  });
}

function withoutQuery(path: string): string {
  const query = path.indexOf('?');
  return query < 0 ? path : path.slice(0, query);
}

/** Whether it is an AI call, and not somebody else's on a path like one. */
function isOurs({ by, host, headers }: Leaving): boolean {
  if (isNodeFetchTold && by === 'http' && /^x-stainless-lang$/im.test(headers())) return false;
  return providerOfHost(host()) !== undefined || OF_SDK.test(headers());
}

function warnOfUncaught({ by, host }: Leaving, format: Format): void {
  const at = host();
  const request = `a ${format.id} request to ${at}`;
  warnOnce(`uncaught ${at}`, by === 'fetch' ? pastFetch(request) : pastHttp(request));
}

function takePass(format: Format): boolean {
  const left = passes.get(format) ?? 0;
  if (left > 0) passes.set(format, left - 1);
  return left > 0;
}

const NOT_CAUGHT = 'so it was NEITHER METERED NOR CAPPED';
const FIRST = "load 'spendfuse/register' before everything else (node --import spendfuse/register)";

function pastFetch(request: string): string {
  return `${request} did not go through globalThis.fetch as this patched it, ${NOT_CAUGHT}; ${FIRST}, and give an SDK (...args) => globalThis.fetch(...args) in place of a fetch of its own`;
}

function pastHttp(request: string): string {
  return `${request} did not go through globalThis.fetch, ${NOT_CAUGHT}; ${FIRST}, and use a version of the SDK that sends with fetch, or give it globalThis.fetch`;
}
