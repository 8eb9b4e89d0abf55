/** What the demo knows while it runs, and shows: the panel is a function of it, and events pass through it. */
import type { Config } from '../src/config/config.ts';
import { type Alert, type BudgetNow, readAlerts, readBudgets } from './api.ts';
import type { Provider } from './provider.ts';
import { type Fare, note, type Said, type ServiceSpec } from './services.ts';
import { type Happening, tell } from './view/happening.ts';
import type { Line } from './view/line.ts';
import { panel } from './view/panel.ts';
import type { Screen } from './view/screen.ts';

const INTRODUCTION: Line[] = [
  [['bold', 'Three services with real AI SDKs, a stand-in provider, a budget for each.']],
  [['dim', 'All that their code knows of spendfuse is `node --import spendfuse/register`.']],
  [],
];

export interface StageOptions {
  screen: Screen;
  config: Config;
  services: readonly ServiceSpec[];
  provider: Provider;
}

export class Stage {
  readonly fares: ReadonlyMap<string, Fare>;
  readonly alerts = new Map<string, Alert>();
  readonly running = new Set<string>();
  budgets: readonly BudgetNow[] = [];
  server = { url: '', up: false };
  doing = 'starting';
  readonly #options: StageOptions;
  readonly #startedMs = performance.now();
  #left = false;
  #ticking: NodeJS.Timeout | undefined;

  constructor(options: StageOptions) {
    this.#options = options;
    this.fares = new Map(options.services.map(({ name }) => [name, { refused: 0, undecided: 0, exhausted: false }]));
  }

  /** What ends with the demo complains of its end; that is no news. */
  tell(happening: Happening): void {
    if (this.#left) return;
    const { screen } = this.#options;
    screen.print(tell(happening, performance.now() - this.#startedMs, screen.columns));
  }

  said(service: ServiceSpec, said: Said): void {
    const fare = this.fares.get(service.name)!;
    const first = said.event === 'refused' && said.code === 'exhausted' && !fare.exhausted;
    note(fare, said);
    if (first) this.tell({ kind: 'refused', service: service.name, message: said.message });
    if (said.event === 'done') this.tell({ kind: 'done', service: service.name, message: said.message });
  }

  /** Reads how the budgets stand and tells what is new. Errors: throws when the server does not answer. */
  async look(): Promise<void> {
    const [budgets, alerts] = await Promise.all([readBudgets(this.server.url), readAlerts(this.server.url)]);
    this.budgets = budgets;
    for (const alert of alerts.filter(({ id }) => !this.alerts.has(id))) {
      this.alerts.set(alert.id, alert);
      this.tell({ kind: 'alert', alert, told: this.#toldOf(alert) });
    }
  }

  #toldOf({ owner }: Alert): string {
    return this.#options.config.owners.get(owner)?.service.receiver ?? owner;
  }

  /** Says what is to be seen, and draws the panel ten times a second from now on. */
  open(): void {
    this.#options.screen.print(INTRODUCTION);
    this.#draw();
    this.#ticking ??= setInterval(() => this.#draw(), 100);
  }

  /** Draws it for the last time. */
  hold(): void {
    this.doing = 'done';
    clearInterval(this.#ticking);
    this.#ticking = undefined;
    this.#draw();
    this.#options.screen.end();
  }

  /** Ends the panel without another drawing. */
  leave(): void {
    this.#left = true;
    clearInterval(this.#ticking);
    this.#options.screen.end();
  }

  #draw(): void {
    this.#options.screen.panel((columns): Line[] => {
      const { doing, server } = this;
      return panel({ elapsedMs: performance.now() - this.#startedMs, server, doing, rows: this.#rows() }, columns);
    });
  }

  #rows() {
    const bills = this.#options.provider.bills();
    return this.#options.services.flatMap((service) => {
      const budget = this.budgets.find(({ name }) => name === service.budget);
      const bill = bills.get(service.name)!;
      const fare = this.fares.get(service.name)!;
      return budget ? [{ service, budget, bill, fare, running: this.running.has(service.name) }] : [];
    });
  }
}
