/** The hot endpoint against a bare server, each in a process of its own, in turn, under the same load. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { median } from './measure.ts';

const CONNECTIONS = 64;
const ROUND_SECONDS = 4;
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

export async function reservations(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'spendfuse-bench-'));
  writeFileSync(join(folder, 'budgets.yaml'), BUDGETS);
  const servers: Server[] = [];
  try {
    servers.push(await start([script('./bare-server.ts')], folder));
    servers.push(await start([script('./spendfuse-server.ts'), folder], folder));
    await openSession(servers[1]!.url);
    await measure(servers as [Server, Server]);
  } finally {
    for (const server of servers) server.process.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure([bare, real]: [Server, Server]): Promise<void> {
  const rounds: { bare: autocannon.Result; real: autocannon.Result }[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const taken = { bare: await load(bare.url), real: await load(real.url) };
    if (round > 0) rounds.push(taken);
  }
  const ratio = median(rounds.map((round) => round.real.requests.average / round.bare.requests.average));
  const p99 = median(rounds.map((round) => round.real.latency.p99 / Math.max(1, round.bare.latency.p99)));
  const perSecond = (side: 'bare' | 'real') => Math.round(median(rounds.map((round) => round[side].requests.average)));
  const failed = rounds.reduce((sum, { real: { non2xx, errors } }) => sum + non2xx + errors, 0);
  console.log(`durable reservations ÷ bare node:http    ×${ratio.toFixed(2)}  at ${CONNECTIONS} connections`);
  console.log(`(${perSecond('real')}/s against ${perSecond('bare')}/s, p99 ×${p99.toFixed(1)}, ${failed} not granted)`);
}

let count = 0;

function load(url: string): Promise<autocannon.Result> {
  const setupRequest: autocannon.Request['setupRequest'] = (request) => {
    count += 1;
    const attempt_id = `0193a1b2-${count.toString(16).padStart(12, '0')}`;
    return { ...request, body: JSON.stringify({ ...RESERVATION, attempt_id, call_id: attempt_id }) };
  };
  return autocannon({
    url,
    connections: CONNECTIONS,
    duration: ROUND_SECONDS,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    requests: [{ path: '/v1/reservations', setupRequest }],
  });
}

const RESERVATION = {
  session: 'bench',
  model: 'gpt-4.1',
  provider: 'openai',
  bound: { input_tokens: 20, output_tokens: 800 },
  attribution: { team: 'support', workflow: 'chat', customer: 'acme' },
};

async function openSession(url: string): Promise<void> {
  const body = JSON.stringify({ session: 'bench', attribution: { service: 'support-api' } });
  const headers = { 'content-type': 'application/json' };
  const reply = await fetch(`${url}/v1/sessions`, { method: 'POST', headers, body });
  if (reply.status !== 201) throw new Error(`the session was not opened: ${reply.status} ${await reply.text()}`);
}

function script(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Waits for the URL on its first line. */
async function start(args: string[], cwd: string): Promise<Server> {
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(child.stdout!)) return { url: line, process: child };
  throw new Error(`${args[0]} ended before it listened`);
}
