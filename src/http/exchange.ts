/** One request from its route to its reply: token, body, query, handler, answer; the same for every way in. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { type Enforcer, NotReady, type Principal } from '../enforce/enforcer.ts';
import { LedgerUnavailable } from '../ledger/ledger.ts';
import { authenticate, type TokenLookup } from './auth.ts';
import { aborted, type Read, RequestAborted, readJson, readJsonBytes } from './body.ts';
import { problem, unavailable } from './problem.ts';
import { parseQuery } from './query.ts';
import { quickParse } from './quick.ts';
import { requestId } from './request-id.ts';
import type { Reply, Route } from './route.ts';
import { type Asked, send } from './send.ts';
import { invalidBody, invalidQuery } from './validate.ts';
import { type Caller, type Drain, Wait } from './wait.ts';

export interface Service {
  enforcer: Enforcer;
  log: Logger;
  drain: Drain;
  /** Absent: open to this machine. Replaced when the config's tokens change. */
  tokens: TokenLookup | undefined;
}

/** A request of node's. */
export async function exchange(
  service: Service,
  route: Route,
  request: IncomingMessage,
  response: ServerResponse,
  id: string,
): Promise<void> {
  try {
    send(service, request, response, await answerMessage(service, route, request, callerOf(response), id));
  } catch (error) {
    send(service, request, response, failure(service, request, error));
  }
}

async function answerMessage(
  service: Service,
  route: Route,
  request: IncomingMessage,
  caller: Caller,
  id: string,
): Promise<Reply> {
  const admission = admit(service, route, request);
  if ('problem' in admission) return admission.problem;
  const read = route.body && (await readJson(request, route.body.maxBytes));
  return conclude(service, route, { ...admission, read, caller, id });
}

/** A request that has arrived whole. Throws and rejects as handlers do. */
export function answerWhole(
  service: Service,
  route: Route,
  asked: Asked,
  bytes: Buffer,
  caller: Caller,
  id: string,
): Reply | Promise<Reply> {
  const admission = admit(service, route, asked);
  if ('problem' in admission) return admission.problem;
  const read = route.body && readJsonBytes(asked.headers, bytes);
  return conclude(service, route, { principal: admission.principal, query: admission.query, read, caller, id });
}

type Admitted = { principal: Principal; query: unknown } | { problem: Reply };

function admit(service: Service, route: Route, asked: Asked): Admitted {
  const admission = authenticate(asked.headers, route, service.tokens);
  if ('problem' in admission) return admission;
  if (!route.query) return { principal: admission.principal, query: undefined };
  const query = route.query.safeParse(parseQuery(asked.url ?? ''));
  if (query.error) return { problem: invalidQuery(query.error) };
  return { principal: admission.principal, query: query.data };
}

interface Admission {
  principal: Principal;
  query: unknown;
  read: Read | undefined;
  caller: Caller;
  id: string;
}

function conclude(
  service: Service,
  route: Route,
  { principal, query, read, caller, id }: Admission,
): Reply | Promise<Reply> {
  let body: unknown;
  if (route.body && read) {
    if ('problem' in read) return read.problem;
    const checked = quickParse(route.body.schema, read.value);
    if (checked.error) return invalidBody(checked.error);
    body = checked.data;
  }
  return route.handle({ id, body, query, principal, wait: new Wait(caller, service.drain) });
}

function callerOf(response: ServerResponse): Caller {
  return {
    get isGone() {
      return response.destroyed;
    },
    onGone(callback) {
      response.once('close', () => {
        if (!response.writableFinished) callback();
      });
    },
    sayProcessing() {
      if (response.req.httpVersionMinor > 0 && !response.headersSent) response.writeProcessing();
    },
  };
}

/** What a throw means to the caller. A bug is logged with the request's id, which the answer repeats. */
export function failure(service: Service, request: Asked, error: unknown): Reply {
  if (error instanceof RequestAborted) return aborted();
  if (error instanceof NotReady) return unavailable('not-ready', error.message);
  const id = requestId(request);
  const headers = { 'x-request-id': id };
  if (error instanceof LedgerUnavailable) {
    // The server says once that its ledger is away; here it would be said with every call.
    service.log.debug({ why: error.message, request: id }, 'the ledger is unavailable');
    const detail = 'the ledger could not commit; nothing was changed; try again';
    return unavailable('ledger-unavailable', detail, { headers });
  }
  service.log.error({ err: error, request: id, method: request.method, path: pathOf(request) }, 'request failed');
  return problem(500, 'internal', `the server made a mistake; its log tells more under request ${id}`, { headers });
}

/** Without the query: what somebody puts there by mistake stays out of the log. */
export function pathOf(request: Asked): string {
  return (request.url ?? '').split('?', 1)[0] as string;
}
