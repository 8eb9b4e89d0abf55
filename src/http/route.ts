/** What a resource file declares and what a handler is given; raw and express requests meet here. */
import type { z } from 'zod';
import type { Role } from '../config/config.ts';
import type { Principal } from '../enforce/enforcer.ts';
import type { Wait } from './wait.ts';

export interface Reply {
  status: number;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, instead of `body`. */
  text?: string;
  /** `application/json` when absent. */
  contentType?: string;
  headers?: Readonly<Record<string, string>>;
}

export interface Call<Body, Query> {
  /** The `:id` of the path; empty where the route has none. */
  id: string;
  body: Body;
  query: Query;
  principal: Principal;
  /** For handlers that may wait for long. */
  wait: Wait;
}

/** One answer in the OpenAPI document. Without a schema it has no body. */
export interface ReplyDoc {
  description: string;
  schema?: z.ZodType;
  contentType?: string;
}

export interface RouteDoc {
  summary: string;
  description?: string;
  /** By status. What every route may answer (401, 403, 500, …) is added. */
  replies: Readonly<Record<number, ReplyDoc>>;
  /** Where validation reads less than callers should send. */
  body?: z.ZodType;
}

export interface Route<Body = unknown, Query = unknown> {
  method: 'GET' | 'POST' | 'DELETE';
  /** As express writes it; the only parameter is `:id`. */
  path: string;
  /** Roles besides `admin` that may call it; `anyone` needs no token. */
  access: 'anyone' | readonly Role[];
  /** Served by the fast path in front of express. */
  hot?: true;
  body?: { schema: z.ZodType<Body>; maxBytes: number };
  query?: z.ZodType<Query>;
  doc: RouteDoc;
  handle(call: Call<Body, Query>): Reply | Promise<Reply>;
}

/** Forgets a route's body and query types once its handler is known to agree with its schemas. */
export function route<Body = undefined, Query = undefined>(definition: Route<Body, Query>): Route {
  return definition as unknown as Route;
}

/** Largest body of one request, and of a batch. */
export const MAX_BODY_BYTES = 64 * 1024;
export const MAX_BATCH_BYTES = 4 * 1024 * 1024;
