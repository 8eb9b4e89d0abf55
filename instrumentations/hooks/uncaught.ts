/**
 * The watch over what no hook has caught: a fetch that was taken before ours or brought along (undici's own), node-fetch, axios,
 * a client that was made before this was loaded. What leaves the process is told on Node's diagnostics channels, whoever sends it.
 * A request of a known format, from a known SDK or to a known provider, while no attempt is under way, went past us: that is said
 * once, with the mend. Nothing is stopped here, for a throw in a channel would end the application.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { Client } from '../../src/client/call.ts';
import { warnOnce } from '../../src/client/warn.ts';
import type { Format } from '../formats/format.ts';
import { formatFor, providerOfHost } from '../formats/index.ts';

/** What the SDKs say of themselves in their headers. */
const OF_SDK =
  /x-stainless-lang|x-fern-sdk|speakeasy-sdk|mistral-client-|google-genai-sdk|ollama-js|ai-sdk[-/]|(?:openai|anthropic|groq|together)\/js|aws-sdk-js/i;

interface Leaving {
  method: string;
  /** With its query. */
  path: string;
  /** May carry a port. */
  host: () => string;
  headers: () => string;
}

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

export function watchUncaught({ open }: Pick<Client, 'open'>): void {
  const on = (channel: string, read: (message: never) => Leaving | undefined, tell: (what: string) => string): void =>
    subscribe(channel, (message) => {
      try {
        const leaving = read(message as never);
        const format = leaving && uncaught(leaving);
        if (!format || takePass(format) || !open.isEmpty) return;
        const host = leaving.host();
        warnOnce(`uncaught ${host}`, tell(`a ${format.id} request to ${host}`));
      } catch {} // Somebody else's object in another shape.
    });
  on('undici:request:create', ofUndici, pastFetch);
  on('http.client.request.start', ofHttp, pastHttp);
  on('http2.client.stream.created', ofHttp2, pastHttp);
}

/** The last segment of the path is looked at first: nearly all requests of a service end there. */
function uncaught({ method, path, host, headers }: Leaving): Format | undefined {
  if (method !== 'POST') return undefined;
  const query = path.indexOf('?');
  const format = formatFor(method, query < 0 ? path : path.slice(0, query));
  if (!format) return undefined;
  return providerOfHost(host()) !== undefined || OF_SDK.test(headers()) ? format : undefined;
}

function takePass(format: Format): boolean {
  const left = passes.get(format) ?? 0;
  if (left > 0) passes.set(format, left - 1);
  return left > 0;
}

function ofUndici({
  request,
}: {
  request: { method: string; path: string; origin: unknown; headers: unknown };
}): Leaving {
  const { method, path, headers } = request;
  return { method, path, host: () => hostOf(request.origin), headers: () => String(headers) };
}

function hostOf(origin: unknown): string {
  const text = String(origin);
  return text.slice(text.indexOf('//') + 2);
}

interface ClientRequest {
  method: string;
  path: string;
  host: string;
  getHeaders(): object;
  hasHeader(name: string): boolean;
}

function ofHttp({ request }: { request: ClientRequest }): Leaving | undefined {
  if (isNodeFetchTold && request.hasHeader('x-stainless-lang')) return undefined;
  const { method, path, host } = request;
  return { method, path, host: () => host, headers: () => textOf(request.getHeaders()) };
}

function ofHttp2({ headers }: { headers: Record<string, unknown> }): Leaving {
  const told = (name: string): string => String(headers[name] ?? '');
  return {
    method: told(':method'),
    path: told(':path'),
    host: () => told(':authority'),
    headers: () => textOf(headers),
  };
}

/** Only looked through for the name of an SDK; never kept or said. */
function textOf(headers: object): string {
  return Object.entries(headers).flat().join('\n');
}

const NOT_CAUGHT = 'so it was NEITHER METERED NOR CAPPED';
const FIRST = "load 'spendfuse/register' before everything else (node --import spendfuse/register)";

function pastFetch(request: string): string {
  return `${request} did not go through globalThis.fetch as this patched it, ${NOT_CAUGHT}; ${FIRST}, and give an SDK (...args) => globalThis.fetch(...args) in place of a fetch of its own`;
}

function pastHttp(request: string): string {
  return `${request} did not go through globalThis.fetch, ${NOT_CAUGHT}; ${FIRST}, and use a version of the SDK that sends with fetch, or give it globalThis.fetch`;
}
