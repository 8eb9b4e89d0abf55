import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import type { Enforcer } from '../../src/enforce/enforcer.ts';
import { healthRoutes } from '../../src/http/resources/health.ts';
import { Drain } from '../../src/http/wait.ts';
import { config, fakeEnforcer, post, reservation, serve } from './fixtures.ts';

const granted = { hold: '0193a001', decision: 'allow', amount: '1', expires_at: '2026-11-15T12:01:00.000Z' } as const;

/** An enforcer in which every reservation waits until it is let go, or its signal aborts. */
function waitingRoom() {
  const waiting: { signal: AbortSignal; letGo(): void }[] = [];
  const reserve: Enforcer['reserve'] = (_request, _principal, wait) =>
    new Promise((resolve, reject) => {
      wait.onWait();
      const { signal } = wait;
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      if (signal.aborted) reject(signal.reason as Error);
      waiting.push({ signal, letGo: () => resolve({ granted, replayed: false }) });
    });
  return { waiting, enforcer: fakeEnforcer({ reserve }) };
}

test('a reservation that waits is told 102 at once and its answer later', async () => {
  const { waiting, enforcer } = waitingRoom();
  const { url } = await serve({ enforcer });
  const body = JSON.stringify(reservation);
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  const request = httpRequest(`${url}/v1/reservations`, { method: 'POST', headers });
  const answered = once(request, 'response');
  const information = once(request, 'information');
  request.end(body);
  expect((await information)[0]).toMatchObject({ statusCode: 102 });
  waiting[0]?.letGo();
  const [response] = (await answered) as [IncomingMessage];
  expect(response.statusCode).toBe(201);
  response.resume();
});

test('fetch does not mind a 102', async () => {
  const { waiting, enforcer } = waitingRoom();
  const { url } = await serve({ enforcer });
  const reply = post(`${url}/v1/reservations`, reservation);
  await expect.poll(() => waiting.length).toBe(1);
  waiting[0]?.letGo();
  expect([(await reply).status, await (await reply).json()]).toEqual([201, granted]);
});

test('HTTP/1.0 knows no 102 and gets none', async () => {
  const { waiting, enforcer } = waitingRoom();
  const { url } = await serve({ enforcer });
  const body = JSON.stringify(reservation);
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const head = `POST /v1/reservations HTTP/1.0\r\nhost: localhost\r\ncontent-type: application/json\r\n`;
  socket.write(`${head}content-length: ${body.length}\r\n\r\n${body}`);
  let received = '';
  socket.setEncoding('latin1').on('data', (data: string) => {
    received += data;
  });
  await expect.poll(() => waiting.length).toBe(1);
  waiting[0]?.letGo();
  await once(socket, 'close');
  expect(received).toMatch(/^HTTP\/1\.1 201 /);
});

test('a client that goes away leaves the queue', async () => {
  const { waiting, enforcer } = waitingRoom();
  const { url } = await serve({ enforcer });
  const controller = new AbortController();
  const headers = { 'content-type': 'application/json' };
  const { signal } = controller;
  const reply = fetch(`${url}/v1/reservations`, { method: 'POST', body: JSON.stringify(reservation), headers, signal });
  const refused = expect(reply).rejects.toThrow('aborted');
  await expect.poll(() => waiting.length).toBe(1);
  expect(waiting[0]?.signal.aborted).toBe(false);
  controller.abort();
  await expect.poll(() => waiting[0]?.signal.aborted).toBe(true);
  await refused;
});

test('an answered reservation never aborts', async () => {
  const { waiting, enforcer } = waitingRoom();
  const { server, url } = await serve({ enforcer });
  const reply = post(`${url}/v1/reservations`, reservation);
  await expect.poll(() => waiting.length).toBe(1);
  waiting[0]?.letGo();
  await (await reply).json();
  await server.close();
  expect(waiting[0]?.signal.aborted).toBe(false);
});

test('those who wait are counted, and no longer when they are answered', async () => {
  const { waiting, enforcer } = waitingRoom();
  const { url } = await serve({ enforcer });
  const reply = post(`${url}/v1/reservations`, reservation);
  await expect.poll(() => waiting.length).toBe(1);
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('\nspendfuse_waiting_reservations 1\n');
  waiting[0]?.letGo();
  await reply;
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('\nspendfuse_waiting_reservations 0\n');
});

test('a server that closes ends the waits with 503', async () => {
  const { waiting, enforcer } = waitingRoom();
  const { server, url } = await serve({ enforcer });
  const replies = [post(`${url}/v1/reservations`, reservation), post(`${url}/v1/reservations`, reservation)];
  await expect.poll(() => waiting.length).toBe(2);
  const closed = server.close();
  for (const reply of await Promise.all(replies)) {
    expect([reply.status, reply.headers.get('retry-after'), reply.headers.get('connection')]).toEqual([
      503,
      '1',
      'close',
    ]);
    expect(await reply.json()).toMatchObject({
      type: '/problems/not-ready',
      detail: expect.stringContaining('closing'),
    });
  }
  await closed;
});

test('a server that closes lets running requests end, and takes no new ones', async () => {
  let finish: (value: []) => void = () => {};
  let started = false;
  const enforcer = fakeEnforcer({
    config: () => config(),
    budgets() {
      started = true;
      return new Promise((resolve) => {
        finish = resolve;
      });
    },
  });
  const { server, url } = await serve({ enforcer, graceMs: 10_000 });
  const running = fetch(`${url}/v1/budgets`);
  await expect.poll(() => started).toBe(true);
  const closed = server.close();
  await expect(fetch(`${url}/healthz`)).rejects.toThrow('fetch failed');
  finish([]);
  expect((await running).status).toBe(200);
  await closed;
  expect([server.node.listening, enforcer.listeners]).toEqual([false, 0]);
});

test('a request that never ends is cut off after the grace', async () => {
  const { waiting, enforcer } = waitingRoom();
  const stuck = fakeEnforcer({ budgets: () => new Promise(() => {}) });
  Object.assign(stuck, { reserve: enforcer.reserve });
  const { server, url } = await serve({ enforcer: stuck, graceMs: 50 });
  const reply = fetch(`${url}/v1/budgets`);
  const cut = expect(reply).rejects.toThrow('fetch failed');
  await once(server.node, 'request');
  await server.close();
  await cut;
  expect(waiting).toEqual([]);
});

test('idle connections do not hold a closing server', async () => {
  const { server, url } = await serve({ graceMs: 60_000 });
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const idle = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await once(socket, 'data');
  const ends = [once(socket, 'close'), once(idle.resume(), 'close')];
  await server.close();
  await Promise.all(ends);
});

test('readiness says that it is closing', async () => {
  const drain = new Drain();
  const ready = healthRoutes(fakeEnforcer(), drain, '1').find((route) => route.path === '/readyz');
  const call = { id: '', body: undefined, query: undefined, principal: { name: 'x' }, wait: undefined as never };
  expect(await ready?.handle(call)).toMatchObject({ status: 200 });
  drain.close();
  expect(await ready?.handle(call)).toMatchObject({ status: 503, body: { reasons: ['the server is closing'] } });
});
