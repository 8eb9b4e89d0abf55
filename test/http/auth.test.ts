import { request as httpRequest } from 'node:http';
import { expect, test } from 'vitest';
import { ROLES, type Role } from '../../src/config/config.ts';
import { createServer } from '../../src/http/server.ts';
import {
  budget,
  config,
  fakeEnforcer,
  lookup,
  memoryLog,
  post,
  reservation,
  serve,
  settlementBody,
  silent,
  tokenEntry,
} from './fixtures.ts';

const tokens = lookup(ROLES.map((role) => tokenEntry(role, role)));

type Row = [string, string, unknown, readonly Role[]];
const ROUTES: Row[] = [
  ['POST', '/v1/sessions', { session: 's', attribution: {} }, ['client']],
  ['POST', '/v1/sessions/s/heartbeat', {}, ['client']],
  ['DELETE', '/v1/sessions/s', undefined, ['client']],
  ['POST', '/v1/reservations', reservation, ['client']],
  ['POST', '/v1/reservations/a/settle', settlementBody, ['client']],
  ['POST', '/v1/reservations/a/release', undefined, ['client']],
  ['POST', '/v1/settlements', { settlements: [] }, ['client']],
  ['POST', '/v1/reservations/a/write-off', { reason: 'lost' }, ['operator']],
  ['GET', '/v1/reservations?state=unresolved', undefined, ['operator']],
  ['POST', '/v1/clock/confirm', undefined, ['operator']],
  ['GET', '/v1/budgets', undefined, ['operator', 'finance']],
  ['GET', '/v1/budgets/total', undefined, ['operator', 'finance']],
  ['GET', '/v1/usage', undefined, ['operator', 'finance']],
  ['GET', '/v1/alerts', undefined, ['operator', 'finance']],
  ['GET', '/metrics', undefined, ['metrics']],
  ['GET', '/healthz', undefined, ROLES],
  ['GET', '/readyz', undefined, ROLES],
  ['GET', '/openapi.json', undefined, ROLES],
];

function call(url: string, [method, path, body]: Row, token?: string): Promise<Response> {
  return fetch(url + path, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
  });
}

test.each(ROUTES)('%s %s is for its roles and admin alone', async (...row) => {
  const [method, path, , allowed] = row;
  const enforcer = fakeEnforcer({ config: () => config({ budgets: [budget('total')] }) });
  const { url } = await serve({ tokens, enforcer });
  for (const role of ROLES) {
    const reply = await call(url, row, `${role}-secret`);
    if (role === 'admin' || allowed.includes(role)) {
      expect([role, reply.ok]).toEqual([role, true]);
      continue;
    }
    expect([role, reply.status]).toEqual([role, 403]);
    const route = path
      .split('?')[0]
      ?.replace('/a/', '/:id/')
      .replace(/\/(s|total)(?=\/|$)/, '/:id');
    expect(await reply.json()).toMatchObject({
      type: '/problems/forbidden',
      detail: `token "${role}" has the role ${role}; ${method} ${route} needs ${[...allowed, 'admin'].join(' or ')}`,
    });
  }
});

test.each(ROUTES)('%s %s needs a token unless it is open', async (...row) => {
  const { url, enforcer } = await serve({
    tokens,
    enforcer: fakeEnforcer({ config: () => config({ budgets: [budget('total')] }) }),
  });
  const [none, wrong] = [await call(url, row), await call(url, row, 'wrong')];
  if (row[3] === ROLES) {
    expect([none.status, wrong.status]).toEqual([200, 200]);
    return;
  }
  expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="spendfuse"']);
  expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([
    401,
    'Bearer realm="spendfuse", error="invalid_token"',
  ]);
  expect(await wrong.json()).toMatchObject({ type: '/problems/unauthenticated', detail: 'the token is not known' });
  expect(enforcer.calls).toEqual([]);
});

