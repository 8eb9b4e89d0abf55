/** A disk that is full or broken while the server runs, made so by a limit on what its process may write. */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { CONFIG, finish, folderWith, openSession, readiness, reserve, run, serve, settle, standing } from './server.ts';

vi.setConfig({ testTimeout: 60_000 });

/** With prlimit of util-linux: writes beyond so many bytes of a file fail from now on, as on a disk that is broken there. */
function limitFiles(pid: number, bytes: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
}

describe('a disk that takes no more', () => {
  it('stops decisions with one line in the log, stays so while there is room for one small entry, and recovers', async () => {
    const folder = folderWith({ 'budgets.yaml': CONFIG });
    const server = await serve(folder);
    await server.ready;
    await openSession(server.url);
    await reserve(server.url, 'one', 500);
    await settle(server.url, 'one', 400);
    await reserve(server.url, 'two', 10);
    const log = join(folder, 'spendfuse.db-wal');

    limitFiles(server.pid, statSync(log).size);
    expect((await reserve(server.url, 'refused', 10)).status).toBe(503);
    await readiness(server.url, /nothing was committed: ledger spendfuse\.db: /);
    expect((await reserve(server.url, 'refused-too', 10)).status).toBe(503);
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('\nspendfuse_ready 0\n');

    limitFiles(server.pid, statSync(log).size + 200_000);
    expect((await settle(server.url, 'two', 7)).status).toBe(200);
    await readiness(server.url, /nothing was committed/);

    limitFiles(server.pid, 'unlimited');
    await vi.waitFor(() => expect(server.said).toContain('ready again: decisions are made'), { timeout: 20_000 });
    await readiness(server.url, 'ready');
    expect((await reserve(server.url, 'three', 10)).status).toBe(201);
    expect(await standing(server.url)).toMatchObject({ spent: 407, reserved: 10 });
    expect(server.said.filter((line) => /^not ready|^ready again/.test(line))).toEqual([
      expect.stringMatching(/^not ready, nothing is decided: nothing was committed/),
      'ready again: decisions are made',
    ]);
    expect(await server.end('SIGTERM')).toBe(0);
    expect(await finish(run(folder, ['verify']))).toMatchObject({ code: 0 });
  });
});
