import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { requestId } from './request-id.ts';
import type { Reply } from './route.ts';
import type { Drain } from './wait.ts';

/** Writes a reply and logs its line. A client that went away gets nothing. */
export function send(
  service: { log: Logger; drain: Drain },
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
): void {
  if (service.log.isLevelEnabled('debug')) logRequest(service.log, request, response, reply);
  if (response.destroyed || response.headersSent) return;
  const text = reply.text ?? (reply.body === undefined ? '' : JSON.stringify(reply.body));
  const headers: OutgoingHttpHeaders = { 'cache-control': 'no-store' };
  if (reply.status !== 204) {
    headers['content-type'] = reply.contentType ?? 'application/json';
    headers['content-length'] = Buffer.byteLength(text);
  }
  if (service.drain.closing) headers.connection = 'close';
  if (reply.headers) Object.assign(headers, reply.headers);
  response.writeHead(reply.status, headers);
  response.end(text);
}

function logRequest(log: Logger, request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  const path = (request.url ?? '').split('?', 1)[0];
  const gone = response.destroyed ? { gone: true } : {};
  log.debug({ request: requestId(request), method: request.method, path, status: reply.status, ...gone }, 'request');
}
