import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { type Identified, requestId } from './request-id.ts';
import type { Reply } from './route.ts';
import type { Drain } from './wait.ts';

/** A request, as far as it is read before its body. */
export interface Asked extends Identified {
  method?: string;
  url?: string;
}

/** Writes a reply and logs its line. A client that went away gets nothing. */
export function send(
  service: { log: Logger; drain: Drain },
  request: Asked,
  response: ServerResponse,
  reply: Reply,
): void {
  logReply(service.log, request, response.destroyed, reply);
  if (response.destroyed || response.headersSent) return;
  const text = textOf(reply);
  response.writeHead(reply.status, headersOf(reply, text, service.drain.closing));
  response.end(text);
}

export function textOf({ text, body }: Reply): string {
  return text ?? (body === undefined ? '' : JSON.stringify(body));
}

/** Header fields of a reply; `closing`: its connection ends with it. */
export function headersOf(reply: Reply, text: string, closing: boolean): Record<string, string | number> {
  const headers: Record<string, string | number> = { 'cache-control': 'no-store' };
  if (reply.status !== 204) {
    headers['content-type'] = reply.contentType ?? 'application/json';
    headers['content-length'] = Buffer.byteLength(text);
  }
  if (closing) headers.connection = 'close';
  return reply.headers ? Object.assign(headers, reply.headers) : headers;
}

export function logReply(log: Logger, request: Asked, isGone: boolean, reply: Reply): void {
  if (!log.isLevelEnabled('debug')) return;
  const path = (request.url ?? '').split('?', 1)[0];
  const gone = isGone ? { gone: true } : {};
  log.debug({ request: requestId(request), method: request.method, path, status: reply.status, ...gone }, 'request');
}
