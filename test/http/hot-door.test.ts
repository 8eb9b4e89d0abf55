import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { NotReady } from '../../src/enforce/enforcer.ts';
import { fakeEnforcer, reservation, serve, settlement, settlementBody } from './fixtures.ts';

const BODY = JSON.stringify(reservation);

function request(path: string, body: string, headers = ''): string {
  const length = Buffer.byteLength(body);
  return `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${headers}content-length: ${length}\r\n\r\n${body}`;
}

/** What comes back on one connection, as text; the date is the one thing that may differ. */
function dial(url: string): { socket: Socket; read: () => string } {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  return { socket, read: () => text.replaceAll(/^Date: .*$/gm, 'Date: …') };
}

const answersIn = (text: string): number => text.split('HTTP/1.1 ').length - 1;

/** The same request to the door and, for the query, to node and express. */
async function bothWays(url: string, path: string, body: string, headers = ''): Promise<[string, string]> {
  const taken = await Promise.all(
    [path, `${path}?`].map(async (each) => {
      const { socket, read } = dial(url);
      socket.write(request(each, body, headers));
      await expect.poll(() => answersIn(read())).toBe(1);
      return read();
    }),
  );
  return taken as [string, string];
}

const SETTLE = '/v1/reservations/0193a001/settle';
const denied = { code: 'exhausted', budget: 'büdget', action: 'block', detail: 'über' } as const;

test.each<[string, string, string, string?]>([
  ['a grant', '/v1/reservations', BODY],
  ['a settlement', SETTLE, JSON.stringify(settlementBody)],
  ['a release, without a body', '/v1/reservations/0193a001/release', ''],
  ['a batch', '/v1/settlements', JSON.stringify({ settlements: [settlement, { attempt_id: 'x' }] })],
  ['a body that is no JSON', '/v1/reservations', '{"attempt'],
  ['a body that does not fit', '/v1/reservations', '{}'],
  ['a host that is not this machine', '/v1/reservations', BODY, 'origin: https://example.com\r\n'],
  ['letters beyond ASCII', '/v1/reservations', JSON.stringify({ ...reservation, model: 'modèle ✓' })],
])('%s is answered byte for byte as node answers it', async (_, path, body, headers) => {
  const { url } = await serve();
  const [hot, node] = await bothWays(url, path, body, headers);
  expect(hot).toBe(node);
});

test('denials and failures are answered byte for byte as node answers them', async () => {
  const answers = [{ denied }, { refused: { status: 409, kind: 'attempt-conflict', detail: 'no' } }] as const;
  for (const answer of answers) {
    const { url } = await serve({ enforcer: fakeEnforcer({ reserve: async () => answer }) });
    const [hot, node] = await bothWays(url, '/v1/reservations', BODY);
    expect(hot).toBe(node);
  }
  const unready = fakeEnforcer({ reserve: () => Promise.reject(new NotReady('not yet')) });
  const { url } = await serve({ enforcer: unready });
  const [hot, node] = await bothWays(url, '/v1/reservations', BODY);
  expect(hot).toBe(node);
  expect(hot).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
});

test('a request may be cut anywhere', async () => {
  const { url, enforcer } = await serve();
  const whole = request('/v1/reservations', BODY);
  const { socket, read } = dial(url);
  socket.setNoDelay(true).write(whole);
  await expect.poll(() => answersIn(read())).toBe(1);
  const expected = read();
  for (let at = 1; at < whole.length; at += 7) {
    const cut = dial(url);
    cut.socket.setNoDelay(true).write(whole.slice(0, at));
    await once(cut.socket, 'connect');
    setImmediate(() => cut.socket.write(whole.slice(at)));
    await expect.poll(cut.read).toBe(expected);
  }
  expect(new Set(enforcer.calls.map(({ args }) => JSON.stringify(args))).size).toBe(1);
});

test('requests that are sent ahead are answered in their order, those for node after them', async () => {
  const { url } = await serve();
  const { socket, read } = dial(url);
  const hot = (id: string) => request('/v1/reservations', JSON.stringify({ ...reservation, attempt_id: id }));
  const get = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n';
  socket.write(hot('a1') + hot('a2') + get + hot('a3'));
  await expect.poll(() => answersIn(read())).toBe(4);
  expect(read().match(/"hold":"a\d"|"status":"ok"/g)).toEqual([
    '"hold":"a1"',
    '"hold":"a2"',
    '"status":"ok"',
    '"hold":"a3"',
  ]);
});

test('far too much that is sent ahead waits in the socket, and is answered all the same', async () => {
  const { url } = await serve();
  const { socket, read } = dial(url);
  const one = request('/v1/reservations', BODY);
  socket.write(one.repeat(1_000));
  await expect.poll(() => answersIn(read()), { timeout: 15_000 }).toBe(1_000);
});

test('a body that takes too long to arrive becomes node’s business, and may still arrive', async () => {
  const { server, url } = await serve({ requestTimeoutMs: 20 });
  const nodeHasIt = once(server.node, 'request');
  const { socket, read } = dial(url);
  const whole = request('/v1/reservations', BODY);
  socket.write(whole.slice(0, -5));
  await nodeHasIt;
  socket.write(whole.slice(-5));
  await expect.poll(() => answersIn(read())).toBe(1);
  expect(read()).toMatch(/^HTTP\/1\.1 201 /);
});

test('a server that closes ends idle connections, and busy ones with their answers', async () => {
  let letGo: () => void = () => {};
  const granted = { hold: 'a', decision: 'allow', amount: '1', expires_at: '2026-11-15T12:01:00.000Z' } as const;
  const reserve = () =>
    new Promise<{ granted: typeof granted; replayed: false }>((resolve) => {
      letGo = () => resolve({ granted, replayed: false });
    });
  const started = Promise.withResolvers<void>();
  const enforcer = fakeEnforcer({
    reserve: () => {
      started.resolve();
      return reserve();
    },
  });
  const { server, url } = await serve({ enforcer, graceMs: 10_000 });
  const [idle, busy] = [dial(url), dial(url)];
  idle.socket.write(request('/v1/reservations/a/release', ''));
  await expect.poll(() => answersIn(idle.read())).toBe(1);
  busy.socket.write(request('/v1/reservations', BODY));
  await started.promise;
  const ended = [once(idle.socket, 'close'), once(busy.socket, 'close')];
  const closed = server.close();
  await ended[0];
  letGo();
  await Promise.all([...ended, closed]);
  expect(busy.read()).toMatch(/^HTTP\/1\.1 201 Created\r\n(.*\r\n)*connection: close\r\n/);
});

test('a request that is never answered is cut off after the grace', async () => {
  const started = Promise.withResolvers<void>();
  const reserve = () => {
    started.resolve();
    return new Promise<never>(() => {});
  };
  const { server, url } = await serve({ enforcer: fakeEnforcer({ reserve }), graceMs: 50 });
  const { socket } = dial(url);
  const cut = once(socket, 'close');
  socket.write(request('/v1/reservations', BODY));
  await started.promise;
  await Promise.all([server.close(), cut]);
});

test('a large batch arrives in many pieces', async () => {
  const { url, enforcer } = await serve();
  const { socket, read } = dial(url);
  const settlements = Array.from({ length: 500 }, (_, index) => ({ ...settlement, attempt_id: `a${index}` }));
  socket.write(request('/v1/settlements', JSON.stringify({ settlements })));
  await expect.poll(() => answersIn(read())).toBe(1);
  expect(enforcer.calls).toHaveLength(1);
});
