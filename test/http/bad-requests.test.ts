import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { NotReady } from '../../src/enforce/enforcer.ts';
import { LedgerUnavailable } from '../../src/ledger/ledger.ts';
import { fakeEnforcer, memoryLog, post, reservation, serve, settlement, settlementBody, want } from './fixtures.ts';

/** A query string sends a hot route through express. */
const WAYS = [
  ['fast path', ''],
  ['express', '?'],
] as const;

const large = { ...reservation, attribution: { team: 'x'.repeat(70_000) } };
const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
const reserve = '/v1/reservations';
const settle = '/v1/reservations/0193a001/settle';
const BAD_BODIES: [string, string, unknown, Record<string, string>, number, string, (string | undefined)[]?][] = [
  ['cut off', reserve, '{"attempt_id": "a"', {}, 400, 'malformed-json'],
  ['empty', reserve, '', {}, 400, 'malformed-json'],
  ['not UTF-8', reserve, new Uint8Array([0x22, 0xff, 0x22]), {}, 400, 'malformed-json'],
  ['with a byte order mark', reserve, `\ufeff${JSON.stringify(reservation)}`, {}, 400, 'malformed-json'],
  ['of another type', reserve, reservation, { 'content-type': 'text/plain' }, 415, 'unsupported-media-type'],
  [
    'of a type that only starts alike',
    reserve,
    reservation,
    { 'content-type': 'application/jsonp' },
    415,
    'unsupported-media-type',
  ],
  ['compressed', reserve, reservation, { 'content-encoding': 'gzip' }, 415, 'unsupported-media-type'],
  ['too large', reserve, large, {}, 413, 'too-large'],
  ['too large for a settlement', settle, { ...settlementBody, served_model: 'x'.repeat(70_000) }, {}, 413, 'too-large'],
  ['too large for a batch', '/v1/settlements', { settlements: ['x'.repeat(5_000_000)] }, {}, 413, 'too-large'],
  ['deeply nested', reserve, deep, {}, 422, 'invalid-request', ['']],
  ['null', reserve, 'null', {}, 422, 'invalid-request', ['']],
  ['a number', settle, '1', {}, 422, 'invalid-request', ['']],
  ['an array', reserve, [], {}, 422, 'invalid-request', ['']],
  ['without a model', reserve, { ...reservation, model: undefined }, {}, 422, 'invalid-request', ['/model']],
  [
    'with a mistyped dimension',
    reserve,
    { ...reservation, attribution: { taem: 'x' } },
    {},
    422,
    'invalid-request',
    ['/attribution/taem'],
  ],
  [
    'with an empty dimension',
    reserve,
    { ...reservation, attribution: { team: '' } },
    {},
    422,
    'invalid-request',
    ['/attribution/team'],
  ],
  [
    'with a control character',
    reserve,
    { ...reservation, attribution: { team: 'a\nb' } },
    {},
    422,
    'invalid-request',
    ['/attribution/team'],
  ],
  [
    'with half a surrogate pair',
    reserve,
    { ...reservation, attribution: { team: '\ud800' } },
    {},
    422,
    'invalid-request',
    ['/attribution/team'],
  ],
  [
    'with a key in the clear',
    reserve,
    { ...reservation, attribution: { api_key: 'sk-live-1234' } },
    {},
    422,
    'invalid-request',
    ['/attribution/api_key'],
  ],
  ['with a long value', reserve, { ...reservation, model: 'm'.repeat(257) }, {}, 422, 'invalid-request', ['/model']],
  [
    'with an id that is a path',
    reserve,
    { ...reservation, attempt_id: '../x' },
    {},
    422,
    'invalid-request',
    ['/attempt_id'],
  ],
  [
    'with a negative bound',
    reserve,
    { ...reservation, bound: { input_tokens: -1 } },
    {},
    422,
    'invalid-request',
    ['/bound/input_tokens'],
  ],
  [
    'with half a token',
    reserve,
    { ...reservation, bound: { input_tokens: 0.5 } },
    {},
    422,
    'invalid-request',
    ['/bound/input_tokens'],
  ],
  [
    'with an absurd bound',
    reserve,
    { ...reservation, bound: { input_tokens: 1e300 } },
    {},
    422,
    'invalid-request',
    ['/bound/input_tokens', '/bound/input_tokens'],
  ],
  [
    'with no choices',
    reserve,
    { ...reservation, bound: { input_tokens: 1, choices: 0 } },
    {},
    422,
    'invalid-request',
    ['/bound/choices'],
  ],
  [
    'with several mistakes',
    reserve,
    { ...reservation, session: 1, 'a/b~c': 1 },
    {},
    422,
    'invalid-request',
    ['/session', '/a~1b~0c'],
  ],
  [
    'with a __proto__',
    reserve,
    `{"__proto__":{},${JSON.stringify(reservation).slice(1)}`,
    {},
    422,
    'invalid-request',
    ['/__proto__'],
  ],
  [
    'with an unknown count',
    settle,
    { ...settlementBody, usage: { ...settlementBody.usage, cash_tokens: 1 } },
    {},
    422,
    'invalid-request',
    ['/usage/cash_tokens'],
  ],
  [
    'with a count as text',
    settle,
    { ...settlementBody, usage: { input_tokens: '1', output_tokens: 1 } },
    {},
    422,
    'invalid-request',
    ['/usage/input_tokens'],
  ],
  ['with an unknown status', settle, { ...settlementBody, status: 'fine' }, {}, 422, 'invalid-request', ['/status']],
  [
    'of a batch that is none',
    '/v1/settlements',
    { settlements: settlement },
    {},
    422,
    'invalid-request',
    ['/settlements'],
  ],
  [
    'of a heartbeat with too much',
    '/v1/sessions/s/heartbeat',
    { journal: 1 },
    {},
    422,
    'invalid-request',
    ['/journal'],
  ],
  [
    'of a heartbeat that wants slices without a number',
    '/v1/sessions/s/heartbeat',
    { wants: [want] },
    {},
    422,
    'invalid-request',
    ['/seq'],
  ],
  ...(
    [
      ['with a negative amount', { amount: '-1' }, '/wants/0/amount'],
      ['with a broken amount', { amount: '1.5' }, '/wants/0/amount'],
      ['with an amount as a number', { amount: 1 }, '/wants/0/amount'],
      ['with more money than there is', { at_least: '1000000000000000000' }, '/wants/0/at_least'],
      ['without a slot', { slot: undefined }, '/wants/0/slot'],
      ['with a slice that is a path', { slice: '../x' }, '/wants/0/slice'],
    ] as const
  ).map(([name, change, pointer]): (typeof BAD_BODIES)[number] => [
    `of a want ${name}`,
    '/v1/sessions/s/heartbeat',
    { seq: 1, wants: [{ ...want, ...change }] },
    {},
    422,
    'invalid-request',
    [pointer],
  ]),
];

