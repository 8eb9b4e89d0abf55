/**
 * JSON over HTTP to the spendfuse server, on a keep-alive connection of its own. It uses node:http, not fetch: the
 * service's fetch is patched, and only node:http tells of `102 Processing`.
 */
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { context, createContextKey } from '@opentelemetry/api';
import type { DurationMs } from '../domain/time.ts';

export interface Reply {
  status: number;
  /** Parsed JSON; undefined where there was none. */
  body: unknown;
}

export interface Ask {
  timeoutMs: DurationMs;
  signal?: AbortSignal;
  /** The server said that it is at work: how long to wait for it from now on. */
  onProcessing?: () => DurationMs;
  /** The process may end while this is under way. */
  background?: boolean;
}

export type Transport = (method: 'POST' | 'DELETE', path: string, body: unknown, ask: Ask) => Promise<Reply>;

/** No valid answer came: refused, reset, too late, or not JSON. */
export class NoAnswer extends Error {
  override name: string = 'NoAnswer';
}

/** Nothing came in time. Unlike a refused or reset connection it may only mean that somebody is busy. */
export class Late extends NoAnswer {
  override name = 'Late';
}

/**
 * A connection that was idle for so long is not used again. The server may have closed it meanwhile, and where the process was
 * frozen (Lambda, a suspended machine) nobody here has read that yet, or a router between the two has forgotten it.
 */
const STALE_MS: DurationMs = 4_000;
const MAX_REPLY_BYTES = 16 * 1024 * 1024;
/** By this key OpenTelemetry's HTTP instrumentations leave a request alone; it is named by description, so it can be made here. */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

export function createTransport(endpoint: URL, token: string | undefined): Transport {
  const secure = endpoint.protocol === 'https:';
  const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  const base = endpoint.pathname.replace(/\/$/, '');
  const authorization = token === undefined ? undefined : `Bearer ${token}`;

  let usedAtMs = 0;

  /** By the wall clock, for the other may stand still as well. */
  function dropStale(): void {
    const atMs = Date.now();
    const isStale = Math.abs(atMs - usedAtMs) > STALE_MS;
    usedAtMs = atMs;
    if (isStale)
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }

  function open(method: string, path: string, length: number): ClientRequest {
    dropStale();
    const headers: Record<string, string | number> = { 'content-type': 'application/json', 'content-length': length };
    if (authorization !== undefined) headers.authorization = authorization;
    const url = new URL(base + path, endpoint);
    return (secure ? requestHttps : requestHttp)(url, { method, agent, headers });
  }

  return (method, path, body, ask) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    return context.with(context.active().setValue(SUPPRESS_TRACING, true), () =>
      exchange(() => open(method, path, Buffer.byteLength(text)), text, ask),
    );
  };
}

/**
 * A connection that was kept alive may have been closed just then: the request is sent on another one. Whatever it asks for is done
 * once, however often it comes.
 */
function isOnClosed({ reusedSocket }: ClientRequest, { code }: Error & { code?: string }): boolean {
  return reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE');
}

function exchange(open: () => ClientRequest, text: string, ask: Ask): Promise<Reply> {
  return new Promise<Reply>((resolve, reject) => {
    let settled = false;
    let request: ClientRequest;
    // A service that was busy computing finds the timer due and the answer unread: what has arrived is read first.
    const late = () => afterReading(() => settled || request.destroy(new Late('it did not answer in time')));
    let timer = setTimeout(late, ask.timeoutMs);
    const aborted = () => request.destroy(new NoAnswer('the call was aborted'));
    const end = (settle: () => void) => {
      settled = true;
      clearTimeout(timer);
      ask.signal?.removeEventListener('abort', aborted);
      settle();
    };
    const fail = (error: Error) => end(() => reject(asNoAnswer(error)));

    const send = (): void => {
      request = open();
      const sent = request;
      if (ask.background) sent.on('socket', (socket) => socket.unref());
      sent.on('error', (error) => (isOnClosed(sent, error) ? send() : fail(error)));
      sent.on('information', ({ statusCode }) => {
        if (statusCode !== 102 || !ask.onProcessing) return;
        clearTimeout(timer);
        timer = setTimeout(late, ask.onProcessing());
      });
      sent.on('response', (response) => {
        readJson(response).then((body) => end(() => resolve({ status: response.statusCode ?? 0, body })), fail);
      });
      sent.end(text);
    };
    send();
    if (ask.background) timer.unref();
    if (ask.signal?.aborted) aborted();
    else ask.signal?.addEventListener('abort', aborted, { once: true });
  });
}

function afterReading(fn: () => void): void {
  setImmediate(() => setImmediate(() => setImmediate(fn)));
}

async function readJson(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_REPLY_BYTES) throw new NoAnswer('its answer is too large');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new NoAnswer('its answer is not JSON');
  }
}

function asNoAnswer(error: Error & { code?: string }): NoAnswer {
  return error instanceof NoAnswer ? error : new NoAnswer(error.code ?? error.message, { cause: error });
}
