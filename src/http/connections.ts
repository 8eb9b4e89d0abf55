import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { DurationMs } from '../domain/time.ts';

/** How often sockets that fell idle are closed while the server ends. */
const SWEEP_MS = 50;

/** Answers the base URL. Errors: those of `listen`, such as an address in use. */
export function listen(node: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    node.once('error', reject);
    node.listen({ host, port }, () => {
      node.off('error', reject);
      const address = node.address();
      const actual = typeof address === 'object' && address ? address.port : port;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${actual}`);
    });
  });
}

/** The sockets of a server, for its end. Node counts those that never asked anything as busy; here they are not. */
export class Connections {
  readonly #node: Server;
  readonly #silent = new Set<Socket>();

  constructor(node: Server) {
    this.#node = node;
    node.on('connection', (socket) => {
      this.#silent.add(socket);
      socket.once('close', () => this.#silent.delete(socket));
    });
    node.on('request', (request) => this.#silent.delete(request.socket));
  }

  /** Takes no new connections, closes idle ones, and after the grace those that are still busy. */
  async close(graceMs: DurationMs): Promise<void> {
    if (!this.#node.listening) return;
    const closed = new Promise<void>((resolve) => this.#node.close(() => resolve()));
    for (const socket of this.#silent) socket.destroy();
    const sweep = setInterval(() => this.#node.closeIdleConnections(), SWEEP_MS);
    const end = setTimeout(() => this.#node.closeAllConnections(), graceMs);
    await closed;
    clearInterval(sweep);
    clearTimeout(end);
  }
}
