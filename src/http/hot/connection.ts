/**
 * A connection on which hot requests are answered without node's HTTP machinery, which costs more than everything else that
 * is done for one. It is `idle`, or has a request under way: `arriving` while its body comes, `answering` until the answer is
 * out; requests are answered one after the other. With the first request that is not hot, or not of the usual shape, the
 * connection goes to node for good, with every byte that nobody has answered yet.
 */
import type { Socket } from 'node:net';
import type { DurationMs } from '../../domain/time.ts';
import { aborted } from '../body.ts';
import { answerWhole, failure, type Service } from '../exchange.ts';
import type { HotMatch } from '../fast-path.ts';
import type { Reply } from '../route.ts';
import { logReply } from '../send.ts';
import type { Caller } from '../wait.ts';
import { answerText } from './answer.ts';
import { type Head, readHead } from './head.ts';

const SEPARATOR = '\r\n\r\n';
const MAX_HEAD_BYTES = 8 * 1024;
/** What a client may send ahead of its answers before it is not read any more. */
const MAX_AHEAD_BYTES = 64 * 1024;

export interface Door {
  service: Service;
  keepAliveMs: DurationMs;
  match(method: string, url: string): HotMatch | undefined;
  /** Takes the connection; the bytes are the first that node sees of it. */
  toNode(connection: HotConnection, socket: Socket, bytes: Buffer): void;
  ended(connection: HotConnection): void;
  monotonicMs(): DurationMs;
}

interface Request {
  head: Head;
  hot: HotMatch;
  /** Where the body starts and where the request ends, in the bytes of this request. */
  start: number;
  end: number;
}

export class HotConnection implements Caller {
  /** When it became what it is. */
  sinceMs: DurationMs;
  readonly #door: Door;
  readonly #socket: Socket;
  #state: 'idle' | 'arriving' | 'answering' = 'idle';
  /** Bytes not answered yet: of the request that arrives, or those behind the one under way. */
  #bytes: Buffer[] = [];
  #size = 0;
  #request: Request | undefined;
  #gone: (() => void)[] = [];
  isGone = false;

  constructor(door: Door, socket: Socket) {
    this.#door = door;
    this.#socket = socket;
    this.sinceMs = door.monotonicMs();
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose).on('error', this.#onError);
  }

  get state(): 'idle' | 'arriving' | 'answering' {
    return this.#state;
  }

  onGone(callback: () => void): void {
    this.#gone.push(callback);
  }

  sayProcessing(): void {
    if (!this.isGone) this.#socket.write(`HTTP/1.1 102 Processing${SEPARATOR}`, 'latin1');
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Node takes over, and its rules of time with it. Not while a request is being answered. */
  handOver(): void {
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
    this.#socket.off('error', this.#onError);
    this.#door.toNode(this, this.#socket, this.#taken());
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes.push(chunk);
    this.#size += chunk.length;
    if (this.#state !== 'answering') this.#read();
    else if (this.#size > MAX_AHEAD_BYTES) this.#socket.pause();
  };

  /** The client says nothing more: as node has it, it hears nothing more either. */
  readonly #onEnd = (): void => {
    this.#socket.end();
    if (this.#state === 'answering') this.#socket.destroySoon();
  };

  readonly #onClose = (): void => {
    this.isGone = true;
    this.#door.ended(this);
    if (this.#request) this.#log(this.#request.head, aborted());
    for (const callback of this.#gone.splice(0)) callback();
  };

  /** `close` follows. */
  readonly #onError = (): void => {};

  #read(): void {
    this.#request ??= this.#readRequest();
    if (!this.#request) {
      this.handOver();
      return;
    }
    if (this.#size < this.#request.end) {
      this.#become('arriving');
      return;
    }
    const request = this.#request;
    this.#request = undefined;
    this.#become('answering');
    const bytes = this.#taken();
    if (bytes.length > request.end) this.#keep(bytes.subarray(request.end));
    void this.#answer(request, bytes.subarray(request.start, request.end));
  }

  #readRequest(): Request | undefined {
    const bytes = this.#taken();
    this.#keep(bytes);
    const end = bytes.indexOf(SEPARATOR, 0, 'latin1');
    if (end < 0 || end > MAX_HEAD_BYTES) return undefined;
    const head = readHead(bytes.toString('latin1', 0, end + 2));
    const hot = head && this.#door.match(head.method, head.url);
    if (!hot || head.length > (hot.route.body?.maxBytes ?? 0)) return undefined;
    const start = end + SEPARATOR.length;
    return { head, hot, start, end: start + head.length };
  }

  async #answer({ head, hot }: Request, bytes: Buffer): Promise<void> {
    const { service } = this.#door;
    let reply: Reply;
    try {
      reply = await answerWhole(service, hot.route, head, bytes, this, hot.id);
    } catch (error) {
      reply = failure(service, head, error);
    }
    this.#gone = [];
    this.#log(head, reply);
    if (!this.isGone) this.#send(reply);
  }

  #send(reply: Reply): void {
    const { service, keepAliveMs } = this.#door;
    const { closing } = service.drain;
    this.#socket.write(answerText(reply, { closing, keepAliveMs, now: Date.now() }));
    if (closing) {
      this.#socket.destroySoon();
      return;
    }
    this.#become('idle');
    this.#socket.resume();
    if (this.#size > 0) this.#read();
  }

  #log(head: Head, reply: Reply): void {
    logReply(this.#door.service.log, head, this.isGone, reply);
  }

  #become(state: 'idle' | 'arriving' | 'answering'): void {
    if (this.#state === state) return;
    this.#state = state;
    this.sinceMs = this.#door.monotonicMs();
  }

  #taken(): Buffer {
    const bytes = this.#bytes.length === 1 ? this.#bytes[0]! : Buffer.concat(this.#bytes);
    this.#bytes = [];
    this.#size = 0;
    return bytes;
  }

  #keep(bytes: Buffer): void {
    this.#bytes.push(bytes);
    this.#size += bytes.length;
  }
}
