/** A server whose machine has a date that does not fit its ledger. */
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import {
  CONFIG,
  folderWith,
  openSession,
  post,
  readiness,
  reserve,
  serve,
  serveWith,
  settle,
  standing,
} from './server.ts';

vi.setConfig({ testTimeout: 60_000 });

const SHIFTED = fileURLToPath(new URL('./support/shifted-date.mjs', import.meta.url));

async function serverAt(folder: string, days: number) {
  return serveWith(folder, { nodeArgs: ['--import', SHIFTED], env: { SHIFT_DAYS: String(days) } });
}

async function withHistory(): Promise<string> {
  const folder = folderWith({ 'budgets.yaml': CONFIG });
  const server = await serve(folder);
  await server.ready;
  await openSession(server.url);
  await reserve(server.url, 'one', 500);
  await settle(server.url, 'one', 400);
  expect(await server.end('SIGTERM')).toBe(0);
  return folder;
}

it('a year ahead: nothing is decided or written with that date until an operator confirms', async () => {
  const folder = await withHistory();
  const ahead = await serverAt(folder, 365);
  await readiness(ahead.url, /the clock is 365 days ahead of the ledger's last entry; .*\/v1\/clock\/confirm/);
  await openSession(ahead.url);
  expect((await reserve(ahead.url, 'two', 10)).status).toBe(503);
  expect(await ahead.end('SIGTERM')).toBe(0);

  const right = await serve(folder);
  await right.ready;
  expect(await standing(right.url)).toMatchObject({ spent: 400, reserved: 0 });
  expect(await right.end('SIGTERM')).toBe(0);

  const away = await serverAt(folder, 365);
  await readiness(away.url, /365 days ahead/);
  expect((await post(`${away.url}/v1/clock/confirm`, {})).status).toBe(200);
  await readiness(away.url, 'ready');
  await openSession(away.url);
  expect((await reserve(away.url, 'two', 10)).status).toBe(201);
  expect(await away.end('SIGTERM')).toBe(0);

  const behind = await serve(folder);
  await readiness(behind.url, /the clock is \d+ minutes behind the ledger's last entry/);
  expect(await behind.end('SIGTERM')).toBe(0);
});

it('after a weekend: it starts by itself', async () => {
  const folder = await withHistory();
  const server = await serverAt(folder, 3);
  await server.ready;
  await readiness(server.url, 'ready');
  expect(await server.end('SIGTERM')).toBe(0);
});
