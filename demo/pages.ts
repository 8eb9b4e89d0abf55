/** Who was paged of what: what Alertmanager sent to the receivers, each alert once. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page, PagedAlert } from './receivers.ts';

const HARD = 'SpendfuseBudgetHard';
const TIMEOUT_MS = 20_000;

export class Pages {
  readonly #pages: (PagedAlert & { receiver: string })[] = [];
  readonly #onNew: (receiver: string, alert: PagedAlert) => void;

  constructor(onNew: (receiver: string, alert: PagedAlert) => void) {
    this.#onNew = onNew;
  }

  /** Alertmanager sends a group again whenever an alert joins it: what has been told is not told again. */
  take({ receiver, alerts }: Page): void {
    for (const alert of alerts) {
      if (this.#pages.some((page) => page.receiver === receiver && page.summary === alert.summary)) continue;
      this.#pages.push({ receiver, ...alert });
      this.#onNew(receiver, alert);
    }
  }

  /** Waits until somebody has been paged for each of these hard budgets; answers those for which nobody was in time. */
  async awaitHard(budgets: readonly string[]): Promise<string[]> {
    const deadline = performance.now() + TIMEOUT_MS;
    for (;;) {
      const missing = budgets.filter((name) => !this.#isPaged(name));
      if (missing.length === 0 || performance.now() > deadline) return missing;
      await sleep(100, undefined, { ref: false });
    }
  }

  #isPaged(budget: string): boolean {
    return this.#pages.some((page) => page.budget === budget && page.name === HARD);
  }
}
