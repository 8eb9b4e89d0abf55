/** The demo as a stranger runs it: real SDKs, a real server on a real file, real Prometheus where it is installed. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { until } from './processes.ts';

const TIMEOUT_MS = 120_000;

function emptyFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'spendfuse-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function start(...args: string[]) {
  const child = spawn(process.execPath, ['demo/main.ts', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGTERM'));
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (part) => (output.stdout += part));
  child.stderr.on('data', (part) => (output.stderr += part));
  return { child, output, ended: once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]> };
}

/** Processes that name the folder of a run: its server, Prometheus and Alertmanager. */
function leftOf(folder: string): string[] {
  const all = execFileSync('ps', ['-axww', '-o', 'pid=,args='], { encoding: 'utf8' });
  return all.split('\n').filter((line) => line.includes(folder) && !line.includes('demo/main.ts'));
}

interface Counts {
  ledger_nano_usd: number;
  provider_nano_usd: number;
  unresolved_nano_usd: number;
  overshoot_nano_usd: number;
  refused: number;
}

async function runToEnd(...args: string[]): Promise<{ stdout: string; counts: Counts; dir: string }> {
  const dir = join(emptyFolder(), 'demo');
  const { output, ended } = start('--exit', '--json', '--dir', dir, ...args);
  const [code] = await ended;
  expect(output.stderr).toBe('');
  expect(code, output.stdout).toBe(0);
  const { stdout } = output;
  return { stdout, dir, counts: JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Counts };
}

function expectEqualCounts(counts: Counts): void {
  expect(Object.keys(counts)).toEqual([
    'ledger_nano_usd',
    'provider_nano_usd',
    'unresolved_nano_usd',
    'overshoot_nano_usd',
    'refused',
  ]);
  expect(counts.provider_nano_usd).toBeGreaterThan(1_000_000_000);
  expect(counts).toMatchObject({
    ledger_nano_usd: counts.provider_nano_usd,
    unresolved_nano_usd: 0,
    overshoot_nano_usd: 0,
  });
  expect(counts.refused).toBeGreaterThan(40);
}

it(
  'the ledger agrees with the provider to the nano-dollar, and every service meets its fate',
  async () => {
    const { stdout, counts, dir } = await runToEnd();
    expectEqualCounts(counts);
    for (const share of [50, 75, 90])
      expect(stdout).toMatch(new RegExp(`▲ support-month +${share} % of \\$0\\.220 is spent`));
    expect(stdout).toMatch(/✕ nightly-eval .*not sent .*"staging-day"/);
    expect(stdout).toMatch(/✕ research-agent .*not sent .*"research-day"/);
    expect(stdout).not.toMatch(/✕ support/);
    expect(stdout).toMatch(/» eval-oncall +page: Budget staging-day is at its hard limit|prometheus +not installed/);
    expect(existsSync(join(dir, 'spendfuse.db'))).toBe(true);
    expect(leftOf(dir)).toEqual([]);
  },
  TIMEOUT_MS,
);

it(
  'they agree when the server is killed in mid-run, too',
  async () => {
    const { stdout, counts, dir } = await runToEnd('--kill-server');
    expectEqualCounts(counts);
    expect(stdout).toMatch(/✕ server +killed with SIGKILL/);
    expect(stdout).toMatch(/✓ server +back on the same file and port/);
    expect(leftOf(dir)).toEqual([]);
  },
  TIMEOUT_MS,
);

it(
  'ended in mid-run by a signal it leaves nothing behind',
  async () => {
    const dir = join(emptyFolder(), 'demo');
    const { child, output, ended } = start('--dir', dir);
    await until('the server is ready', () => output.stdout.includes('ready at'));
    child.kill('SIGINT');
    expect((await ended)[0]).toBe(130);
    expect(leftOf(dir)).toEqual([]);
    expect(readdirSync(dir)).toContain('spendfuse.db');
  },
  TIMEOUT_MS,
);

it('says what is wrong when there is nowhere to write', async () => {
  const { output, ended } = start('--exit', '--dir', '/dev/null/folder');
  expect((await ended)[0]).toBe(1);
  expect(output.stderr).toMatch(/^demo: --dir \/dev\/null\/folder: ENOTDIR.*; name a folder that can be written\n$/);
  expect(output.stdout).toBe('');
});

it(
  'says what is wrong when the server dies early',
  async () => {
    const dir = join(emptyFolder(), 'demo');
    const { output, ended } = start('--exit', '--dir', dir);
    await until('the server is ready', () => output.stdout.includes('ready at'));
    const [pid] = leftOf(dir)
      .find((line) => line.includes('main.js serve'))!
      .trim()
      .split(' ');
    process.kill(Number(pid), 'SIGKILL');
    expect((await ended)[0]).toBe(1);
    expect(output.stderr).toContain('demo: the control server ended early (SIGKILL)');
    expect(leftOf(dir)).toEqual([]);
  },
  TIMEOUT_MS,
);