test.each(['Basic Y2xpZW50', 'client-secret', 'Bearer', 'Bearer ', 'Bearer a b'])(
  'an Authorization of "%s" is no token',
  async (authorization) => {
    const { url } = await serve({ tokens });
    expect((await post(`${url}/v1/reservations`, reservation, { authorization })).status).toBe(401);
  },
);

test('the enforcer learns who asks from the token, never from the body', async () => {
  const { url, enforcer } = await serve({ tokens });
  await post(`${url}/v1/reservations`, reservation, { authorization: 'bearer client-secret' });
  expect(enforcer.calls[0]?.principal).toEqual({ name: 'client', token: tokenEntry('client', 'client') });
});

test('neither secrets nor bodies nor queries are logged', async () => {
  const { log, lines } = memoryLog('trace');
  const { url } = await serve({ tokens, log });
  await post(`${url}/v1/reservations`, reservation, { authorization: 'Bearer client-secret' });
  await post(`${url}/v1/reservations`, { token: 'client-secret' }, { authorization: 'Bearer client-secret' });
  await post(`${url}/v1/reservations`, reservation, { authorization: 'Bearer wrong-secret' });
  await fetch(`${url}/v1/budgets?token=operator-secret`, { headers: { authorization: 'Bearer operator-secret' } });
  expect(lines.map(({ method, path, status }) => [method, path, status])).toEqual([
    ['POST', '/v1/reservations', 201],
    ['POST', '/v1/reservations', 422],
    ['POST', '/v1/reservations', 401],
    ['GET', '/v1/budgets', 422],
  ]);
  expect(JSON.stringify(lines)).not.toMatch(/secret|support|gpt/);
});

test.each(['0.0.0.0', '::', '192.0.2.1', 'spendfuse.example.com'])(
  'without tokens it does not listen on %s',
  async (host) => {
    const server = createServer({ enforcer: fakeEnforcer(), log: silent, version: '0' });
    await expect(server.listen({ host, port: 0 })).rejects.toThrow(
      `refusing to listen on ${host} without tokens: anybody there could spend and read. Add tokens to the config`,
    );
    expect(server.node.listening).toBe(false);
  },
);

test('tokens may be replaced while it runs, but not taken away from an open port', async () => {
  const { server, url } = await serve({ tokens });
  const headers = { authorization: 'Bearer client-secret' };
  expect((await post(`${url}/v1/reservations`, reservation, headers)).status).toBe(201);
  server.setTokens(lookup([tokenEntry('other', 'client')]));
  expect((await post(`${url}/v1/reservations`, reservation, headers)).status).toBe(401);
  server.setTokens(undefined);
  expect((await post(`${url}/v1/reservations`, reservation)).status).toBe(201);
  const open = createServer({ enforcer: fakeEnforcer(), log: silent, version: '0', tokens });
  await open.listen({ host: '0.0.0.0', port: 0 });
  expect(() => open.setTokens(undefined)).toThrow('refusing to listen on 0.0.0.0 without tokens');
  await open.close();
});

function status(url: string, path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url + path, { method: path === '/healthz' ? 'GET' : 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', reject).end();
  });
}

test.each([
  [{ host: 'localhost:4319' }, 200],
  [{ host: '[::1]' }, 200],
  [{ host: '127.0.0.1', origin: 'http://localhost:3000' }, 200],
  [{ host: 'evil.example.com' }, 403],
  [{ host: '127.0.0.1.evil.example.com' }, 403],
  [{ host: '127.0.0.1', origin: 'https://evil.example.com' }, 403],
  [{ host: '127.0.0.1', origin: 'null' }, 403],
])('without tokens a request with %o is %i', async (headers, expected) => {
  const { url } = await serve();
  for (const path of ['/healthz', '/v1/clock/confirm', '/v1/reservations/a/release']) {
    expect([path, await status(url, path, headers)]).toEqual([path, expected]);
  }
});

test('with tokens any host name will do', async () => {
  const { url } = await serve({ tokens });
  const headers = { host: 'spendfuse.example.com', authorization: 'Bearer operator-secret' };
  expect(await status(url, '/v1/clock/confirm', headers)).toBe(200);
});
