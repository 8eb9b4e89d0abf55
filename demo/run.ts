/**
 * The course of the demo: provider, server and (where installed) Prometheus come up; three services run into their
 * budgets; the server may be killed on the way; then the counts are compared.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadOrThrow } from '../src/cli/load.ts';
import type { Config } from '../src/config/config.ts';
import { readUnresolved, readUsage } from './api.ts';
import { Children, describeEnding } from './children.ts';
import { type Counts, count } from './counts.ts';
import type { Folder } from './folder.ts';
import { findObservability, HOW_TO_GET_THEM, type Observability, startObservability } from './observability.ts';
import { outage } from './outage.ts';
import { Pages } from './pages.ts';
import { type Provider, startProvider } from './provider.ts';
import { startReceivers } from './receivers.ts';
import { CONFIG, ControlServer } from './server.ts';
import { accountsOf, SERVICES, type Surroundings, startService } from './services.ts';
import { Stage } from './stage.ts';
import type { Screen } from './view/screen.ts';
import type { Urls } from './view/urls.ts';

export interface RunOptions {
  screen: Screen;
  folder: Folder;
  killServer: boolean;
}

const LOOK_EVERY_MS = 200;
const SERVICES_TIMEOUT_MS = 180_000;

export class Run {
  readonly #options: RunOptions;
  readonly #children: Children;
  readonly #failure = Promise.withResolvers<never>();
  readonly #startedAt = new Date();
  /** Servers in this process. */
  readonly #inProcess: { stop(): Promise<void> }[] = [];
  #ending = false;
  #stage: Stage | undefined;
  #observability: Observability | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#children = new Children(options.folder.temporary ? options.folder.path : undefined);
    this.#failure.promise.catch(() => undefined);
  }

  /** Errors: rejects as soon as anything that has to live ends. */
  counts(): Promise<Counts> {
    return Promise.race([this.#course(), this.#failure.promise]);
  }

  /** Rejects when a child that has to live ends. */
  get failed(): Promise<never> {
    return this.#failure.promise;
  }

  get urls(): Urls {
    return { server: this.#stage?.server.url ?? '', ...this.#observability };
  }

  /** Ends all that was started, and removes what need not stay. */
  async end(): Promise<void> {
    this.#ending = true;
    this.#stage?.leave();
    await this.#children.stopAll();
    await Promise.all(this.#inProcess.map((each) => each.stop()));
    this.#options.folder.remove();
  }

  async #course(): Promise<Counts> {
    const { config } = loadOrThrow(join(import.meta.dirname, '..', CONFIG));
    const accounts = accountsOf(SERVICES);
    const provider = await this.#own(startProvider(accounts));
    const stage = new Stage({ screen: this.#options.screen, config, services: SERVICES, provider });
    this.#stage = stage;
    stage.open();
    const server = await this.#startServer(stage);
    const pages = await this.#startObservability(stage, config);
    const looking = this.#keepLooking(stage);
    stage.doing = 'three services run into their budgets';
    const services = this.#runServices(stage, { accounts, provider: provider.url });
    await Promise.all([services, this.#options.killServer && outage(stage, server)]);
    if (pages) await awaitPages(stage, pages);
    looking.abort();
    await stage.look();
    stage.hold();
    return this.#count(stage, provider);
  }

  /** What was interrupted at its start is stopped here, for `end` has gone by. */
  async #own<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
    const started = await starting;
    this.#inProcess.push(started);
    if (this.#ending) await started.stop();
    return started;
  }

  async #startServer(stage: Stage): Promise<ControlServer> {
    const { folder } = this.#options;
    const server = await ControlServer.start(this.#children, folder, this.#failure.reject);
    stage.server = { url: server.url, up: true };
    await stage.look();
    const file = folder.temporary ? 'with a SQLite ledger' : `with its ledger in ${folder.ledger}`;
    stage.tell({ kind: 'server', up: true, message: `ready at ${server.url}, ${file}` });
    return server;
  }

  async #startObservability(stage: Stage, config: Config): Promise<Pages | undefined> {
    const commands = findObservability();
    if (!commands) {
      const message = `not installed, so nobody is paged; to see it: ${HOW_TO_GET_THEM}`;
      stage.tell({ kind: 'note', subject: 'prometheus', message });
      return undefined;
    }
    stage.doing = 'starting Prometheus and Alertmanager';
    const pages = new Pages((receiver, { summary }) => stage.tell({ kind: 'page', receiver, message: summary }));
    const { url: receivers } = await this.#own(startReceivers((page) => pages.take(page)));
    this.#observability = await startObservability(this.#children, {
      config,
      commands,
      receivers,
      folder: join(this.#options.folder.path, 'observability'),
      server: stage.server.url,
      onDeath: this.#failure.reject,
    });
    const { prometheus, alertmanager } = this.#observability;
    stage.tell({ kind: 'note', subject: 'prometheus', message: `${prometheus} and Alertmanager ${alertmanager}` });
    return pages;
  }

  /** A look that fails while the server is away is no news. */
  #keepLooking(stage: Stage): AbortController {
    const stop = new AbortController();
    void (async () => {
      while (!stop.signal.aborted && !this.#ending) {
        await stage.look().catch(() => undefined);
        await sleep(LOOK_EVERY_MS);
      }
    })();
    return stop;
  }

  async #runServices(stage: Stage, at: Pick<Surroundings, 'accounts' | 'provider'>): Promise<void> {
    const around: Surroundings = {
      ...at,
      endpoint: stage.server.url,
      journal: join(this.#options.folder.path, 'journal'),
      onSaid: (service, said) => stage.said(service, said),
      onComplaint: ({ name }, message) => stage.tell({ kind: 'complaint', service: name, message }),
    };
    const ends = SERVICES.map(async (service) => {
      const child = startService(this.#children, service, around);
      stage.running.add(service.name);
      const ending = await child.ended;
      stage.running.delete(service.name);
      if (ending.code !== 0) stage.fares.get(service.name)!.ending = describeEnding(ending);
    });
    const late = sleep(SERVICES_TIMEOUT_MS, undefined, { ref: false }).then(() => {
      if (!this.#ending) throw new Error(`${[...stage.running].join(', ')} did not end in time`);
    });
    await Promise.race([Promise.all(ends), late]);
  }

  async #count(stage: Stage, provider: Provider): Promise<Counts> {
    const { url } = stage.server;
    const aMinuteBefore = new Date(this.#startedAt.getTime() - 60_000);
    const [usage, unresolvedNanoUsd] = await Promise.all([readUsage(url, aMinuteBefore), readUnresolved(url)]);
    const { budgets, fares } = stage;
    const alerts = [...stage.alerts.values()];
    return count({ services: SERVICES, bills: provider.bills(), usage, budgets, alerts, fares, unresolvedNanoUsd });
  }
}

/** Until the owner of every budget that went hard has been paged. */
async function awaitPages(stage: Stage, pages: Pages): Promise<void> {
  stage.doing = 'waiting for the pages';
  const hard = [...stage.alerts.values()].filter(({ kind }) => kind === 'denied');
  const missing = await pages.awaitHard(hard.map(({ budget }) => budget));
  if (missing.length === 0) return;
  const message = `no page for ${missing.join(', ')} came in time; see Alertmanager's log`;
  stage.tell({ kind: 'note', subject: 'prometheus', message });
}
