import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Head, readHead } from '../../src/http/hot/head.ts';

const LINE = 'POST /v1/reservations HTTP/1.1\r\n';
const HOST = 'host: localhost\r\n';

describe('a head that is read', () => {
  it.each<[string, string, Partial<Head>]>([
    ['the least', `${LINE}${HOST}`, { url: '/v1/reservations', length: 0, headers: { host: 'localhost' } }],
    ['a length', `${LINE}${HOST}content-length: 12\r\n`, { length: 12 }],
    ['a name in capitals', `${LINE}HOST: a\r\n`, { headers: { host: 'a' } }],
    ['spaces and tabs around a value', `${LINE}host: \t a b\t \r\n`, { headers: { host: 'a b' } }],
    ['an empty value', `${LINE}${HOST}origin:\r\n`, { headers: { host: 'localhost', origin: '' } }],
    ['a query', `POST /a?b HTTP/1.1\r\n${HOST}`, { url: '/a?b' }],
    ['keep-alive', `${LINE}${HOST}Connection: Keep-Alive\r\n`, { headers: { host: 'localhost' } }],
    ['what nobody asks for, twice', `${LINE}${HOST}x: 1\r\nx: 2\r\n`, { headers: { host: 'localhost' } }],
  ])('%s', (_, text, expected) => {
    expect(readHead(text)).toMatchObject(expected);
  });
});

describe('a head that is left to node', () => {
  it.each([
    ['another method', `GET / HTTP/1.1\r\n${HOST}`],
    ['a method in small letters', `post / HTTP/1.1\r\n${HOST}`],
    ['HTTP/1.0', `POST / HTTP/1.0\r\n${HOST}`],
    ['a whole URL', `POST http://localhost/ HTTP/1.1\r\n${HOST}`],
    ['a space in the path', `POST /a b HTTP/1.1\r\n${HOST}`],
    ['no fields', LINE],
    ['no host', `${LINE}content-length: 1\r\n`],
    ['two hosts', `${LINE}${HOST}${HOST}`],
    ['two lengths', `${LINE}${HOST}content-length: 1\r\ncontent-length: 1\r\n`],
    ['a list of lengths', `${LINE}${HOST}content-length: 1, 1\r\n`],
    ['a signed length', `${LINE}${HOST}content-length: +1\r\n`],
    ['an empty length', `${LINE}${HOST}content-length:\r\n`],
    ['a length past all limits', `${LINE}${HOST}content-length: 1000000000\r\n`],
    ['two tokens', `${LINE}${HOST}authorization: a\r\nauthorization: b\r\n`],
    ['chunks', `${LINE}${HOST}transfer-encoding: chunked\r\n`],
    ['chunks and a length', `${LINE}${HOST}content-length: 1\r\nTransfer-Encoding: chunked\r\n`],
    ['an expectation', `${LINE}${HOST}expect: 100-continue\r\n`],
    ['an upgrade', `${LINE}${HOST}connection: upgrade\r\nupgrade: h2c\r\n`],
    ['the end of the connection', `${LINE}${HOST}connection: close\r\n`],
    ['a folded line', `${LINE}${HOST}x: a\r\n b\r\n`],
    ['a space before the colon', `${LINE}${HOST}content-length : 1\r\n`],
    ['a name of no letters', `${LINE}${HOST}: 1\r\n`],
    ['a field without a colon', `${LINE}${HOST}x\r\n`],
    ['a bare line feed', `${LINE}${HOST}x: 1\ncontent-length: 1\r\n`],
    ['a bare carriage return', `${LINE}${HOST}x: 1\rcontent-length: 1\r\n`],
    ['a NUL', `${LINE}${HOST}x: \0\r\n`],
    ['more than ASCII', `${LINE}${HOST}x: \u00e9\r\n`],
    ['a space before the first field', `${LINE} ${HOST}`],
  ])('%s', (_, text) => {
    expect(readHead(text)).toBeUndefined();
  });
});

describe('what is read means the same to node', () => {
  const server = createServer();
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => void server.close());

  /** `undefined` where node refuses it. */
  function asNode(text: string): Promise<Head | undefined> {
    return new Promise((resolve) => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      const told = (head: Head | undefined) => {
        server.off('request', asked);
        socket.destroy();
        resolve(head);
      };
      const asked = (request: IncomingMessage) => told(headOf(request));
      server.on('request', asked);
      socket.on('data', () => told(undefined)).on('error', () => told(undefined));
      socket.on('close', () => told(undefined));
      socket.write(`${text}\r\n`, 'latin1');
    });
  }

  function headOf({ method, url, headers }: IncomingMessage): Head {
    const { host, authorization, origin } = headers;
    const read = { host, authorization, origin, 'x-request-id': headers['x-request-id'] };
    const types = { 'content-type': headers['content-type'], 'content-encoding': headers['content-encoding'] };
    const length = headers['content-length'];
    return {
      method,
      url,
      length: Number(length ?? 0),
      headers: { ...read, ...types, 'content-length': length },
    } as Head;
  }

  const field = fc.tuple(
    fc.constantFrom('host', 'Host', 'content-length', 'Content-Type', 'authorization', 'origin', 'connection', 'x-a'),
    fc.constantFrom(': ', ':', ' : ', ':\t', ''),
    fc.oneof(
      fc.constantFrom('localhost', '0', '3', '003', 'application/json', 'keep-alive', 'close', 'Bearer x', '3, 3', ''),
      fc.string({ unit: fc.constantFrom(...'a1 ,;:\t\r\n\0"\u00e9\u007f'), maxLength: 6 }),
    ),
    fc.constantFrom('\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r\n ', '\r'),
  );
  const url = fc.constantFrom('/v1/reservations', '/v1/reservations?x', '/', '*', '/a#b', '/\u00e9', '/%zz');
  const text = fc
    .tuple(url, fc.array(field, { maxLength: 6 }), fc.constantFrom('1.1', '1.1', '1.1', '1.0'))
    .map(
      ([path, fields, version]) =>
        `POST ${path} HTTP/${version}\r\nhost: a\r\n${fields.map((f) => f.join('')).join('')}`,
    );

  it('whatever it is', async () => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        const head = readHead(given);
        if (!head) return;
        count += 1;
        expect(await asNode(given)).toEqual(head);
      }),
      { numRuns: 4_000 },
    );
    expect(count).toBeGreaterThan(50);
  });
});
