/**
 * The course of the demo: provider, server and (where installed) Prometheus come up; three services run into their
 * budgets; the server may be killed on the way; then the counts are compared.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadOrThrow } from '../src/cli/load.ts';
import { readUnresolved, readUsage } from './api.ts';
import { Children, describeEnding } from './children.ts';
import { type Counts, count } from './counts.ts';
import type { Folder } from './folder.ts';
import { findObservability, HOW_TO_GET_THEM, type Observability, startObservability } from './observability.ts';
import { type Provider, startProvider } from './provider.ts';
import { type Page, type PagedAlert, startReceivers } from './receivers.ts';
import { CONFIG, ControlServer } from './server.ts';
import { accountsOf, SERVICES, type Surroundings, startService } from './services.ts';
import { Stage } from './stage.ts';
import type { Line } from './view/line.ts';
import { dollars } from './view/money.ts';
import type { Screen } from './view/screen.ts';

export interface RunOptions {
  screen: Screen;
  folder: Folder;
  killServer: boolean;
}

export interface Urls {
  server: string;
  provider: string;
  prometheus?: string;
  alertmanager?: string;
}

const INTRODUCTION: Line[] = [
  [['bold', 'Three services with real AI SDKs, a stand-in provider, a budget for each.']],
  [['dim', 'All that their code knows of spendfuse is `node --import spendfuse/register`.']],
  [],
];
const LOOK_EVERY_MS = 200;
const PAGE_TIMEOUT_MS = 20_000;
const SERVICES_TIMEOUT_MS = 180_000;
/** The server is killed when so much of the runaway's budget is spent, in percent: eight calls are in flight then. */
const KILL_AT = 40n;
const AWAY_MS = 1_000;

