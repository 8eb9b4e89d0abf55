/**
 * What was received of an answer. Chunks are only kept while they come, because the application is waiting for them;
 * they are read when the answer ends. Of a stream that ended well only the few events that matter are parsed.
 */
import type { Format, RequestFacts, ResponseFacts, StreamReader } from '../formats/format.ts';
import type { Framing } from './framing.ts';
import { elementsOf, parseEvent } from './sse.ts';

/** Past this a stream's events are parsed as they come, so that a long answer does not stay in memory. */
const MAX_KEPT_BYTES = 256 * 1024;
/** A body that is no stream and larger than this is not read. */
const MAX_WHOLE_BYTES = 64 * 1024 * 1024;

export class Tape {
  readonly #format: Format;
  readonly #request: RequestFacts;
  readonly #framing: Framing | undefined;
  readonly #opaque: Format['opaque'];
  #chunks: Uint8Array[] = [];
  #keptBytes = 0;
  #isOver = false;
  /** Set once events had to be parsed on the way. */
  #reader: StreamReader | undefined;

  /** `framing`: of a stream; undefined for an answer in one piece. `isOpaque`: nothing of it is read, so nothing is kept. */
  constructor(format: Format, request: RequestFacts, framing: Framing | undefined, isOpaque = false) {
    this.#format = format;
    this.#request = request;
    this.#framing = framing;
    this.#opaque = isOpaque ? format.opaque : undefined;
  }

  /** Whether anything was received at all. */
  get empty(): boolean {
    return this.#keptBytes === 0 && this.#reader === undefined;
  }

  /** So many bytes came of what is not kept. */
  pass(bytes: number): void {
    this.#keptBytes += bytes;
  }

  push(chunk: Uint8Array): void {
    if (this.#opaque) {
      this.pass(chunk.byteLength);
      return;
    }
    this.#chunks.push(chunk);
    this.#keptBytes += chunk.byteLength;
    this.#isOver = this.#framing !== undefined && this.#endsHere();
    if (this.#keptBytes <= MAX_KEPT_BYTES) return;
    if (this.#framing) this.#digest(this.#framing);
    else if (this.#keptBytes > MAX_WHOLE_BYTES) this.#chunks = [];
  }

  /** Whether the last line received is whole, and the last there will be. */
  get isOver(): boolean {
    return this.#isOver;
  }

  #endsHere(): boolean {
    const { isLastEvent } = this.#format;
    if (!isLastEvent || this.#chunks.at(-1)?.at(-1) !== LF) return false;
    const event = parseEvent(lastLine(this.#chunks));
    return event !== undefined && isLastEvent(event);
  }

  /** What the answer says as far as it was received; may be asked again. */
  facts(): ResponseFacts {
    if (this.#opaque) return this.#opaque(this.#keptBytes, this.#request);
    const bytes = joined(this.#chunks);
    const framing = this.#framing;
    if (!framing) return this.#wholeFacts(bytes);
    if (this.#reader) return this.#rest(this.#reader, framing.events(bytes)).facts();
    const quick = this.#quickFacts(framing.telling(bytes));
    return quick ?? this.#rest(this.#format.stream(this.#request), framing.events(bytes)).facts();
  }

  #wholeFacts(bytes: Buffer): ResponseFacts {
    const text = bytes.toString('utf8');
    const body = parseEvent(text) ?? (text.startsWith('[') ? elementsOf(text) : undefined);
    const isEmpty = body === undefined || (Array.isArray(body) && body.length === 0);
    return isEmpty ? {} : this.#format.response(body, this.#request);
  }

  #rest(reader: StreamReader, events: readonly unknown[]): StreamReader {
    for (const event of events) reader.push(event);
    this.#chunks = [];
    this.#keptBytes = 0;
    this.#reader = reader;
    return reader;
  }

  #digest(framing: Framing): void {
    const bytes = joined(this.#chunks);
    const end = framing.end(bytes);
    this.#reader ??= this.#format.stream(this.#request);
    for (const event of framing.events(bytes.subarray(0, end))) this.#reader.push(event);
    this.#chunks = [bytes.subarray(end)];
    this.#keptBytes = bytes.length - end;
  }

  /** Undefined when the events that tell something do not tell enough. */
  #quickFacts(events: readonly unknown[] | undefined): ResponseFacts | undefined {
    if (!events) return undefined;
    const reader = this.#format.stream(this.#request);
    for (const event of events) reader.push(event);
    const facts = reader.facts();
    const { usage } = facts;
    // Zeros are what a gateway sends that does not count: only the text tells.
    return usage && usage.inputTokens + usage.outputTokens > 0 ? facts : undefined;
  }
}

const LF = 10;

function lastLine(chunks: readonly Uint8Array[]): string {
  let line = '';
  for (let at = chunks.length - 1; at >= 0; at--) {
    const chunk = chunks[at] as Uint8Array;
    const end = at === chunks.length - 1 ? chunk.length - 1 : chunk.length;
    const start = chunk.subarray(0, end).lastIndexOf(LF) + 1;
    line = Buffer.from(chunk.buffer, chunk.byteOffset + start, end - start).toString('latin1') + line;
    if (start > 0) break;
  }
  return line;
}

function joined(chunks: readonly Uint8Array[]): Buffer {
  const only = chunks[0];
  if (chunks.length === 1 && only) return Buffer.from(only.buffer, only.byteOffset, only.byteLength);
  return Buffer.concat(chunks);
}
