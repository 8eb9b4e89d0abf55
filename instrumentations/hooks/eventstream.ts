/**
 * AWS event streams (`application/vnd.amazon.eventstream`), which Bedrock answers in: binary frames with a checksum each.
 *
 *   total length (4) │ headers' length (4) │ CRC-32 of these (4) │ headers │ payload │ CRC-32 of all before (4)
 *
 * Of a frame that is not whole or not right nothing is taken, nor of what comes after a wrong one: where the next would
 * begin is not known any more.
 */
import { crc32 } from 'node:zlib';
import { parseEvent } from './sse.ts';

const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;
/** AWS allows 16 MB of payload and 128 KB of headers. */
const MAX_FRAME_BYTES = 24 * 1024 * 1024;

export function isEventStream(contentType: string): boolean {
  return contentType.includes('vnd.amazon.eventstream');
}

/** Payloads are views of the bytes. */
export interface Frame {
  /** `event`, `exception` (one that the model of the API knows) or `error`. */
  kind: string;
  /** Such as `chunk`, `contentBlockDelta`, `throttlingException`. */
  type: string;
  payload: Buffer;
}

export interface Frames {
  frames: Frame[];
  /** Just after the last whole frame; the end of the bytes where one was wrong, for nothing after it can be read. */
  end: number;
}

export function framesOf(bytes: Buffer): Frames {
  const frames: Frame[] = [];
  let at = 0;
  for (;;) {
    const length = lengthAt(bytes, at);
    if (length === 'wrong') return { frames, end: bytes.length };
    if (length === undefined || at + length > bytes.length) return { frames, end: at };
    const frame = frameOf(bytes.subarray(at, at + length));
    if (!frame) return { frames, end: bytes.length };
    frames.push(frame);
    at += length;
  }
}

/** Undefined while too little of it is there to tell. */
function lengthAt(bytes: Buffer, at: number): number | 'wrong' | undefined {
  if (bytes.length - at < PRELUDE_BYTES) return undefined;
  const length = bytes.readUInt32BE(at);
  const headers = bytes.readUInt32BE(at + 4);
  const fits = length <= MAX_FRAME_BYTES && PRELUDE_BYTES + headers + CRC_BYTES <= length;
  return fits && crc32(bytes.subarray(at, at + 8)) === bytes.readUInt32BE(at + 8) ? length : 'wrong';
}

function frameOf(bytes: Buffer): Frame | undefined {
  const end = bytes.length - CRC_BYTES;
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) return undefined;
  const payloadAt = PRELUDE_BYTES + bytes.readUInt32BE(4);
  const headers = headersOf(bytes.subarray(PRELUDE_BYTES, payloadAt));
  const kind = headers.get(':message-type') ?? 'event';
  const type = headers.get(`:${kind}-type`) ?? headers.get(':error-code') ?? '';
  return { kind, type, payload: bytes.subarray(payloadAt, end) };
}

/** Sizes of the header values that have a fixed one, by the number of their type. 6 and 7 say theirs themselves. */
const VALUE_BYTES: Readonly<Record<number, number>> = { 0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16 };
const STRING = 7;

/** Those that are strings; the rest is passed over, and so is all from the first on that runs past the end. */
function headersOf(bytes: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const nameEnd = at + 1 + (bytes[at] as number);
    const type = bytes[nameEnd];
    if (type === undefined) break;
    const isSized = type === 6 || type === STRING;
    if (isSized && nameEnd + 3 > bytes.length) break;
    const valueAt = nameEnd + (isSized ? 3 : 1);
    const size = isSized ? bytes.readUInt16BE(nameEnd + 1) : VALUE_BYTES[type];
    if (size === undefined || valueAt + size > bytes.length) break;
    if (type === STRING)
      headers.set(bytes.toString('utf8', at + 1, nameEnd), bytes.toString('utf8', valueAt, valueAt + size));
    at = valueAt + size;
  }
  return headers;
}

/**
 * A frame as the JSON event that formats read: what a `chunk` carries as it is, anything else under its type, and failures in
 * the shape that Anthropic's and OpenAI's streams give them. Undefined for what is no JSON.
 */
export function eventOf({ kind, type, payload }: Frame): unknown {
  if (kind !== 'event') return { type: 'error', error: { type: type || kind } };
  const value = parseEvent(payload.toString('utf8'));
  if (value === undefined || type !== 'chunk') return value === undefined ? undefined : { [type]: value };
  const text = chunkText(value);
  return text === undefined ? undefined : parseEvent(text);
}

function chunkText(value: unknown): string | undefined {
  const { bytes } = (value ?? {}) as { bytes?: unknown };
  return typeof bytes === 'string' ? Buffer.from(bytes, 'base64').toString('utf8') : undefined;
}
