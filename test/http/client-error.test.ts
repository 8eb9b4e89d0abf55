import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { answerClientError } from '../../src/http/client-error.ts';

function answer(code: string | undefined, socket: PassThrough & { _httpMessage?: ServerResponse } = new PassThrough()) {
  answerClientError(Object.assign(new Error('x'), { code }), socket);
  return { text: (socket.read() as Buffer | null)?.toString() ?? '', destroyed: socket.destroyed };
}

test.each([
  ['HPE_INVALID_METHOD', 400, 'malformed-request'],
  ['HPE_HEADER_OVERFLOW', 431, 'headers-too-large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408, 'request-timeout'],
  [undefined, 400, 'malformed-request'],
])('%s is answered as a whole %i problem', (code, status, kind) => {
  const { text } = answer(code);
  const [head = '', body = ''] = text.split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [A-Z]`));
  expect(head).toContain('connection: close\r\n');
  expect(head).toContain(`content-length: ${Buffer.byteLength(body)}`);
  expect(JSON.parse(body)).toMatchObject({ type: `/problems/${kind}`, status });
});

test('a lost connection, or one with an answer on its way, is only ended', () => {
  expect(answer('ECONNRESET')).toEqual({ text: '', destroyed: true });
  const answering = Object.assign(new PassThrough(), { _httpMessage: { headersSent: true } as ServerResponse });
  expect(answer('HPE_INVALID_METHOD', answering)).toEqual({ text: '', destroyed: true });
});