test.each(BAD_BODIES)(
  'a body %s is refused the same way on both paths',
  async (_name, path, body, headers, status, kind, pointers) => {
    const { url, enforcer } = await serve();
    const answers: unknown[] = [];
    for (const [, query] of WAYS) {
      const reply = await post(url + path + query, body, headers);
      expect([reply.status, reply.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
      answers.push(await reply.json());
    }
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]).toMatchObject({ type: `/problems/${kind}`, status });
    const { errors } = answers[0] as { errors?: { pointer: string }[] };
    expect(errors?.map(({ pointer }) => pointer)).toEqual(pointers);
    expect(enforcer.calls).toEqual([]);
  },
);

test('malformed JSON is answered with its place', async () => {
  const { url } = await serve();
  const reply = await post(`${url}/v1/reservations`, '{\n  "attempt_id": "a",\n}');
  expect(await reply.json()).toMatchObject({
    detail: 'line 3, column 1 (offset 23): expected a property name in double quotes',
  });
});

test('no answer repeats what was sent', async () => {
  const { url } = await serve();
  const secret = 'sk-live-0123456789';
  for (const body of [`{"api_key": ${secret}}`, { ...reservation, attribution: { api_key: secret } }]) {
    expect(await (await post(`${url}/v1/reservations`, body)).text()).not.toContain(secret);
  }
});

test.each([
  ['GET', '/v1/nothing', 404, 'not-found', null],
  ['GET', '/', 404, 'not-found', null],
  ['GET', '/v1/budgets/', 404, 'not-found', null],
  ['POST', '/V1/reservations', 404, 'not-found', null],
  ['POST', '/v1/reservations/', 404, 'not-found', null],
  ['POST', '/v1/reservations//settle', 404, 'not-found', null],
  ['POST', '/v1/reservations/a/b/settle', 404, 'not-found', null],
  ['POST', '/v1/reservations/a/explode', 404, 'not-found', null],
  ['POST', '/v1/reservations/:id/settle/x', 404, 'not-found', null],
  ['POST', '/v1/reservations/%zz/settle', 400, 'malformed-request', null],
  ['GET', '/v1/sessions', 405, 'method-not-allowed', 'POST'],
  ['PUT', '/v1/reservations', 405, 'method-not-allowed', 'POST, GET, HEAD'],
  ['OPTIONS', '/v1/reservations', 405, 'method-not-allowed', 'POST, GET, HEAD'],
  ['POST', '/v1/budgets', 405, 'method-not-allowed', 'GET, HEAD'],
  ['GET', '/v1/reservations/a/settle', 405, 'method-not-allowed', 'POST'],
  ['PATCH', '/v1/sessions/a', 405, 'method-not-allowed', 'DELETE'],
  ['GET', '/v1/reservations', 422, 'invalid-request', null],
  ['GET', '/v1/reservations?state=held', 422, 'invalid-request', null],
  ['GET', '/v1/usage?group_by=team,tame', 422, 'invalid-request', null],
  ['GET', '/v1/usage?from=yesterday', 422, 'invalid-request', null],
  ['GET', '/v1/usage?from=2026-11-01T00:00:00', 422, 'invalid-request', null],
  ['GET', '/v1/usage?from=2026-13-01', 422, 'invalid-request', null],
  ['GET', '/v1/usage?from=2026-11-02&to=2026-11-02', 422, 'invalid-request', null],
  ['GET', '/v1/usage?form=2026-11-02', 422, 'invalid-request', null],
  ['GET', '/v1/alerts?limit=0', 422, 'invalid-request', null],
  ['GET', '/v1/alerts?limit=1001', 422, 'invalid-request', null],
  ['GET', '/v1/alerts?limit=-1', 422, 'invalid-request', null],
  ['GET', '/v1/alerts?cursor=', 422, 'invalid-request', null],
])('%s %s is %i', async (method, path, status, kind, allow) => {
  const { url } = await serve();
  const reply = await fetch(url + path, { method });
  expect([reply.status, reply.headers.get('allow')]).toEqual([status, allow]);
  expect(reply.headers.get('content-type')).toBe('application/problem+json');
  expect(await reply.json()).toMatchObject({ type: `/problems/${kind}`, status });
});

