/** The HTTP server: a fast path for what every attempt asks, express for the rest, and an orderly end. */
import { createServer as createHttpServer, type Server } from 'node:http';
import type { Logger } from 'pino';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import type { Enforcer } from '../enforce/enforcer.ts';
import { createApp } from './app.ts';
import type { TokenLookup } from './auth.ts';
import { answerClientError } from './client-error.ts';
import { Connections, listen } from './connections.ts';
import { exchange, type Service } from './exchange.ts';
import { hotMatcher } from './fast-path.ts';
import { isLoopback } from './loopback.ts';
import type { CardinalityBounds } from './metrics/cardinality.ts';
import { Metrics } from './metrics/metrics.ts';
import type { Route } from './route.ts';
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

export function createServer(options: ServerOptions): SpendfuseServer {
  const { enforcer, log, version, clock = Date.now, graceMs = GRACE_MS } = options;
  const drain = new Drain();
  const metrics = new Metrics(enforcer, drain, log, options.bounds);
  const service: Service = { enforcer, log, drain, tokens: options.tokens };
  const node = createNode(service, allRoutes({ enforcer, metrics, drain, clock, version }), options);
  const connections = new Connections(node);
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
      await connections.close(graceMs);
      metrics.close();
    },
  };
}

function createNode(service: Service, routes: readonly Route[], options: ServerOptions): Server {
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
