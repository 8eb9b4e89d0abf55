/** Writes frames of AWS's event stream. It shares no code with what reads them; a test holds it against AWS's own decoder. */
import { crc32 } from 'node:zlib';

export interface FrameHeaders {
  ':message-type': string;
  ':event-type'?: string;
  ':exception-type'?: string;
  ':content-type'?: string;
  [name: string]: string | undefined;
}

export function frame(headers: FrameHeaders, payload: string | Uint8Array): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => header(name, value ?? '')));
  const body = Buffer.from(payload);
  const total = 12 + head.length + body.length + 4;
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(total, 0);
  prelude.writeUInt32BE(head.length, 4);
  const sealed = Buffer.concat([prelude, checksum(prelude), head, body]);
  return Buffer.concat([sealed, checksum(sealed)]);
}

/** The names are ASCII, the values strings (type 7). */
function header(name: string, value: string): Buffer {
  const text = Buffer.from(value);
  const size = Buffer.alloc(2);
  size.writeUInt16BE(text.length);
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([7]), size, text]);
}

function checksum(bytes: Uint8Array): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum;
}

export function eventFrame(type: string, payload: object): Buffer {
  const headers = { ':event-type': type, ':content-type': 'application/json', ':message-type': 'event' };
  return frame(headers, JSON.stringify(payload));
}

export function exceptionFrame(type: string, message: string): Buffer {
  const headers = { ':exception-type': type, ':content-type': 'application/json', ':message-type': 'exception' };
  return frame(headers, JSON.stringify({ message }));
}

/** What InvokeModel's streams carry: the model's own event, in base64, with padding against guesses by its length. */
export function chunkFrame(event: unknown): Buffer {
  return eventFrame('chunk', { bytes: Buffer.from(JSON.stringify(event)).toString('base64'), p: 'abcdefgh' });
}
