/** The built server and a service, each in a process of its own, as docker-compose.yml starts them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';

const ROOT = join(import.meta.dirname, '..', '..');

export interface Server {
  url: string;
  /** Asks it to end; answers its exit code. */
  stop(): Promise<number | null>;
}

/** `spendfuse serve` from `dist`, ready. */
export async function startServer(args: readonly string[]): Promise<Server> {
  const child = launch(['dist/src/cli/main.js', 'serve', '--port', '0', ...args], {});
  const url = await new Promise<string>((done, fail) => {
    child.once('exit', (code) => fail(new Error(`serve ended with ${code} before it listened`)));
    linesOf(child).on('line', (line) => {
      const said = JSON.parse(line) as { url?: string };
      if (said.url) done(said.url);
    });
  });
  while (!(await fetch(`${url}/readyz`)).ok) await new Promise((resolve) => setTimeout(resolve, 20));
  return { url, stop: () => stop(child) };
}

export interface Outcome {
  /** Calls that were answered. */
  answered: number;
  /** The error of the one that was not. */
  refused?: Record<string, unknown>;
}

export interface Spender {
  spend(order: { calls: number; model?: string }): Promise<Outcome>;
  /** What it said on stderr. */
  complaints(): string;
  stop(): Promise<number | null>;
}

/** `node --import spendfuse/register apps/spender.mjs`. */
export function startSpender(env: Readonly<Record<string, string>>): Spender {
  const child = launch(['--import', 'spendfuse/register', 'test/e2e/apps/spender.mjs'], env);
  const lines = linesOf(child)[Symbol.asyncIterator]();
  let complaints = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  return {
    async spend({ calls, model = 'gpt-4.1' }) {
      child.stdin?.write(`${JSON.stringify({ calls, model })}\n`);
      const line = await lines.next();
      if (line.done) throw new Error(`the service ended:\n${complaints}`);
      return JSON.parse(line.value) as Outcome;
    },
    complaints: () => complaints,
    stop() {
      child.stdin?.end();
      return ended(child);
    },
  };
}

function launch(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, args, {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

function linesOf(child: ChildProcess): Interface {
  return createInterface({ input: child.stdout! });
}

function stop(child: ChildProcess): Promise<number | null> {
  child.kill('SIGTERM');
  return ended(child);
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}
