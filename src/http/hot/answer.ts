import { STATUS_CODES } from 'node:http';
import type { DurationMs, EpochMs } from '../../domain/time.ts';
import type { Reply } from '../route.ts';
import { headersOf, textOf } from '../send.ts';

let second = -1;
let date = '';

/** The `Date` of an answer; it changes once a second. */
function dateAt(now: EpochMs): string {
  const nowSecond = Math.floor(now / 1000);
  if (nowSecond !== second) {
    second = nowSecond;
    date = new Date(now).toUTCString();
  }
  return date;
}

/** A whole answer as it goes over the wire, field for field as node writes it. */
export function answerText(reply: Reply, options: { closing: boolean; keepAliveMs: DurationMs; now: EpochMs }): string {
  const text = textOf(reply);
  const headers = headersOf(reply, text, options.closing);
  let head = `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status]}\r\n`;
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
  head += `Date: ${dateAt(options.now)}\r\n`;
  if (headers.connection === undefined) {
    head += `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(options.keepAliveMs / 1000)}\r\n`;
  }
  return `${head}\r\n${text}`;
}
