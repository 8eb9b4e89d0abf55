/** One request from its route to its reply: token, body, query, handler, answer; the same for both paths. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { type Enforcer, NotReady } from '../enforce/enforcer.ts';
import { LedgerUnavailable } from '../ledger/ledger.ts';
import { authenticate, type TokenLookup } from './auth.ts';
import { RequestAborted, readJson } from './body.ts';
import { problem, unavailable } from './problem.ts';
import { parseQuery } from './query.ts';
import { quickParse } from './quick.ts';
import { requestId } from './request-id.ts';
import type { Reply, Route } from './route.ts';
import { send } from './send.ts';
import { invalidBody, invalidQuery } from './validate.ts';
import { type Drain, Wait } from './wait.ts';

export interface Service {
  enforcer: Enforcer;
  log: Logger;
  drain: Drain;
  /** Absent: open to this machine. Replaced when the config's tokens change. */
  tokens: TokenLookup | undefined;
}

export async function exchange(
  service: Service,
  route: Route,
  request: IncomingMessage,
  response: ServerResponse,
  id: string,
): Promise<void> {
  try {
    send(service, request, response, await answer(service, route, request, response, id));
  } catch (error) {
    send(service, request, response, failure(service, request, error));
  }
}

async function answer(
  service: Service,
  route: Route,
  request: IncomingMessage,
  response: ServerResponse,
  id: string,
): Promise<Reply> {
  const admission = authenticate(request, route, service.tokens);
  if ('problem' in admission) return admission.problem;
  const query = route.query?.safeParse(parseQuery(request.url ?? ''));
  if (query?.error) return invalidQuery(query.error);
  let body: unknown;
  if (route.body) {
    const read = await readJson(request, route.body.maxBytes);
    if ('problem' in read) return read.problem;
    const checked = quickParse(route.body.schema, read.value);
    if (checked.error) return invalidBody(checked.error);
    body = checked.data;
  }
  const wait = new Wait(response, service.drain);
  // Awaited here: an async function that returns a promise takes three turns of the queue to pass it on.
  return await route.handle({ id, body, query: query?.data, principal: admission.principal, wait });
}

/** What a throw means to the caller. A bug is logged with the request's id, which the answer repeats. */
export function failure(service: Service, request: IncomingMessage, error: unknown): Reply {
  if (error instanceof RequestAborted) return problem(400, 'malformed-request', error.message);
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
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] as string;
}
