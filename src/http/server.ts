/** The HTTP server: a fast path for what every attempt asks, express for the rest, and an orderly end. */
import { createServer as createHttpServer, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import type { Enforcer } from '../enforce/enforcer.ts';
import { createApp } from './app.ts';
import type { TokenLookup } from './auth.ts';
import { exchange, type Service } from './exchange.ts';
import { hotMatcher } from './fast-path.ts';
import { isLoopback } from './loopback.ts';
import type { CardinalityBounds } from './metrics/cardinality.ts';
import { Metrics } from './metrics/metrics.ts';
import { PROBLEM_CONTENT_TYPE, problem } from './problem.ts';
import type { Reply } from './route.ts';
import { allRoutes } from './routes.ts';
import { Drain } from './wait.ts';

export interface ServerOptions {
  enforcer: Enforcer;
  /** Absent: no tokens are configured; the server answers this machine only. */
  tokens?: TokenLookup;
  log: Logger;
  version: string;
  clock?: () => EpochMs;
  /** How long running requests may take to end when the server closes. */
  graceMs?: DurationMs;
  /** How long a request may take to arrive, headers and body. */
  requestTimeoutMs?: DurationMs;
  bounds?: CardinalityBounds;
}

export interface SpendfuseServer {
  node: Server;
  /** Answers the base URL. Errors: `Error` when the host is not loopback and there are no tokens; those of `listen`. */
  listen(address: { host: string; port: number }): Promise<string>;
  /** The config's tokens changed. Errors: `Error` when there are none left and the server is not on loopback. */
  setTokens(tokens: TokenLookup | undefined): void;
  /** For the metrics: the config was read again, and it is in force or not. */
  configReloaded(successful: boolean): void;
  /** Stops accepting, ends waits with a 503, lets running requests end. */
  close(): Promise<void>;
}

const GRACE_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than clients and proxies keep theirs, so that a request never meets a socket that is being closed. */
const KEEP_ALIVE_MS = 75_000;
/** How often sockets that fell idle are closed while the server ends. */
const SWEEP_MS = 50;

export function createServer(options: ServerOptions): SpendfuseServer {
  const { enforcer, log, version, clock = Date.now, graceMs = GRACE_MS } = options;
  const drain = new Drain();
  const metrics = new Metrics(enforcer, drain, options.bounds);
  const service: Service = { enforcer, log, drain, tokens: options.tokens };
  const node = createNode(service, allRoutes({ enforcer, metrics, drain, clock, version }), options);
  let boundHost: string | undefined;
  return {
    node,
    async listen({ host, port }) {
      if (!service.tokens) refuseUnlessLoopback(host);
      boundHost = host;
      return listen(node, host, port);
    },
    setTokens(tokens) {
      if (!tokens && boundHost !== undefined) refuseUnlessLoopback(boundHost);
      service.tokens = tokens;
    },
    configReloaded: (successful) => metrics.configReloaded(successful),
    async close() {
      drain.close();
      await closeGently(node, graceMs);
      metrics.close();
    },
  };
}

function createNode(service: Service, routes: ReturnType<typeof allRoutes>, options: ServerOptions): Server {
  const app = createApp(service, routes);
  const match = hotMatcher(routes);
  const requestTimeout = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  const limits = { requestTimeout, headersTimeout: Math.min(requestTimeout, 10_000), keepAliveTimeout: KEEP_ALIVE_MS };
  const node = createHttpServer(limits, (request, response) => {
    const hot = match(request.method ?? '', request.url ?? '');
    if (hot) void exchange(service, hot.route, request, response, hot.id);
    else app(request, response);
  });
  return node.on('clientError', answerClientError);
}

function refuseUnlessLoopback(host: string): void {
  if (isLoopback(host)) return;
  throw new Error(
    `refusing to listen on ${host} without tokens: anybody there could spend and read. ` +
      'Add tokens to the config (tokens: [{ name, role, secret_env }]) or listen on 127.0.0.1',
  );
}

function listen(node: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    node.once('error', reject);
    node.listen({ host, port }, () => {
      node.off('error', reject);
      const address = node.address();
      const actual = typeof address === 'object' && address ? address.port : port;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${actual}`);
    });
  });
}

async function closeGently(node: Server, graceMs: DurationMs): Promise<void> {
  if (!node.listening) return;
  const sweep = setInterval(() => node.closeIdleConnections(), SWEEP_MS);
  const end = setTimeout(() => node.closeAllConnections(), graceMs);
  try {
    await new Promise<void>((resolve) => node.close(() => resolve()));
  } finally {
    clearInterval(sweep);
    clearTimeout(end);
  }
}

/** What node itself cannot parse never becomes a request; it is answered on the socket. */
function answerClientError(error: Error & { code?: string }, socket: Socket & { _httpMessage?: ServerResponse }): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?.headersSent) {
    socket.destroy();
    return;
  }
  const { status, body } = clientErrorReply(error.code);
  const text = JSON.stringify(body);
  const head = `HTTP/1.1 ${status} ${(body as { title: string }).title}\r\nconnection: close\r\n`;
  const headers = `content-type: ${PROBLEM_CONTENT_TYPE}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n`;
  socket.end(head + headers + text);
}

function clientErrorReply(code: string | undefined): Reply {
  if (code === 'HPE_HEADER_OVERFLOW') return problem(431, 'headers-too-large', 'the headers are larger than 16 KiB');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return problem(408, 'request-timeout', 'the request took too long to arrive');
  return problem(400, 'malformed-request', 'this is not an HTTP request');
}