export class Run {
  readonly #options: RunOptions;
  readonly #children: Children;
  readonly #pages: (PagedAlert & { receiver: string })[] = [];
  readonly #failure = Promise.withResolvers<never>();
  readonly #startedAt = new Date();
  readonly #inProcess: { stop(): Promise<void> }[] = [];
  #ending = false;
  #stage: Stage | undefined;
  #provider: Provider | undefined;
  #server: ControlServer | undefined;
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
    return { server: this.#server!.url, provider: this.#provider!.url, ...this.#observability };
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
    const { screen } = this.#options;
    const { config } = loadOrThrow(join(import.meta.dirname, '..', CONFIG));
    const accounts = accountsOf(SERVICES);
    this.#provider = await this.#own(startProvider(accounts));
    this.#stage = new Stage({ screen, config, services: SERVICES, provider: this.#provider });
    const stage = this.#stage;
    screen.print(INTRODUCTION);
    stage.show();
    await this.#startServer(stage);
    await this.#startObservability(stage, config);
    const looking = this.#keepLooking(stage);
    stage.doing = 'three services run into their budgets';
    const services = this.#runServices(stage, accounts);
    if (this.#options.killServer) await Promise.all([services, this.#killServer(stage)]);
    else await services;
    await this.#awaitPages(stage);
    looking.abort();
    await stage.look();
    stage.doing = 'done';
    stage.hold();
    return this.#count(stage);
  }

  /** What was interrupted at its start is stopped here, for `end` has gone by. */
  async #own<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
    const started = await starting;
    this.#inProcess.push(started);
    if (this.#ending) await started.stop();
    return started;
  }

  async #startServer(stage: Stage): Promise<void> {
    const server = await ControlServer.start(this.#children, this.#options.folder, (error) => this.#fail(error));
    this.#server = server;
    stage.server = { url: server.url, up: true };
    await stage.look();
    const { temporary, ledger } = this.#options.folder;
    const file = temporary ? 'with a SQLite ledger' : `with its ledger in ${ledger}`;
    stage.tell({ kind: 'server', up: true, message: `ready at ${server.url}, ${file}` });
  }

  async #startObservability(stage: Stage, config: Parameters<typeof startObservability>[1]['config']): Promise<void> {
    const commands = findObservability();
    if (!commands) {
      const message = `not installed, so nobody is paged; to see it: ${HOW_TO_GET_THEM}`;
      return stage.tell({ kind: 'note', subject: 'prometheus', message });
    }
    stage.doing = 'starting Prometheus and Alertmanager';
    const { url: receivers } = await this.#own(startReceivers((page) => this.#page(stage, page)));
    const folder = join(this.#options.folder.path, 'observability');
    const onDeath = (error: Error) => this.#fail(error);
    const wanted = { config, commands, folder, server: stage.server.url, receivers, onDeath };
    this.#observability = await startObservability(this.#children, wanted);
    const { prometheus, alertmanager } = this.#observability;
    stage.tell({ kind: 'note', subject: 'prometheus', message: `${prometheus} and Alertmanager ${alertmanager}` });
  }

  /** Alertmanager sends a group again whenever an alert joins it: each alert is told once for each receiver. */
  #page(stage: Stage, { receiver, alerts }: Page): void {
    for (const alert of alerts) {
      if (this.#pages.some((page) => page.receiver === receiver && page.summary === alert.summary)) continue;
      this.#pages.push({ receiver, ...alert });
      stage.tell({ kind: 'page', receiver, message: alert.summary });
    }
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

  async #runServices(stage: Stage, accounts: Surroundings['accounts']): Promise<void> {
    const around: Surroundings = {
      accounts,
      endpoint: stage.server.url,
      provider: this.#provider!.url,
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

  async #killServer(stage: Stage): Promise<void> {
    const server = this.#server!;
    const runaway = () => stage.budgets.find(({ name }) => name === 'research-day');
    const isDue = (budget = runaway()) => budget !== undefined && budget.spent * 100n >= budget.limit * KILL_AT;
    while (!isDue()) {
      if (stage.running.size === 0) throw new Error('the services ended before the server could be killed');
      await sleep(20);
    }
    const { reserved } = runaway()!;
    const message = `killed with SIGKILL, with ${dollars(reserved)} reserved for calls in flight`;
    stage.tell({ kind: 'server', up: false, message });
    stage.server.up = false;
    await server.kill();
    await sleep(AWAY_MS);
    await server.start();
    stage.server.up = true;
    stage.tell({ kind: 'server', up: true, message: 'back on the same file and port' });
  }

  /** Until the owner of every budget that went hard has been paged. */
  async #awaitPages(stage: Stage): Promise<void> {
    if (!this.#observability) return;
    stage.doing = 'waiting for the pages';
    const hard = [...stage.alerts.values()].filter(({ kind }) => kind === 'denied').map(({ budget }) => budget);
    const isPaged = (budget: string) => this.#pages.some((page) => page.budget === budget && page.name === HARD);
    const deadline = performance.now() + PAGE_TIMEOUT_MS;
    while (!this.#ending && !hard.every(isPaged)) {
      if (performance.now() > deadline) {
        const message = `no page for ${hard.filter((budget) => !isPaged(budget)).join(', ')} in time`;
        return stage.tell({ kind: 'note', subject: 'prometheus', message });
      }
      await sleep(100);
    }
  }

  async #count(stage: Stage): Promise<Counts> {
    const { url } = stage.server;
    const from = new Date(this.#startedAt.getTime() - 60_000);
    const [usage, unresolvedNanoUsd] = await Promise.all([readUsage(url, from), readUnresolved(url)]);
    const { budgets, fares } = stage;
    const alerts = [...stage.alerts.values()];
    return count({
      services: SERVICES,
      bills: this.#provider!.bills(),
      usage,
      budgets,
      alerts,
      fares,
      unresolvedNanoUsd,
    });
  }

  #fail(error: Error): void {
    if (!this.#ending) this.#failure.reject(error);
  }
}

const HARD = 'SpendfuseBudgetHard';
