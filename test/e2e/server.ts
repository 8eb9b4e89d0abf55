/** The real server as a process of its own, in a folder that goes with the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, vi } from 'vitest';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export const CONFIG = `prices: [{ provider: openai, model: "round*", input: 1, output: 1 }]
owners: { team: {} }
budgets: [{ name: cap, owner: team, window: month, limit: 1000, hard: block }]
`;

export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'spendfuse-e2e-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

export function run(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  nodeArgs: readonly string[] = [],
): ChildProcess {
  const child = spawn(process.execPath, [...nodeArgs, MAIN, ...args], { cwd: folder, env: { ...process.env, ...env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** What a command says and answers. */
export async function finish(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' };
  child.stdout?.on('data', (text) => (said.stdout += text));
  child.stderr?.on('data', (text) => (said.stderr += text));
  const [code] = await once(child, 'close');
  return { code, ...said };
}

export interface Running {
  url: string;
  pid: number;
  /** What it has logged so far. */
  said: string[];
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<unknown>;
  /** Resolves once it says that it decides. */
  ready: Promise<void>;
}

/** A server that listens; it need not be ready yet. */
export function serve(folder: string, ...args: readonly string[]): Promise<Running> {
  return serveWith(folder, { args });
}

export interface Start {
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  nodeArgs?: readonly string[];
}

export async function serveWith(folder: string, { args = [], env, nodeArgs }: Start): Promise<Running> {
  const child = run(folder, ['serve', '--config', 'budgets.yaml', '--port', '0', ...args], env, nodeArgs);
  const said: string[] = [];
  const listening = Promise.withResolvers<string>();
  const ready = Promise.withResolvers<void>();
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const { url, msg } = JSON.parse(line) as { url?: string; msg: string };
    said.push(msg);
    if (url) listening.resolve(url);
    if (msg.startsWith('ready')) ready.resolve();
  });
  child.once('exit', (code) => listening.reject(new Error(`the server ended with ${code}`)));
  const exited = once(child, 'exit');
  const end = (signal: 'SIGTERM' | 'SIGKILL') => {
    child.kill(signal);
    return exited.then(([code, killedBy]) => code ?? killedBy);
  };
  return { url: await listening.promise, pid: child.pid!, said, end, ready: ready.promise };
}

/** Until the server says on /readyz that it decides, or a reason that fits. */
export async function readiness(url: string, fits: 'ready' | RegExp): Promise<void> {
  await vi.waitFor(
    async () => {
      const reply = await fetch(`${url}/readyz`);
      const { reasons = [] } = (await reply.json()) as { reasons?: string[] };
      if (fits === 'ready') expect(reasons).toEqual([]);
      else expect({ status: reply.status, reasons }).toEqual({ status: 503, reasons: [expect.stringMatching(fits)] });
    },
    { timeout: 20_000, interval: 20 },
  );
}

export async function post(url: string, body: unknown): Promise<{ status: number; body: Record<string, string> }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

export const openSession = (url: string) => post(`${url}/v1/sessions`, { session: 's', attribution: {} });

/** An attempt that costs at most `tokens` millionths of a dollar. */
export const reserve = (url: string, id: string, tokens: number) =>
  post(`${url}/v1/reservations`, {
    attempt_id: id,
    call_id: id,
    session: 's',
    provider: 'openai',
    model: 'round',
    bound: { input_tokens: 0, output_tokens: tokens },
    attribution: {},
  });

export const settle = (url: string, id: string, tokens: number) =>
  post(`${url}/v1/reservations/${id}/settle`, {
    usage: { input_tokens: 0, output_tokens: tokens },
    measured: true,
    status: 'ok',
  });

/** Of the one budget: limit, spent and reserved in millionths of a dollar. */
export async function standing(url: string): Promise<{ limit: number; spent: number; reserved: number }> {
  const { items } = (await (await fetch(`${url}/v1/budgets`)).json()) as { items: Record<string, string>[] };
  const amount = (name: string) => Number(items[0]?.[name]) / 1000;
  return { limit: amount('limit'), spent: amount('spent'), reserved: amount('reserved') };
}
