import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  heartbeatRequestSchema,
  reservationRequestSchema,
  settlementRequestSchema,
  sliceCloseSchema,
} from '../../src/http/schemas.ts';
import { close, reservation, serve, settlement, want } from './fixtures.ts';

interface Document {
  openapi: string;
  paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown> }>>;
  components: { schemas: Record<string, { required?: string[] }> };
}

async function read(): Promise<Document> {
  const { url } = await serve();
  return (await (await fetch(`${url}/openapi.json`)).json()) as Document;
}

test('the document is valid OpenAPI 3.1', async () => {
  const document = await read();
  expect(document.openapi).toBe('3.1.0');
  expect(await new Validator().validate({ ...document })).toEqual({ valid: true });
});

test('it has exactly the routes of the server', async () => {
  const { paths } = await read();
  const routes = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((m) => `${m} ${path}`));
  expect(routes).toEqual([
    'post /v1/sessions',
    'post /v1/sessions/{id}/heartbeat',
    'delete /v1/sessions/{id}',
    'post /v1/reservations',
    'get /v1/reservations',
    'post /v1/reservations/{id}/settle',
    'post /v1/reservations/{id}/release',
    'post /v1/reservations/{id}/write-off',
    'post /v1/settlements',
    'get /v1/budgets',
    'get /v1/budgets/{id}',
    'get /v1/usage',
    'get /v1/alerts',
    'post /v1/clock/confirm',
    'get /metrics',
    'get /healthz',
    'get /readyz',
    'get /openapi.json',
  ]);
  const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
  expect(new Set(ids).size).toBe(ids.length);
});

test('a denial is described as what it is', async () => {
  const { paths } = await read();
  const responses = paths['/v1/reservations']?.post?.responses;
  const denial = {
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/BudgetProblem' } } },
  };
  expect(responses).toMatchObject({ 402: denial, 429: denial });
});

test('every reference leads somewhere', async () => {
  const document = await read();
  const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
  expect(references.length).toBeGreaterThan(20);
  for (const name of references) expect(document.components.schemas).toHaveProperty(name as string);
});

/** A request as a reader of the document understands it. */
async function described(name: string): Promise<z.ZodType> {
  const { components } = await read();
  return z.fromJSONSchema({
    $ref: `#/$defs/${name}`,
    $defs: JSON.parse(JSON.stringify(components.schemas).replaceAll('#/components/schemas/', '#/$defs/')),
  });
}

test('requests in the document read back accept what the server accepts', async () => {
  const { components } = await read();
  expect(components.schemas.ReservationRequest?.required).toEqual(Object.keys(reservation));
  const wrong = { ...settlement, usage: { input_tokens: -1, output_tokens: 1 } };
  const drawn = { ...settlement, end: 'open', draws: [{ slice: 'a', amount: '1' }] };
  const broken = { ...settlement, draws: [{ slice: 'a', amount: '1.5' }] };
  const beat = { seq: 1, wants: [want] };
  for (const [name, schema, values] of [
    ['SettlementRequest', settlementRequestSchema, [settlement, wrong, drawn, broken, reservation, {}, null]],
    ['ReservationRequest', reservationRequestSchema, [reservation, { ...reservation, route: true }, { route: false }]],
    ['HeartbeatRequest', heartbeatRequestSchema, [{}, beat, { seq: 1, wants: [{ ...want, amount: 5 }] }, { seq: -1 }]],
    ['SliceClose', sliceCloseSchema, [close, { ...close, drawn: '-1' }, { ...close, drawn: '01' }, {}]],
  ] as const) {
    const reader = await described(name);
    for (const value of values) {
      expect([name, value, reader.safeParse(value).success]).toEqual([name, value, schema.safeParse(value).success]);
    }
  }
});
