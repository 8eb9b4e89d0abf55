/** Takes the event that exists only because we asked for usage out of a stream, and nothing else. */
import type { Format } from '../formats/format.ts';
import { lastEventEnd, parseEvent } from './sse.ts';

const LF = 10;
const COLON_NULL = Buffer.from(':null');
const COLON_SPACE_NULL = Buffer.from(': null');
const USAGE = '"usage"';

export class ExtraEventStripper {
  readonly #isExtra: (event: unknown) => boolean;
  #carry: Buffer | undefined;

  constructor(format: Format) {
    this.#isExtra = format.isExtraEvent?.bind(format) ?? (() => false);
  }

  /** What may go on now: the very same chunk in the usual case; undefined when all of it has to wait or to go. */
  push(chunk: Uint8Array): Uint8Array | undefined {
    if (this.#carry === undefined && endsWithEvent(chunk) && !mentionsUsage(chunk)) return chunk;
    const bytes = this.#carry === undefined ? view(chunk) : Buffer.concat([this.#carry, chunk]);
    const end = lastEventEnd(bytes);
    this.#carry = end < bytes.length ? bytes.subarray(end) : undefined;
    const passed = this.#strip(bytes.subarray(0, end));
    return passed.length > 0 ? passed : undefined;
  }

  /** What is left when the stream ends. */
  flush(): Uint8Array | undefined {
    const rest = this.#carry;
    this.#carry = undefined;
    const passed = rest && this.#strip(rest);
    return passed?.length ? passed : undefined;
  }

  /** The reader wants no more. */
  drop(): void {
    this.#carry = undefined;
  }

  #strip(bytes: Buffer): Uint8Array {
    if (!mentionsUsage(bytes)) return plain(bytes);
    const kept = splitEvents(bytes).filter((event) => !mentionsUsage(event) || !this.#isExtra(dataOf(event)));
    return plain(Buffer.concat(kept));
  }
}

/** Streams carry plain byte arrays, not Buffers. */
function plain(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function view(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function endsWithEvent(chunk: Uint8Array): boolean {
  return chunk[chunk.length - 1] === LF && lastEventEnd(chunk) === chunk.length;
}

function mentionsUsage(chunk: Uint8Array): boolean {
  const bytes = view(chunk);
  for (let at = bytes.indexOf(USAGE); at >= 0; at = bytes.indexOf(USAGE, at + 1)) {
    const value = bytes.subarray(at + USAGE.length, at + USAGE.length + 6);
    if (value.compare(COLON_NULL, 0, 5, 0, Math.min(5, value.length)) !== 0 && !value.equals(COLON_SPACE_NULL))
      return true;
  }
  return false;
}

/** Each with the blank line that ends it. */
function splitEvents(bytes: Buffer): Buffer[] {
  const events: Buffer[] = [];
  let start = 0;
  for (let at = 1; at < bytes.length; at++) {
    if (bytes[at] !== LF) continue;
    if (bytes[at - 1] === LF || (bytes[at - 1] === 13 && bytes[at - 2] === LF)) {
      events.push(bytes.subarray(start, at + 1));
      start = at + 1;
    }
  }
  if (start < bytes.length) events.push(bytes.subarray(start));
  return events;
}

function dataOf(event: Buffer): unknown {
  const lines = event
    .toString('utf8')
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'));
  return parseEvent(lines.map((line) => line.slice(5)).join('\n'));
}
