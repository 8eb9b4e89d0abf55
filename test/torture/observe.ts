/** What a run waits for and reads while its processes live. */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Server } from './stage.ts';

/** Nothing in a run takes this long: what has not come about by then is a mistake. */
const STUCK_MS = 180_000;
const POLL_MS = 25;

/** Errors: throws with `what` when it never comes about. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + STUCK_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`did not come about: ${what}`);
    await sleep(POLL_MS);
  }
}

/** Money in live holds, over all budgets. */
export async function reserved({ url }: Server): Promise<bigint> {
  const { items } = (await (await fetch(`${url}/v1/budgets`)).json()) as { items: { reserved: string }[] };
  return items.reduce((total, item) => total + BigInt(item.reserved), 0n);
}

/** Reservations that the server of now has decided; what sessions admitted from slices is counted there too, and is none. */
export async function decisions({ url }: Server): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const counts = text.matchAll(/^spendfuse_decisions_total\{(?!.*reason="leased").*\} (\d+)$/gm);
  return [...counts].reduce((total, [, count]) => total + Number(count), 0);
}

export function journalsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}

/** Of one that was not killed. */
export async function complaintsOf({ spec, child, fare }: Client): Promise<string[]> {
  const { code, signal } = await child.ended;
  const problems = (fare?.surprises ?? []).map((surprise) => `${spec.name}: ${surprise}`);
  if (code !== 0) problems.push(`${spec.name} ended with ${signal ?? code}`);
  if (!fare?.settled) problems.push(`${spec.name} has settlements that the server did not take`);
  return problems;
}
