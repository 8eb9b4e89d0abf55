/** Connections to the server are kept, and what became of one while nobody looked does not fail a request. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { createTransport, type Transport } from '../../src/client/transport.ts';

let server: Server;
let send: Transport;
/** Requests by connection, in the order in which they were opened. */
let served: number[];
/** What happens to a request, by its number; undefined: it is answered. */
let act: (request: number, socket: Socket) => boolean;

beforeEach(async () => {
  served = [];
  act = () => false;
  const numbers = new WeakMap<Socket, number>();
  let requests = 0;
  server = createServer((request, response) => {
    const { socket } = request;
    requests += 1;
    if (act(requests, socket)) return;
    const at = numbers.get(socket) ?? 0;
    served[at] = (served[at] ?? 0) + 1;
    request.resume().on('end', () => response.end('{}'));
  });
  let opened = 0;
  server.on('connection', (socket) => numbers.set(socket, opened++));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  send = createTransport(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), undefined);
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const ask = () => send('POST', '/v1/settlements', {}, { timeoutMs: 5_000 });

test('one connection serves requests that follow each other', async () => {
  for (let request = 0; request < 3; request += 1) await ask();
  expect(served).toEqual([3]);
});

test('one that was idle for long by the wall clock, as when the process was frozen, is not used again', async () => {
  const clock = vi.spyOn(Date, 'now');
  onTestFinished(() => clock.mockRestore());
  await ask();
  const later = Date.now() + 60_000;
  clock.mockReturnValue(later);
  await ask();
  await ask();
  expect(served).toEqual([1, 2]);
});

test('one that the server closes just when it is used again is replaced, and the request sent on another', async () => {
  act = (request, socket) => request === 2 && socket.resetAndDestroy() === socket;
  await ask();
  expect(await ask()).toEqual({ status: 200, body: {} });
  expect(served).toEqual([1, 1]);
});

test('a new connection that is reset is no answer, and is not tried again', async () => {
  let requests = 0;
  act = (_, socket) => {
    requests += 1;
    return socket.resetAndDestroy() === socket;
  };
  await expect(ask()).rejects.toMatchObject({ name: 'NoAnswer', message: 'ECONNRESET' });
  expect(requests).toBe(1);
});
