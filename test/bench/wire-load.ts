/**
 * A load of few instructions: bare sockets that send one request at a time and read as little of the answer as they can, so
 * that what is measured is the server. It is the same for every side.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Answer {
  /** 0: the connection broke. */
  status: number;
  milliseconds: number;
}

const SEPARATOR = '\r\n\r\n';

/** One keep-alive connection. */
export class Connection {
  readonly #socket: Socket;
  readonly #host: string;
  #answered: ((answer: Answer) => void) | undefined;
  #askedAt = 0;
  #read = '';

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', () => this.#answer(0));
    socket.on('close', () => this.#answer(0));
  }

  static async open(url: string): Promise<Connection> {
    const { hostname, port, host } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new Connection(socket, host);
  }

  /** The body is ASCII. */
  ask(path: string, body: string): Promise<Answer> {
    this.#askedAt = performance.now();
    this.#socket.write(
      `POST ${path} HTTP/1.1\r\nhost: ${this.#host}\r\ncontent-type: application/json\r\n` +
        `content-length: ${body.length}\r\nconnection: keep-alive${SEPARATOR}${body}`,
    );
    return new Promise((resolve) => {
      this.#answered = resolve;
    });
  }

  close(): void {
    this.#answered = undefined;
    this.#socket.destroy();
  }

  #take(text: string): void {
    this.#read = this.#read === '' ? text : this.#read + text;
    for (;;) {
      const end = this.#read.indexOf(SEPARATOR);
      if (end < 0) return;
      const head = this.#read.slice(0, end);
      const size = end + SEPARATOR.length + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (this.#read.length < size) return;
      this.#read = this.#read.slice(size);
      const status = Number(head.slice(9, 12));
      if (status >= 200) this.#answer(status);
    }
  }

  #answer(status: number): void {
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.({ status, milliseconds: performance.now() - this.#askedAt });
  }
}
