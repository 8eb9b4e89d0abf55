/** OpenAPI 3.1 from the routes: the same zod schemas that validate describe. */
import { z } from 'zod';
import { PROBLEM_CONTENT_TYPE } from './problem.ts';
import { problemSchema } from './replies.ts';
import type { ReplyDoc, Route } from './route.ts';

type Json = Record<string, unknown>;

/** What any route may answer besides its own replies. */
const COMMON: Readonly<Record<number, string>> = {
  400: 'Not an HTTP request or not JSON; the detail says where.',
  401: 'No token, or one that is not known.',
  403: "The token's role or attribution does not allow this; the detail names what is needed.",
  404: 'There is no such thing.',
  409: 'Said before with another content, or too late. Nothing was changed.',
  413: 'The body is too large.',
  415: 'The body is not application/json.',
  422: 'Every mistake, each with its place.',
  500: 'A bug of the server; its log has the request id.',
  503: 'The server cannot decide now; try again after Retry-After seconds.',
};

export function describeApi(routes: readonly Route[], version: string): Json {
  const schemas = new SchemaBook(routes);
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(':id', '{id}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, schemas) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'spendfuse',
      version,
      description: 'The fuse for AI API spend. Money is nano-USD in decimal strings; problems are RFC 9457.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: schemas.components,
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operation(route: Route, schemas: SchemaBook): Json {
  const body = route.doc.body ?? route.body?.schema;
  return {
    operationId: operationId(route),
    tags: [route.path.split('/').filter((part) => part !== 'v1')[1]],
    summary: route.doc.summary,
    description: [route.doc.description, rolesOf(route)].filter(Boolean).join(' '),
    security: route.access === 'anyone' ? [] : [{ token: [] }],
    parameters: [...pathParameters(route), ...queryParameters(route, schemas)],
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: schemas.of(body) } } } }),
    responses: responses(route, schemas),
  };
}

function rolesOf({ access }: Route): string {
  return access === 'anyone' ? 'Needs no token.' : `Roles: ${[...access, 'admin'].join(', ')}.`;
}

/** `POST /v1/reservations/:id/settle` is `postReservationsIdSettle`. */
function operationId({ method, path }: Route): string {
  const words = path.split(/[^A-Za-z]+/).filter((word) => word !== '' && word !== 'v');
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function pathParameters({ path }: Route): Json[] {
  return path.includes(':id') ? [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }] : [];
}

function queryParameters({ query }: Route, schemas: SchemaBook): Json[] {
  if (!query) return [];
  const { properties = {}, required = [] } = schemas.of(query) as { properties?: Json; required?: string[] };
  return Object.entries(properties).map(([name, schema]) => {
    return { name, in: 'query', required: required.includes(name), schema };
  });
}

function responses(route: Route, schemas: SchemaBook): Json {
  const replies: Record<number, Json> = {};
  for (const status of commonStatuses(route)) {
    const doc = { description: COMMON[status] as string, schema: problemSchema, contentType: PROBLEM_CONTENT_TYPE };
    replies[status] = response(doc, schemas);
  }
  for (const [status, doc] of Object.entries(route.doc.replies)) replies[Number(status)] = response(doc, schemas);
  return replies;
}

function commonStatuses(route: Route): number[] {
  if (route.access === 'anyone') return [500];
  const statuses = [401, 403, 500, 503];
  if (route.path.includes(':id')) statuses.push(404);
  if (route.method !== 'GET') statuses.push(409);
  if (route.body) statuses.push(400, 413, 415, 422);
  else if (route.query) statuses.push(422);
  return statuses;
}

function response({ description, schema, contentType = 'application/json' }: ReplyDoc, schemas: SchemaBook): Json {
  if (!schema && contentType === 'application/json') return { description };
  return { description, content: { [contentType]: { schema: schema ? schemas.of(schema) : { type: 'string' } } } };
}

/** Converts all schemas in one go, so that what has an id is a component and is referred to everywhere else. */
class SchemaBook {
  readonly components: Json;
  readonly #byZod = new Map<z.ZodType, Json>();

  constructor(routes: readonly Route[]) {
    const all = [...new Set([problemSchema, ...routes.flatMap(schemasOf)])];
    const shape = Object.fromEntries(all.map((schema, index) => [String(index), schema]));
    const converted = z.toJSONSchema(z.object(shape), { io: 'input' });
    const moved = JSON.parse(JSON.stringify(converted).replaceAll('"#/$defs/', '"#/components/schemas/')) as {
      $defs?: Json;
      properties: Record<string, Json>;
    };
    this.components = moved.$defs ?? {};
    for (const [index, schema] of all.entries()) this.#byZod.set(schema, moved.properties[String(index)] as Json);
  }

  of(schema: z.ZodType): Json {
    return this.#byZod.get(schema) as Json;
  }
}

function schemasOf(route: Route): z.ZodType[] {
  const replies = Object.values(route.doc.replies).map((reply) => reply.schema);
  return [route.doc.body ?? route.body?.schema, route.query, ...replies].filter((schema) => schema !== undefined);
}
