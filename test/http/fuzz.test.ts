import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { createServer } from '../../src/http/server.ts';
import { close, fakeEnforcer, memoryLog, NOW, reservation, settlement, settlementBody, want } from './fixtures.ts';

const { log, lines } = memoryLog('error');
let url: string;

beforeAll(async () => {
  const server = createServer({ enforcer: fakeEnforcer(), log, version: '0', clock: () => NOW, graceMs: 100 });
  url = await server.listen({ host: '127.0.0.1', port: 0 });
  return () => server.close();
});

const PATHS = [
  '/v1/sessions',
  '/v1/sessions/s/heartbeat',
  '/v1/reservations',
  '/v1/reservations/a/settle',
  '/v1/reservations/a/release',
  '/v1/reservations/a/write-off',
  '/v1/settlements',
];

/** A good body with one thing in it replaced. */
const nearlyGood = fc
  .tuple(
    fc.constantFrom<object>(
      reservation,
      settlementBody,
      settlement,
      { settlements: [settlement] },
      { settlements: [{ ...settlement, draws: [{ slice: 'a', amount: '1' }] }], closes: [close] },
      { seq: 1, wants: [want] },
    ),
    fc.nat(),
    fc.jsonValue(),
  )
  .map(([good, at, replacement]) => {
    const places: [Record<string, unknown>, string][] = [];
    const body = structuredClone(good) as Record<string, unknown>;
    const visit = (node: Record<string, unknown>): void => {
      for (const key of Object.keys(node)) {
        places.push([node, key]);
        if (typeof node[key] === 'object' && node[key] !== null) visit(node[key] as Record<string, unknown>);
      }
    };
    visit(body);
    const [node, key] = places[at % places.length] as [Record<string, unknown>, string];
    node[key] = replacement;
    return JSON.stringify(body);
  });
const anyBody = fc.oneof(nearlyGood, fc.json(), fc.string(), fc.uint8Array());

test('no body makes the server fail, and both paths say the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...PATHS), anyBody, async (path, body) => {
      const answers: [number, string][] = [];
      for (const query of ['', '?']) {
        const headers = { 'content-type': 'application/json' };
        const reply = await fetch(url + path + query, { method: 'POST', body: body as BodyInit, headers });
        answers.push([reply.status, await reply.text()]);
      }
      expect(answers[0]?.[0]).toBeLessThan(500);
      expect(answers[0]).toEqual(answers[1]);
      if ((answers[0]?.[0] ?? 0) >= 400) expect(JSON.parse(answers[0]?.[1] as string)).toHaveProperty('title');
    }),
    { numRuns: 300 },
  );
  expect(lines).toEqual([]);
});

test('no path or query makes the server fail', async () => {
  const piece = fc.oneof(
    fc.constantFrom('v1', 'budgets', 'usage', 'alerts', 'reservations', '%', '%zz', '..', ':id'),
    fc.webSegment(),
  );
  const target = fc.tuple(fc.array(piece, { maxLength: 5 }), fc.webQueryParameters()).map(([path, query]) => {
    return `/${path.join('/')}?${query}`;
  });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'HEAD'), target, async (method, path) => {
      const reply = await fetch(url + path, { method });
      await reply.text();
      expect(reply.status).toBeLessThan(500);
    }),
    { numRuns: 200 },
  );
  expect(lines).toEqual([]);
});
