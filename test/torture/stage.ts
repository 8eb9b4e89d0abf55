/** The processes of one run: the provider, the server as it is built, and services with the one import. */
import { join } from 'node:path';
import { type Child, Children, describeEnding, type Ending } from '../../demo/children.ts';
import { freePort } from '../../demo/ports.ts';
import type { Profile } from './calls.ts';
import type { Fare, FirstDenial } from './client.ts';
import type { Billed, Count } from './provider.ts';

export interface Provider {
  url: string;
  count(): Promise<Count>;
  billed(): Promise<Billed[]>;
}

/** The same port and the same file through every life. */
export interface Server {
  url: string;
  /** `kill -9`, and at once another on the same file; resolves when that one decides. */
  killAndRestart(): Promise<void>;
  /** Asks it to end; answers how it did. */
  stop(): Promise<Ending>;
}

export interface ClientSpec {
  name: string;
  team: string;
  seed: number;
  workers: number;
  profile: Profile;
}

export interface Client {
  spec: ClientSpec;
  child: Child;
  firstDenial?: FirstDenial;
  /** Its last words, if it got to say them. */
  fare?: Fare;
}

export class Stage {
  readonly folder: string;
  readonly #children: Children;
  /** Everything that processes said on stderr, for whoever looks for a mistake. */
  readonly complaints: string[] = [];

  /** `folder`: goes when the run is over, or is killed. */
  constructor(folder: string) {
    this.folder = folder;
    this.#children = new Children(folder);
  }

  async startProvider(): Promise<Provider> {
    const url = Promise.withResolvers<string>();
    const child = this.#start('provider', ['test/torture/provider.ts'], {}, (line) => {
      url.resolve((JSON.parse(line) as { url: string }).url);
    });
    this.#failsEarly(child, url.reject);
    const base = await url.promise;
    return {
      url: base,
      count: async () => (await (await fetch(`${base}/count`)).json()) as Count,
      billed: async () => (await (await fetch(`${base}/billed`)).json()) as Billed[],
    };
  }

  async startServer(config: string, db: string): Promise<Server> {
    const port = await freePort();
    const args = ['serve', '--config', config, '--db', db, '--port', String(port)];
    const start = async (): Promise<Child> => {
      const ready = Promise.withResolvers<void>();
      const child = this.#start('server', ['dist/src/cli/main.js', ...args], {}, (line) => {
        const { msg, level } = JSON.parse(line) as { msg: string; level: number };
        if (msg.startsWith('ready')) ready.resolve();
        if (level >= 50) this.complaints.push(`server: ${line}`);
      });
      this.#failsEarly(child, ready.reject);
      await ready.promise;
      return child;
    };
    let child = await start();
    return {
      url: `http://127.0.0.1:${port}`,
      async killAndRestart() {
        await child.kill();
        child = await start();
      },
      stop: () => child.stop(),
    };
  }

  startClient(spec: ClientSpec, provider: Provider, server: Server): Client {
    const env = {
      OTEL_SERVICE_NAME: spec.name,
      OTEL_RESOURCE_ATTRIBUTES: `spendfuse.team=${spec.team}`,
      SPENDFUSE_ENDPOINT: server.url,
      SPENDFUSE_JOURNAL: this.journals,
      SPENDFUSE_WHEN_UNREACHABLE: 'block',
      PROVIDER: provider.url,
      TEAM: spec.team,
      SEED: String(spec.seed),
      WORKERS: String(spec.workers),
      PROFILE: spec.profile,
    };
    const args = ['--import', 'spendfuse/register', 'test/torture/client.ts'];
    const client: Client = {
      spec,
      child: this.#start(spec.name, args, env, (line) => {
        const said = JSON.parse(line) as Fare | FirstDenial | { event: 'begun' };
        if (said.event === 'denied') client.firstDenial = said;
        if (said.event === 'done') client.fare = said;
      }),
    };
    return client;
  }

  get journals(): string {
    return join(this.folder, 'journals');
  }

  /** What `spendfuse verify` makes of the ledger; its words when it finds a difference. */
  async verify(db: string): Promise<string | undefined> {
    const said: string[] = [];
    const child = this.#start('verify', ['dist/src/cli/main.js', 'verify', '--db', db], {}, (line) => said.push(line));
    const { code } = await child.ended;
    return code === 0 ? undefined : said.join('\n');
  }

  /** Ends whatever is left, and removes the folder. */
  close(): Promise<void> {
    return this.#children.stopAll();
  }

  #start(name: string, args: readonly string[], env: Record<string, string>, onOut: (line: string) => void): Child {
    return this.#children.start({
      name,
      command: process.execPath,
      args,
      env,
      onLine: (line, stream) => {
        if (stream === 'stdout') onOut(line);
        else this.complaints.push(`${name}: ${line}`);
      },
    });
  }

  #failsEarly({ name, ended }: Child, fail: (error: Error) => void): void {
    void ended.then((ending) => {
      const words = this.complaints.filter((complaint) => complaint.startsWith(`${name}: `)).slice(-5);
      fail(new Error(`${name} ended at its start (${describeEnding(ending)})\n${words.join('\n')}`));
    });
  }
}
