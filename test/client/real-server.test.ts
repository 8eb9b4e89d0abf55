/** Leases against the real server: what it grants, what it hears, and what is left when the process is gone. */
import { createServer, request as forward, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { folderWith, type Running, serve } from '../e2e/server.ts';
import { startProvider, stop, type TestProvider } from '../support/provider.ts';
import { REGISTER, runApp } from '../support/run-app.ts';

const LEASED = fileURLToPath(new URL('../support/apps/leased.mjs', import.meta.url));
const CONFIG = `owners: { team: {} }
budgets:
  - { name: all, owner: team, window: month, limit: 1000, hard: block }
  - { name: day, owner: team, window: day, limit: 500, hard: block }
  - { name: per-service, per: [service], owner: team, window: month, limit: 400, hard: block }
  - { name: output, owner: team, window: month, limit: 300, classes: [output], hard: block }
`;
/** What the provider bills, at the public price of gpt-4.1: 24 fresh and 16 cached tokens in, 12 out. */
const CALL_NANO_USD = 24n * 2000n + 16n * 500n + 12n * 8000n;
const PATIENCE = { timeout: 20_000, interval: 100 };

let provider: TestProvider;
let proxy: Server;
/** Where the proxy sends what it gets, and the paths that it got. */
let target: Running;
let folder: string;
let asked: string[];

beforeAll(async () => {
  provider = await startProvider();
});
beforeEach(async () => {
  asked = [];
  folder = folderWith({ 'budgets.yaml': CONFIG });
  target = await serve(folder);
  await target.ready;
  proxy = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const to = forward(
      `${target.url}${request.url}`,
      { method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    to.on('error', () => response.destroy());
    request.pipe(to);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
});
afterEach(() => stop(proxy));
afterAll(() => provider.stop());

function leased(env: Record<string, string>, onOutput?: (kill: (signal: NodeJS.Signals) => void) => void) {
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return runApp({
    args: ['--import', REGISTER, LEASED],
    env: { PROVIDER: provider.url, SPENDFUSE_ENDPOINT: url, SPENDFUSE_JOURNAL: folder, OTEL_SERVICE_NAME: 'a', ...env },
    ...(onOutput && { onOutput: (_text: string, kill: (signal: NodeJS.Signals) => void) => onOutput(kill) }),
  });
}

interface Standing {
  budget: string;
  spent: string;
  reserved: string;
  unresolved: string;
}

async function budgets(): Promise<Standing[]> {
  return ((await (await fetch(`${target.url}/v1/budgets`)).json()) as { items: Standing[] }).items;
}

const reservations = () => asked.filter((path) => path === 'POST /v1/reservations').length;

/** The books agree with what was answered, and nothing is held or unresolved in any budget. */
async function expectBooks(answered: number): Promise<void> {
  await vi.waitFor(async () => {
    const standing = await budgets();
    expect(BigInt(standing.find(({ budget }) => budget === 'all')!.spent)).toBe(BigInt(answered) * CALL_NANO_USD);
    for (const { budget, reserved, unresolved } of standing)
      expect({ budget, reserved, unresolved }).toEqual({ budget, reserved: '0', unresolved: '0' });
  }, PATIENCE);
}

test('after the first calls no call asks the server, and nothing is held when the process has ended', async () => {
  const ran = await leased({ ALL: '1', WARM: '8', PAUSE_MS: '900', CALLS: '60', BETWEEN_MS: '20' });
  expect(ran.json).toEqual(Array(68).fill('ok'));
  expect(reservations()).toBeLessThanOrEqual(12);
  await expectBooks(68);
}, 40_000);

test('a process that is killed leaves no more unresolved than its slices held', async () => {
  const held = new Map<string, bigint>();
  await leased({ WARM: '8', PAUSE_MS: '900', CALLS: '20', BETWEEN_MS: '20', END: 'wait' }, async (kill) => {
    // It stands still first: a running one may be granted more between the look and its death.
    kill('SIGSTOP');
    let before = '';
    await vi.waitFor(
      async () => {
        const seen = JSON.stringify(await budgets());
        const isStill = seen === before;
        before = seen;
        expect(isStill).toBe(true);
      },
      { timeout: 10_000, interval: 300 },
    );
    for (const { budget, reserved } of await budgets()) held.set(budget, BigInt(reserved));
    kill('SIGKILL');
  });
  await vi.waitFor(
    async () => {
      for (const { budget, reserved, unresolved, spent } of await budgets()) {
        expect({ budget, reserved }).toEqual({ budget, reserved: '0' });
        expect(BigInt(unresolved)).toBeLessThanOrEqual(held.get(budget)!);
        if (budget === 'all') expect(BigInt(spent) + BigInt(unresolved)).toBeGreaterThanOrEqual(28n * CALL_NANO_USD);
      }
    },
    { timeout: 60_000, interval: 500 },
  );
}, 80_000);

test('a server that is killed and comes back hears of everything that slices paid for meanwhile', async () => {
  const running = leased({ ALL: '1', WARM: '8', PAUSE_MS: '900', CALLS: '80', BETWEEN_MS: '50' });
  await vi.waitFor(async () => {
    const { spent } = (await budgets()).find(({ budget }) => budget === 'all')!;
    expect(BigInt(spent)).toBeGreaterThan(15n * CALL_NANO_USD);
  }, PATIENCE);
  await target.end('SIGKILL');
  target = await serve(folder);
  await target.ready;
  const outcomes = (await running).json as string[];
  // What did not reach the server in time is in a file, which the next process sends.
  await leased({ WARM: '0', CALLS: '0' });
  await expectBooks(outcomes.filter((outcome) => outcome === 'ok').length);
}, 60_000);
