/** Stands before node's HTTP server: every connection begins as a hot one, and goes to node when it is none. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { DurationMs } from '../../domain/time.ts';
import type { Service } from '../exchange.ts';
import type { HotMatch } from '../fast-path.ts';
import { type Door, HotConnection } from './connection.ts';

export interface DoorOptions {
  service: Service;
  match: (method: string, url: string) => HotMatch | undefined;
  keepAliveMs: DurationMs;
  /** How long a request may take to arrive before node, with its own limits, has to deal with it. */
  arrivalMs: DurationMs;
}

const SWEEP_MS: DurationMs = 1_000;

export class HotDoor {
  readonly #connections = new Set<HotConnection>();
  readonly #options: DoorOptions;
  readonly #sweep: NodeJS.Timeout;

  /** `taken` hears of each connection that node has got. */
  constructor(node: Server, options: DoorOptions, taken: (socket: Socket) => void) {
    this.#options = options;
    const nodes = node.listeners('connection') as ((socket: Socket) => void)[];
    node.removeAllListeners('connection');
    const door: Door = {
      ...options,
      monotonicMs: () => performance.now(),
      ended: (connection) => this.#connections.delete(connection),
      toNode: (connection, socket, bytes) => {
        this.#connections.delete(connection);
        taken(socket);
        for (const listener of nodes) listener.call(node, socket);
        if (bytes.length > 0) socket.emit('data', bytes);
      },
    };
    node.on('connection', (socket: Socket) => this.#connections.add(new HotConnection(door, socket)));
    this.#sweep = setInterval(() => this.#look(performance.now()), Math.min(SWEEP_MS, options.arrivalMs)).unref();
  }

  /** Ends the connections that have nothing under way; the others end with their answers. */
  close(): void {
    clearInterval(this.#sweep);
    for (const connection of [...this.#connections]) if (connection.state === 'idle') connection.destroy();
  }

  destroyAll(): void {
    for (const connection of [...this.#connections]) connection.destroy();
  }

  #look(nowMs: DurationMs): void {
    const { keepAliveMs, arrivalMs } = this.#options;
    for (const connection of [...this.#connections]) {
      const age = nowMs - connection.sinceMs;
      if (connection.state === 'arriving' && age > arrivalMs) connection.handOver();
      else if (connection.state === 'idle' && age > keepAliveMs) connection.destroy();
    }
  }
}
