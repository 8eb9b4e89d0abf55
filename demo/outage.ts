import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlServer } from './server.ts';
import type { Stage } from './stage.ts';
import { dollars } from './view/money.ts';

/** The server is killed when so much of this budget is spent: eight workers have calls in flight then. */
const WHEN = { budget: 'research-day', percent: 40n };
const AWAY_MS = 1_000;

/** Kills the server in mid-run and starts it again. Errors: throws when the services ended before there was occasion. */
export async function outage(stage: Stage, server: ControlServer): Promise<void> {
  const reserved = await occasion(stage);
  const message = `killed with SIGKILL, with ${dollars(reserved)} reserved for calls in flight`;
  stage.tell({ kind: 'server', up: false, message });
  stage.server.up = false;
  await server.kill();
  await sleep(AWAY_MS);
  await server.start();
  stage.server.up = true;
  stage.tell({ kind: 'server', up: true, message: 'back on the same file and port' });
}

/** Answers what is reserved by then. */
async function occasion(stage: Stage): Promise<bigint> {
  for (;;) {
    const budget = stage.budgets.find(({ name }) => name === WHEN.budget);
    if (budget && budget.spent * 100n >= budget.limit * WHEN.percent) return budget.reserved;
    if (stage.running.size === 0) throw new Error('the services ended before the server could be killed');
    await sleep(20);
  }
}
