/** The ledger is taken away from under a running server: it decides nothing, says why, and goes on when it is mended. */
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import {
  CONFIG,
  finish,
  folderWith,
  openSession,
  type Running,
  readiness,
  reserve,
  run,
  serve,
  serveWith,
  settle,
  standing,
} from './server.ts';

vi.setConfig({ testTimeout: 60_000 });

const KILL_THREAD = fileURLToPath(new URL('./support/kill-thread.mjs', import.meta.url));
const DB = 'spendfuse.db';

/** A server that has settled 400 and holds 500 millionths of a dollar. */
async function spent(start: (folder: string) => Promise<Running> = serve) {
  const folder = folderWith({ 'budgets.yaml': CONFIG });
  const server = await start(folder);
  await server.ready;
  await openSession(server.url);
  await reserve(server.url, 'one', 500);
  await settle(server.url, 'one', 400);
  await reserve(server.url, 'two', 500);
  return { folder, server, db: join(folder, DB) };
}

/** Everything that was acknowledged is there, and it works. */
async function expectWhole(server: Running, folder: string): Promise<void> {
  await readiness(server.url, 'ready');
  expect(await standing(server.url)).toMatchObject({ spent: 400, reserved: 500 });
  expect((await settle(server.url, 'two', 450)).status).toBe(200);
  await openSession(server.url);
  expect((await reserve(server.url, 'three', 1)).status).toBe(201);
  expect(await server.end('SIGTERM')).toBe(0);
  expect(await finish(run(folder, ['verify']))).toMatchObject({ code: 0 });
}

async function expectRefusal({ url }: Running): Promise<void> {
  expect((await reserve(url, 'refused', 1)).status).toBe(503);
  expect((await settle(url, 'two', 1)).status).toBe(503);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('\nspendfuse_ready 0\n');
}

describe('a ledger file that is taken away', () => {
  it('deleted: what it held is saved, and goes on once it is moved back', async () => {
    const { folder, server, db } = await spent();
    rmSync(db);
    await readiness(server.url, /deleted or moved away while the server ran; move .*\.saved-1, .* back to its place/);
    await expectRefusal(server);
    expect(existsSync(db)).toBe(false);
    renameSync(`${db}.saved-1`, db);
    await vi.waitFor(() => expect(server.said).toContain('ready again: decisions are made'), { timeout: 20_000 });
    await expectWhole(server, folder);
    expect(server.said.filter((line) => line.startsWith('not ready')).length).toBeLessThanOrEqual(2);
  });

  it('deleted and the server restarted: no empty ledger is begun in its place', async () => {
    const { folder, server, db } = await spent();
    rmSync(db);
    await readiness(server.url, /saved-1/);
    expect(await server.end('SIGTERM')).toBe(0);
    const { code, stderr } = await finish(run(folder, ['serve', '-c', 'budgets.yaml', '--port', '0']));
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/it is missing; move spendfuse\.db\.saved-1, .* or away to begin a new ledger/),
    });
    renameSync(`${db}.saved-1`, db);
    await expectWhole(await serve(folder), folder);
  });

  it('moved away and back: goes on with it', async () => {
    const { folder, server, db } = await spent();
    renameSync(db, join(folder, 'elsewhere'));
    await readiness(server.url, /deleted or moved away while the server ran/);
    renameSync(join(folder, 'elsewhere'), db);
    await expectWhole(server, folder);
  });

  it('replaced by a backup: goes on with the backup, and what it held is saved beside it', async () => {
    const { folder, server, db } = await spent();
    expect(await server.end('SIGTERM')).toBe(0);
    copyFileSync(db, join(folder, 'backup'));
    const again = await serve(folder);
    await again.ready;
    expect((await settle(again.url, 'two', 450)).status).toBe(200);
    renameSync(join(folder, 'backup'), db);
    await readiness(again.url, /replaced by another file while the server ran/);
    await expectWhole(again, folder);
    const saved = await finish(run(folder, ['verify', '--db', `${DB}.saved-1`]));
    expect(saved).toMatchObject({ code: 0, stdout: expect.stringContaining('2 settlements') });
  });

  it('its write-ahead log deleted: nothing acknowledged is lost, even to kill -9 after it', async () => {
    const { folder, server, db } = await spent();
    rmSync(`${db}-wal`);
    await readiness(server.url, /write-ahead log was deleted while the server ran/);
    await readiness(server.url, 'ready');
    await server.end('SIGKILL');
    await expectWhole(await serve(folder), folder);
  });
});

describe("the ledger's thread", () => {
  it('dies: the ledger is opened again, and everything is known again', async () => {
    const { folder, server } = await spent((at) => serveWith(at, { nodeArgs: ['--import', KILL_THREAD] }));
    process.kill(server.pid, 'SIGUSR2');
    await readiness(server.url, /the ledger's thread ended; it is opened again/);
    await expectWhole(server, folder);
  });
});

describe('a ledger whose pages are damaged under the server', () => {
  it('is not opened again, says so, and the server goes on with a backup', async () => {
    const { folder, server, db } = await spent();
    expect(await server.end('SIGTERM')).toBe(0);
    copyFileSync(db, join(folder, 'backup'));
    const again = await serve(folder);
    await again.ready;
    // In its place: the server has this very file open. The first page stays, so that it is still a database.
    const damaged = readFileSync(db).fill(0xff, 4096);
    writeFileSync(db, damaged, { flag: 'r+' });
    rmSync(`${db}-wal`);
    await readiness(again.url, /it is damaged; restore it from a backup/);
    await expectRefusal(again);
    renameSync(join(folder, 'backup'), db);
    await expectWhole(again, folder);
  });
});
