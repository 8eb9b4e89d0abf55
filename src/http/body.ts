import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { locateJsonMistake } from './json-error.ts';
import { problem } from './problem.ts';
import type { Reply } from './route.ts';

/** More than this is not even thrown away: the connection ends with the answer. */
const MAX_DISCARDED_BYTES = 16 * 1024 * 1024;

export type Read = { value: unknown } | { problem: Reply };

/** The client hung up before its request was complete; there is nobody to answer. */
export class RequestAborted extends Error {
  override name = 'RequestAborted';
}

/** Reads a JSON body of at most `maxBytes`. Errors: `RequestAborted`. */
export async function readJson(request: IncomingMessage, maxBytes: number): Promise<Read> {
  const unsupported = checkHeaders(request);
  if (unsupported) return { problem: unsupported };
  const bytes = await readBytes(request, maxBytes);
  return Buffer.isBuffer(bytes) ? parseJson(bytes) : { problem: tooLarge(maxBytes, bytes.drained) };
}

function checkHeaders(request: IncomingMessage): Reply | undefined {
  const type = request.headers['content-type'];
  if (type !== 'application/json' && !/^application\/json[ \t]*(;|$)/i.test(type ?? '')) {
    return problem(415, 'unsupported-media-type', 'send the body as content-type: application/json');
  }
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    return problem(415, 'unsupported-media-type', 'send the body without a content-encoding');
  }
  return undefined;
}

/** Too large a body is read to its end and thrown away, so that the client gets to see the answer. */
function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer | { drained: boolean }> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_DISCARDED_BYTES) return Promise.resolve({ drained: false });
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else chunks.length = 0;
      if (size > MAX_DISCARDED_BYTES) resolve({ drained: false });
    });
    request.on('end', () => resolve(size > maxBytes ? { drained: true } : join(chunks)));
    request.on('error', () => reject(new RequestAborted('the client closed the connection')));
  });
}

function join(chunks: readonly Buffer[]): Buffer {
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

function tooLarge(maxBytes: number, drained: boolean): Reply {
  const headers = drained ? undefined : { connection: 'close' };
  return problem(413, 'too-large', `the body is larger than ${maxBytes} bytes`, { headers });
}

function parseJson(bytes: Buffer): Read {
  if (!isUtf8(bytes)) return { problem: problem(400, 'malformed-json', 'the body is not UTF-8') };
  const text = bytes.toString('utf8');
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return { problem: malformed(text) };
  }
}

function malformed(text: string): Reply {
  if (text.trim() === '') return problem(400, 'malformed-json', 'the body is empty; send a JSON object');
  const mistake = locateJsonMistake(text);
  const where = mistake
    ? `line ${mistake.line}, column ${mistake.column} (offset ${mistake.offset}): expected ${mistake.expected}`
    : 'the body is not JSON';
  return problem(400, 'malformed-json', where);
}
