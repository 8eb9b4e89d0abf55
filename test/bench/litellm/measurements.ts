/** What is measured of a side: the storm on a small budget, and the latency of single calls under a large one. */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child, Children } from '../../../demo/children.ts';
import { median } from '../measure.ts';
import type { Fare } from './load.ts';
import type { Count } from './provider.ts';
import { type Access, runToEnd, type Side, startUntil } from './side.ts';

export interface Storm {
  answered: number;
  seconds: number;
  /** USD, by the provider's own count. */
  trueCost: number;
  reported: number;
  /** USD that the provider had billed when somebody was first denied. */
  atFirstDenial: number;
  denied: number;
  /** Of `denied`, those after which calls were still answered. */
  deniedEarly: number;
  failed: number;
  addedMs: number[];
  failures: string[];
}

export interface StormOptions {
  capUsd: number;
  clients: number;
  workers: number;
  seed: number;
  limitSeconds: number;
  kill: boolean;
}

export interface Provider {
  url: string;
  child: Child;
  count(until?: number): Promise<Count>;
}

export async function startProvider(children: Children): Promise<Provider> {
  let url = '';
  const program = { name: 'provider', command: process.execPath, args: [script('provider.ts')] };
  const child = await startUntil(children, program, (line) => {
    url = line;
    return line.startsWith('http');
  });
  const count = async (until?: number) => {
    const query = until === undefined ? '' : `?until=${until}`;
    return (await (await fetch(`${url}/count${query}`)).json()) as Count;
  };
  return { url, child, count };
}

/** Many processes at once, until every caller has given up. */
export async function storm(children: Children, side: Side, provider: Provider, options: StormOptions): Promise<Storm> {
  const access = await side.budget(options.capUsd);
  try {
    const before = usd(await provider.count());
    await warmUp(children, access);
    const began = Date.now();
    const clients = Array.from({ length: options.clients }, (_, index) =>
      runClient(children, access, 'load.ts', {
        WORKERS: `${options.workers}`,
        SEED: `${options.seed * 1_000 + index}`,
        GIVE_UP_AT: `${began + options.limitSeconds * 1_000}`,
      }),
    );
    if (options.kill) await killHalfway(side, provider, before + options.capUsd / 2);
    const fares = (await Promise.all(clients)) as Fare[];
    while ((await provider.count()).pending > 0) await sleep(50);
    const trueCost = usd(await provider.count()) - before;
    return { ...(await sumOf(fares, began, before, provider)), trueCost, reported: await access.reported() };
  } finally {
    await access.end();
  }
}

async function sumOf(fares: readonly Fare[], began: number, before: number, provider: Provider) {
  const deniedAt = fares.flatMap((fare) => fare.deniedAt).sort((a, b) => a - b);
  const lastAnsweredAt = Math.max(...fares.map((fare) => fare.lastAnsweredAt));
  return {
    answered: fares.reduce((sum, { addedMs }) => sum + addedMs.length, 0),
    seconds: (lastAnsweredAt - began) / 1_000,
    atFirstDenial: usd(await provider.count(deniedAt[0] ?? Date.now())) - before,
    denied: deniedAt.length,
    deniedEarly: deniedAt.filter((at) => at < lastAnsweredAt).length,
    failed: fares.reduce((sum, { failed }) => sum + failed, 0),
    addedMs: fares.flatMap(({ addedMs }) => addedMs),
    failures: fares.flatMap(({ failures }) => failures).slice(0, 3),
  };
}

/** So that compilers and caches are ready; what it costs counts for the budget and for the provider's count. */
async function warmUp(children: Children, access: Access): Promise<void> {
  await runClient(children, access, 'latency.ts', { WORKERS: '4', CALLS: '20' });
}

async function killHalfway(side: Side, provider: Provider, at: number): Promise<void> {
  while (usd(await provider.count()) < at) await sleep(20);
  await side.killAndRestart();
}

/** Median and 99th percentile of a call in ms, `workers` at a time; medians over the rounds, in turn with the bare calls. */
export interface Latency {
  bare: { p50: number; p99: number };
  side: { p50: number; p99: number };
  perSecond: number;
}

export async function latency(
  children: Children,
  side: Side,
  provider: Provider,
  options: { workers: number; calls: number; rounds: number },
): Promise<Latency> {
  const bare = { args: [], env: { BASE_URL: `${provider.url}/v1`, API_KEY: 'k' } };
  const access = await side.budget(1_000);
  const env = { WORKERS: `${options.workers}`, CALLS: `${options.calls}` };
  const rounds: { bare: number[]; side: number[] }[] = [];
  try {
    for (let round = 0; round < options.rounds; round += 1) {
      rounds.push({
        bare: (await runClient(children, bare, 'latency.ts', env)) as number[],
        side: (await runClient(children, access, 'latency.ts', env)) as number[],
      });
    }
  } finally {
    await access.end();
  }
  const of = (name: 'bare' | 'side') => ({
    p50: median(rounds.map((round) => quantile(round[name], 0.5))),
    p99: median(rounds.map((round) => quantile(round[name], 0.99))),
  });
  const mean = median(rounds.map((round) => round.side.reduce((sum, ms) => sum + ms, 0) / round.side.length));
  return { bare: of('bare'), side: of('side'), perSecond: (options.workers * 1_000) / mean };
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function runClient(
  children: Children,
  { args, env }: Pick<Access, 'args' | 'env'>,
  name: string,
  more: Readonly<Record<string, string>>,
): Promise<unknown> {
  const program = { name, command: process.execPath, args: [...args, script(name)], env: { ...env, ...more } };
  const lines = (await runToEnd(children, program)).split('\n');
  const last = lines.findLast((line) => /^[[{]/.test(line));
  if (last === undefined) throw new Error(`${name} said nothing:\n${lines.join('\n')}`);
  return JSON.parse(last);
}

function usd({ nanoUsd }: Count): number {
  return Number(nanoUsd) / 1e9;
}

function script(name: string): string {
  return join(import.meta.dirname, name);
}
