/**
 * The hot endpoint against a bare server and against the disk, each in a process of its own, in turn, under the same load.
 * Server, ledger thread and load share the machine's cores: with two of them, the load takes a part of what both sides
 * could do, and the ledger thread a part that the bare server does not need.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { groupsPerSecond } from './group-commit.ts';
import { median, percentile } from './measure.ts';
import { CONNECTIONS, PATTERNS, type Pattern, SESSION } from './patterns.ts';

const ROUND_MS = 3_000;
const ROUNDS = 5;

/** Two budgets that stop and one that tells, none of them near its limit. */
const BUDGETS = `
owners: { team: {} }
budgets:
  - { name: organization, owner: team, window: month, limit: 900000, soft: [50%, 90%] }
  - { name: team-month, owner: team, per: [team], window: month, limit: 900000, soft: [90%], hard: block }
  - { name: service-day, owner: team, per: [service], window: day, limit: 900000, hard: block }
`;

interface Server {
  url: string;
  process: ChildProcess;
}
interface Servers {
  bare: Server;
  /** Bare, with its own group commit before the answer. */
  synced: Server;
  real: Server;
}

export async function reservations(patterns = PATTERNS, rounds = ROUNDS, roundMs = ROUND_MS): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'spendfuse-bench-'));
  writeFileSync(join(folder, 'budgets.yaml'), BUDGETS);
  const started: Server[] = [];
  const start = async (...args: [string, ...string[]]) => {
    const server = await startServer(args, folder);
    started.push(server);
    return server;
  };
  try {
    const bare = await start('./bare-server.ts');
    const synced = await start('./bare-server.ts', join(folder, 'synced'));
    const real = await start('./spendfuse-server.ts', folder);
    await openSession(real.url);
    console.log(
      `${CONNECTIONS} connections; server, ledger thread and load share the cores; medians of ${rounds} rounds`,
    );
    for (const pattern of patterns) await measure(pattern, { bare, synced, real }, folder, { rounds, roundMs });
  } finally {
    for (const server of started) server.process.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Figures {
  perSecond: number;
  p99: number;
  failed: number;
}

async function measure(
  pattern: Pattern,
  servers: Servers,
  folder: string,
  { rounds, roundMs }: { rounds: number; roundMs: number },
): Promise<void> {
  const taken: { bare: Figures; synced: Figures; real: Figures; disk: number }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    // The first round warms up: until the compiler is done, its threads take their part of the cores as well.
    const milliseconds = round === 0 ? 2 * roundMs : roundMs;
    const bare = await load(pattern, servers.bare.url, milliseconds);
    const real = await load(pattern, servers.real.url, milliseconds);
    const synced = await load(pattern, servers.synced.url, milliseconds);
    const disk = diskAlone(pattern, folder);
    if (round > 0) taken.push({ bare, synced, real, disk });
  }
  const of = (figure: (round: (typeof taken)[number]) => number) => median(taken.map(figure));
  const ratio = (value: number) => `×${value.toFixed(2)}`.padStart(6);
  const rate = (value: number) => `${Math.round(value)}/s`;
  const failed = taken.reduce((sum, { real }) => sum + real.failed, 0);
  console.log(
    `\n${pattern.name}: ${rate(of(({ real }) => real.perSecond))}, p99 ${of(({ real }) => real.p99).toFixed(1)} ms`,
  );
  console.log(
    `  ÷ bare node:http                   ${ratio(of(({ real, bare }) => real.perSecond / bare.perSecond))}  ` +
      `p99 ${ratio(of(({ real, bare }) => real.p99 / bare.p99))}  (${rate(of(({ bare }) => bare.perSecond))}, p99 ${of(({ bare }) => bare.p99).toFixed(1)} ms)`,
  );
  console.log(
    `  ÷ node:http with group commit      ${ratio(of(({ real, synced }) => real.perSecond / synced.perSecond))}  ` +
      `p99 ${ratio(of(({ real, synced }) => real.p99 / synced.p99))}  (${rate(of(({ synced }) => synced.perSecond))}, p99 ${of(({ synced }) => synced.p99).toFixed(1)} ms)`,
  );
  console.log(
    `  ÷ group commit alone, no HTTP      ${ratio(of(({ real, disk }) => real.perSecond / disk))}  (${rate(of(({ disk }) => disk))})`,
  );
  if (failed > 0) console.log(`  ${failed} were not answered as they should be`);
}

async function load(pattern: Pattern, url: string, milliseconds: number): Promise<Figures> {
  const started = performance.now();
  let endedAt = 0;
  const end = new AbortController();
  setTimeout(() => {
    endedAt = performance.now();
    end.abort();
  }, milliseconds);
  const { done, failed, milliseconds: waits } = await pattern.run(url, end.signal);
  return { perSecond: (done * 1000) / (endedAt - started), p99: percentile(waits, 0.99), failed };
}

/** As many waiters as connections, each with records of the same size: attempts a second. */
function diskAlone({ records, syncs }: Pattern, folder: string): number {
  const bytes = records.reduce((sum, size) => sum + size, 0) / syncs;
  return (groupsPerSecond(join(folder, 'groups'), Math.round(bytes * CONNECTIONS), 500) * CONNECTIONS) / syncs;
}

async function openSession(url: string): Promise<void> {
  const body = JSON.stringify({ session: SESSION, attribution: { service: 'support-api' } });
  const headers = { 'content-type': 'application/json' };
  const reply = await fetch(`${url}/v1/sessions`, { method: 'POST', headers, body });
  if (reply.status !== 201) throw new Error(`the session was not opened: ${reply.status} ${await reply.text()}`);
}

/** Waits for the URL on its first line. */
async function startServer([script, ...args]: [string, ...string[]], cwd: string): Promise<Server> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(child.stdout!)) return { url: line, process: child };
  throw new Error(`${script} ended before it listened`);
}
