/** The server goes away from under a service that has slices: the slices run on, then calls do what was chosen. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startProvider, type TestProvider } from '../support/provider.ts';
import { REGISTER, runApp } from '../support/run-app.ts';
import { finish, folderWith, type Running, readiness, run, serveWith } from './server.ts';

vi.setConfig({ testTimeout: 60_000 });

const LEASED = fileURLToPath(new URL('../support/apps/leased.mjs', import.meta.url));
const KILL_THREAD = fileURLToPath(new URL('./support/kill-thread.mjs', import.meta.url));
const config = (whenUnreachable: string) => `owners: { team: {} }
budgets:
  - { name: cap, owner: team, window: month, limit: 1000, hard: block, when_unreachable: ${whenUnreachable} }
`;

let provider: TestProvider;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider.stop());

/** 8 calls, then a call each 100 ms: `goAway` is called once the server has booked some of them. */
async function outage(whenUnreachable: string, calls: number, goAway: (server: Running, db: string) => unknown) {
  const folder = folderWith({ 'budgets.yaml': config(whenUnreachable) });
  const server = await serveWith(folder, { nodeArgs: ['--import', KILL_THREAD] });
  await server.ready;
  const running = runApp({
    args: ['--import', REGISTER, LEASED],
    env: {
      PROVIDER: provider.url,
      SPENDFUSE_ENDPOINT: server.url,
      SPENDFUSE_JOURNAL: folder,
      OTEL_SERVICE_NAME: 'a',
      WARM: '8',
      PAUSE_MS: '900',
      CALLS: String(calls),
      BETWEEN_MS: '100',
    },
  });
  await vi.waitFor(
    async () => {
      const { items } = (await (await fetch(`${server.url}/v1/budgets`)).json()) as { items: { spent: string }[] };
      expect(BigInt(items[0]!.spent)).toBeGreaterThan(10n * CALL_NANO_USD);
    },
    { timeout: 20_000, interval: 20 },
  );
  await goAway(server, join(folder, 'spendfuse.db'));
  const ran = await running;
  const outcomes = ran.json as string[];
  return { folder, server, outcomes, said: ran.stderr.match(/^spendfuse: .*$/gm) ?? [] };
}

/** What the provider bills, at the public price of gpt-4.1: 24 fresh and 16 cached tokens in, 12 out. */
const CALL_NANO_USD = 24n * 2000n + 16n * 500n + 12n * 8000n;

describe.each<[how: string, signal: NodeJS.Signals]>([
  ['is killed', 'SIGKILL'],
  ['hangs', 'SIGSTOP'],
])('a server that %s while a service has slices', (_, signal) => {
  it('calls go on from the slices to their end, and then are refused where the budget says block: said once', async () => {
    const { outcomes, said } = await outage('block', 80, ({ pid }) => process.kill(pid, signal));
    const refused = outcomes.indexOf('unreachable');
    expect(refused).toBeGreaterThan(2);
    // From then on all of them: nothing is let through once the slices are over.
    expect(new Set(outcomes.slice(0, refused))).toEqual(new Set(['ok']));
    expect(new Set(outcomes.slice(refused))).toEqual(new Set(['unreachable']));
    expect(said.filter((line) => line.includes('is unreachable'))).toHaveLength(1);
  });

  it('calls go on where the budget says allow: said once', async () => {
    const { outcomes, said } = await outage('allow', 80, ({ pid }) => process.kill(pid, signal));
    expect(new Set(outcomes)).toEqual(new Set(['ok']));
    expect(said.filter((line) => line.includes('is unreachable'))).toHaveLength(1);
  });
});

it('a server that hung and goes on: said once each way, and every call is booked', async () => {
  const { server, folder, outcomes, said } = await outage('allow', 120, async ({ pid }) => {
    process.kill(pid, 'SIGSTOP');
    const asked = provider.seen.length;
    // Longer than slices last, counted in calls.
    await vi.waitFor(() => expect(provider.seen.length - asked).toBeGreaterThan(60), { timeout: 30_000 });
    process.kill(pid, 'SIGCONT');
  });
  expect(new Set(outcomes)).toEqual(new Set(['ok']));
  expect(said.filter((line) => line.includes('is unreachable'))).toHaveLength(1);
  expect(said.filter((line) => /^spendfuse: the server \S+ is back$/.test(line))).toHaveLength(1);
  await expectBooks(server, folder, 128n);
});

it.each<[what: string, take: (server: Running, db: string) => Promise<void>]>([
  [
    "the ledger's thread dies",
    async ({ pid, url }) => {
      process.kill(pid, 'SIGUSR2');
      await readiness(url, /the ledger's thread ended/);
    },
  ],
  [
    'the ledger is moved away and back',
    async ({ url }, db) => {
      renameSync(db, `${db}-elsewhere`);
      await readiness(url, /deleted or moved away/);
      renameSync(`${db}-elsewhere`, db);
    },
  ],
])('%s under a service with slices: every call is answered, and booked once', async (_, take) => {
  const { server, folder, outcomes } = await outage('allow', 80, (running, db) => take(running, db));
  expect(new Set(outcomes)).toEqual(new Set(['ok']));
  await readiness(server.url, 'ready');
  await expectBooks(server, folder, 88n);
});

/** All calls are booked, nothing is held, and the ledger agrees with its entries. */
async function expectBooks(server: Running, folder: string, calls: bigint): Promise<void> {
  await vi.waitFor(
    async () => {
      const { items } = (await (await fetch(`${server.url}/v1/budgets`)).json()) as { items: unknown[] };
      expect(items[0]).toMatchObject({ spent: String(calls * CALL_NANO_USD), reserved: '0' });
    },
    { timeout: 20_000, interval: 100 },
  );
  expect(await server.end('SIGTERM')).toBe(0);
  expect(await finish(run(folder, ['verify']))).toMatchObject({ code: 0 });
}