test.each(WAYS)('an enforcer that cannot decide is a 503 with Retry-After (%s)', async (_name, query) => {
  const reserve = () => Promise.reject(new NotReady('the clock jumped; confirm it with POST /v1/clock/confirm'));
  const { url } = await serve({ enforcer: fakeEnforcer({ reserve }) });
  const reply = await post(`${url}/v1/reservations${query}`, reservation);
  expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await reply.json()).toMatchObject({ type: '/problems/not-ready', detail: expect.stringContaining('confirm') });
});

test.each(WAYS)(
  'a ledger that cannot commit is a 503, and no error in the log for every call (%s)',
  async (_name, query) => {
    const { log, lines } = memoryLog('debug');
    const settle = () => Promise.reject(new LedgerUnavailable('disk full'));
    const { url } = await serve({ log, enforcer: fakeEnforcer({ settle }) });
    const reply = await post(`${url}/v1/reservations/a/settle${query}`, settlementBody);
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await reply.json()).toMatchObject({ type: '/problems/ledger-unavailable' });
    const line = lines.find(({ msg }) => msg === 'the ledger is unavailable');
    expect(line).toMatchObject({ level: 20, request: reply.headers.get('x-request-id'), why: 'disk full' });
  },
);

test.each(WAYS)('a bug is a 500 that tells only its request id (%s)', async (_name, query) => {
  const { log, lines } = memoryLog('error');
  const settle = () => Promise.reject(new TypeError('cannot read properties of undefined'));
  const { url } = await serve({ log, enforcer: fakeEnforcer({ settle }) });
  const reply = await post(`${url}/v1/reservations/a/settle${query}`, settlementBody, { 'x-request-id': 'mine-1' });
  expect([reply.status, reply.headers.get('x-request-id')]).toEqual([500, 'mine-1']);
  const text = await reply.text();
  expect(text).toContain('mine-1');
  expect(text).not.toContain('undefined');
  expect(lines).toMatchObject([{ request: 'mine-1', path: '/v1/reservations/a/settle', err: { type: 'TypeError' } }]);
});

async function exchangeRaw(url: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let received = '';
  socket.setEncoding('latin1').on('data', (data: string) => {
    received += data;
  });
  socket.write(text);
  await once(socket, 'close');
  return received;
}

test.each([
  ['what is no HTTP', 'hello\r\n\r\n', '400', 'malformed-request'],
  ['headers without end', `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, '431', 'headers-too-large'],
])('%s is answered with a problem and the end', async (_name, text, status, kind) => {
  const { url } = await serve();
  const answer = await exchangeRaw(url, text);
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(answer).toContain(`/problems/${kind}`);
});

test.each([
  ['declared', 'content-length: 20000000\r\n\r\n{'],
  ['chunked', `transfer-encoding: chunked\r\n\r\n${`100000\r\n${'x'.repeat(0x100000)}\r\n`.repeat(17)}`],
])('a body of 17 MB and more (%s) is not even read to its end', async (_name, rest) => {
  const { url } = await serve();
  const head = 'POST /v1/reservations HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
  const answer = await exchangeRaw(url, head + rest);
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(answer.toLowerCase()).toContain('connection: close');
});

test('Expect: 100-continue is answered before the body', async () => {
  const { url } = await serve();
  const body = JSON.stringify(reservation);
  const answer = await exchangeRaw(
    url,
    `POST /v1/reservations HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\nconnection: close\r\n` +
      `content-type: application/json; charset=utf-8\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 Created/);
});

test('a client that hangs up in the middle of its body reaches nobody', async () => {
  const { log, lines } = memoryLog('debug');
  const { server, url, enforcer } = await serve({ log });
  const arrived = once(server.node, 'request');
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('POST /v1/reservations HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n');
  socket.write('content-length: 500\r\n\r\n{"attempt_id"');
  await arrived;
  socket.destroy();
  await expect.poll(() => lines).toMatchObject([{ path: '/v1/reservations', gone: true }]);
  expect(enforcer.calls).toEqual([]);
});
