import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Child, Children } from './children.ts';
import type { Folder } from './folder.ts';
import { freePort } from './ports.ts';
import { untilReady, watchLife } from './ready.ts';

export const CONFIG = 'demo/budgets.yaml';
const SERVER = 'dist/src/cli/main.js';
const PORT_ATTEMPTS = 5;

/** The control server as a user starts it, in a process of its own. */
export class ControlServer {
  readonly url: string;
  readonly #children: Children;
  readonly #folder: Folder;
  readonly #port: number;
  readonly #onDeath: (error: Error) => void;
  #child: Child | undefined;

  private constructor(children: Children, folder: Folder, port: number, onDeath: (error: Error) => void) {
    this.#children = children;
    this.#folder = folder;
    this.#port = port;
    this.#onDeath = onDeath;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Resolves when it is ready. `onDeath`: it ended, and nobody had asked it to. */
  static async start(children: Children, folder: Folder, onDeath: (error: Error) => void): Promise<ControlServer> {
    if (!existsSync(join(import.meta.dirname, '..', SERVER))) {
      throw new Error(`${SERVER} is not there: run \`npm run build\` first, or \`npm run demo\`, which does`);
    }
    for (let attempt = 1; ; attempt += 1) {
      const server = new ControlServer(children, folder, await freePort(), onDeath);
      try {
        await server.start();
        return server;
      } catch (error) {
        // Somebody may have taken the port since it was found free.
        if (attempt === PORT_ATTEMPTS || !String(error).includes('EADDRINUSE')) throw error;
      }
    }
  }

  /** Starts it (again) on its file and its port. */
  async start(): Promise<void> {
    const child = this.#children.start({
      name: 'the control server',
      command: process.execPath,
      args: [SERVER, 'serve', '--config', CONFIG, '--db', this.#folder.ledger, '--port', String(this.#port)],
      log: join(this.#folder.path, 'server.log'),
    });
    this.#child = child;
    await untilReady(child, `${this.url}/readyz`);
    watchLife(child, this.#onDeath);
  }

  /** SIGKILL: no goodbye, no flush. */
  async kill(): Promise<void> {
    await this.#child?.kill();
  }
}
