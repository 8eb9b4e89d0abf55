import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { PROBLEM_CONTENT_TYPE, problem } from './problem.ts';
import type { Reply } from './route.ts';

type HttpSocket = Duplex & { _httpMessage?: ServerResponse };

/** What node itself cannot parse never becomes a request; it is answered on the socket. */
export function answerClientError(error: Error & { code?: string }, socket: HttpSocket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?.headersSent) {
    socket.destroy();
    return;
  }
  const { status, body } = clientErrorReply(error.code);
  const text = JSON.stringify(body);
  const head = `HTTP/1.1 ${status} ${(body as { title: string }).title}\r\nconnection: close\r\n`;
  const headers = `content-type: ${PROBLEM_CONTENT_TYPE}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n`;
  socket.end(head + headers + text);
}

function clientErrorReply(code: string | undefined): Reply {
  if (code === 'HPE_HEADER_OVERFLOW') return problem(431, 'headers-too-large', 'the headers are larger than 16 KiB');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return problem(408, 'request-timeout', 'the request took too long to arrive');
  return problem(400, 'malformed-request', 'this is not an HTTP request');
}
