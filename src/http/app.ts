import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { exchange, failure, pathOf, type Service } from './exchange.ts';
import { problem } from './problem.ts';
import type { Reply, Route } from './route.ts';
import { send } from './send.ts';

/** Express for everything that is not hot; it knows the hot routes too, for paths that the fast path passes on. */
export function createApp(service: Service, routes: readonly Route[]): Express {
  const app = express();
  app.disable('etag').disable('x-powered-by');
  app.enable('strict routing').enable('case sensitive routing');
  app.set('query parser', false);
  for (const [path, group] of Map.groupBy(routes, (route) => route.path)) {
    for (const route of group) app[verb(route)](path, handler(service, route));
    app.all(path, (request, response) => send(service, request, response, methodNotAllowed(request, group)));
  }
  app.use((request: Request, response: Response) => send(service, request, response, notFound(request)));
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    send(service, request, response, expressFailure(service, request, error));
  });
  return app;
}

function verb(route: Route): 'get' | 'post' | 'delete' {
  return route.method.toLowerCase() as 'get' | 'post' | 'delete';
}

function handler(service: Service, route: Route) {
  return (request: IncomingMessage & { params: { id?: string } }, response: ServerResponse): Promise<void> =>
    exchange(service, route, request, response, request.params.id ?? '');
}

function methodNotAllowed(request: IncomingMessage, group: readonly Route[]): Reply {
  const allow = group.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  const detail = `${pathOf(request)} answers ${allow}, not ${request.method}`;
  return problem(405, 'method-not-allowed', detail, { headers: { allow } });
}

function notFound(request: IncomingMessage): Reply {
  return problem(404, 'not-found', `there is nothing at ${pathOf(request)}; /openapi.json lists what there is`);
}

/** Express throws for paths that cannot be decoded; anything else is a bug. */
function expressFailure(service: Service, request: IncomingMessage, error: unknown): Reply {
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  if (status === 400) return problem(400, 'malformed-request', 'the path is not percent-encoded correctly');
  return failure(service, request, error);
}
