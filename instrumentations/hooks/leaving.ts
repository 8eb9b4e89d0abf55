/**
 * What leaves the process is told on Node's diagnostics channels, whoever sends it: fetch and undici's own clients, node:http and
 * what is built on it (axios, node-fetch, ws), and HTTP/2. Nothing can be stopped there, for a throw in a channel would end the application.
 */
import { subscribe } from 'node:diagnostics_channel';

/** Runs for every request of the service, so nothing is put together before somebody asks for it. */
export interface Leaving {
  by: 'fetch' | 'http';
  method: string;
  /** With its query. */
  path: string;
  /** May carry a port. */
  host: () => string;
  headers: () => string;
  /** Opens a WebSocket, and no answer is expected. */
  isSocket: () => boolean;
}

export function watchLeaving(look: (leaving: Leaving) => void): void {
  const on = (channel: string, read: (message: never) => Leaving): void =>
    subscribe(channel, (message) => {
      try {
        look(read(message as never));
      } catch {} // Somebody else's object in another shape.
    });
  on('undici:request:create', ofUndici);
  on('http.client.request.start', ofHttp);
  on('http2.client.stream.created', ofHttp2);
}

interface UndiciRequest {
  method: string;
  path: string;
  origin: unknown;
  headers: unknown;
  upgrade?: unknown;
}

function ofUndici({ request }: { request: UndiciRequest }): Leaving {
  const { method, path, headers } = request;
  return {
    by: 'fetch',
    method,
    path,
    host: () => hostOf(request.origin),
    headers: () => String(headers),
    isSocket: () => isWebSocket(request.upgrade),
  };
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
  getHeader(name: string): unknown;
}

function ofHttp({ request }: { request: ClientRequest }): Leaving {
  const { method, path, host } = request;
  return {
    by: 'http',
    method,
    path,
    host: () => host,
    headers: () => textOf(request.getHeaders()),
    isSocket: () => isWebSocket(request.getHeader('upgrade')),
  };
}

function ofHttp2({ headers }: { headers: Record<string, unknown> }): Leaving {
  const told = (name: string): string => String(headers[name] ?? '');
  return {
    by: 'http',
    method: told(':method'),
    path: told(':path'),
    host: () => told(':authority'),
    headers: () => textOf(headers),
    isSocket: () => isWebSocket(headers[':protocol']),
  };
}

function isWebSocket(upgrade: unknown): boolean {
  return typeof upgrade === 'string' && upgrade.toLowerCase() === 'websocket';
}

/** Only looked through for the name of an SDK; never kept or said. */
function textOf(headers: object): string {
  return Object.entries(headers).flat().join('\n');
}
