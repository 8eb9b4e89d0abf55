/** Runs an application in a process of its own, instrumented or bare. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const REGISTER = fileURLToPath(new URL('../../src/register.ts', import.meta.url));

/** Nothing that these applications do takes this long, even where many of them share two cores. */
const STUCK_MS = 120_000;

export interface Ran {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** The last line of stdout that is JSON. */
  json: unknown;
}

export interface App {
  args: readonly string[];
  env?: Record<string, string>;
  cwd?: string;
  /** Called with each piece of stdout, to act while the process runs. */
  onOutput?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

export function runApp({ args, env = {}, cwd, onOutput }: App): Promise<Ran> {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(OTEL|SPENDFUSE|NODE_OPTIONS|VITEST)/.test(name)),
  );
  // What one leaves behind is not another's, though ports come again.
  const journal = mkdtempSync(join(tmpdir(), 'spendfuse-journal-'));
  const child = spawn(process.execPath, args, {
    // Two cores are shared by many processes: that a decision comes late is the subject of tests that say so.
    env: { ...inherited, SPENDFUSE_JOURNAL: journal, SPENDFUSE_DECISION_TIMEOUT_MS: '10000', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd !== undefined && { cwd }),
  });
  const stuck = setTimeout(() => child.kill('SIGKILL'), STUCK_MS);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    onOutput?.(text, (signal) => child.kill(signal));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      clearTimeout(stuck);
      rmSync(journal, { recursive: true, force: true });
    });
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr, json: lastJson(stdout) }));
  });
}

function lastJson(stdout: string): unknown {
  for (const line of stdout.trimEnd().split('\n').reverse()) {
    try {
      return JSON.parse(line);
    } catch {}
  }
  return undefined;
}
