import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** This Node, and others whose paths SPENDFUSE_TEST_NODES lists (`:` between them), as CI does with the oldest. */
export const NODES = [process.execPath, ...(process.env.SPENDFUSE_TEST_NODES?.split(':').filter(Boolean) ?? [])];

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

interface RunOptions {
  cwd: string;
  /** All that it sees of the environment, besides PATH. */
  env?: Record<string, string>;
  stdin?: string;
}

export function run(command: string, args: readonly string[], { cwd, env, stdin = '' }: RunOptions): Promise<Ended> {
  return new Promise((done, fail) => {
    // What another process left for the same address is not to be taken over.
    const own = { PATH: process.env.PATH, SPENDFUSE_JOURNAL: join(cwd, 'journal') };
    const options = { cwd, env: { ...own, ...env } };
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      // It ended with a code of its own, or it never started or was killed.
      if (error && typeof error.code !== 'number') fail(error);
      else done({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
    child.stdin?.end(stdin);
  });
}

export interface Probed extends Ended {
  /** Of files: `file:` URLs. */
  files: string[];
  builtins: string[];
  /** `address:port`, in order. */
  connections: string[];
}

/** Runs Node with `probe.mjs` in front. */
export async function probe(node: string, args: readonly string[], options: RunOptions): Promise<Probed> {
  const file = join(options.cwd, `probe-${process.hrtime.bigint()}.json`);
  const preload = join(dirname(fileURLToPath(import.meta.url)), 'probe.mjs');
  const env = { ...options.env, PROBE_FILE: file };
  const ended = await run(node, ['--import', preload, ...args], { ...options, env });
  if (ended.code !== 0) throw new Error(`exit code ${ended.code}:\n${ended.stdout}${ended.stderr}`);
  return { ...ended, ...JSON.parse(readFileSync(file, 'utf8')) };
}

export interface Server {
  url: string;
  /** Asks it to end; answers its exit code. */
  stop(): Promise<number | null>;
}

/** Starts `spendfuse serve` and waits for the log line that tells its address. */
export async function serve(bin: string, args: readonly string[], { cwd }: RunOptions): Promise<Server> {
  const child = spawn(bin, ['serve', '--port', '0', ...args], {
    cwd,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  const stop = (): Promise<number | null> => {
    child.kill('SIGTERM');
    return ended;
  };
  return { url: await addressOf(child), stop };
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('exit', (code) => fail(new Error(`serve ended with ${code} before it listened`)));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const { url } = JSON.parse(line) as { url?: string };
      if (url) done(url);
    });
  });
}
