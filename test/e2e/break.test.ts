/** Servers that are killed, doubled and started wrongly: real processes on real files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CONFIG, finish, folderWith, openSession, reserve, run, serve, settle, standing } from './server.ts';

describe('a server killed in mid-load', () => {
  it('has everything that it acknowledged, and a reply that was lost is harmless to ask for again', async () => {
    const folder = folderWith({ 'budgets.yaml': CONFIG });
    const first = await serve(folder);
    await first.ready;
    await openSession(first.url);
    const held = new Set<string>();
    const settled = new Set<string>();
    const unanswered = new Set<string>();
    const worker = async (name: string) => {
      for (let call = 0; ; call++) {
        const id = `${name}-${call}`;
        try {
          unanswered.add(id);
          expect((await reserve(first.url, id, 10)).status).toBe(201);
          held.add(id);
          if (call % 5 === 0) continue;
          expect((await settle(first.url, id, 7)).status).toBe(200);
          settled.add(id);
        } catch (error) {
          if (error instanceof TypeError) return;
          throw error;
        } finally {
          if (settled.has(id) || (held.has(id) && call % 5 === 0)) unanswered.delete(id);
        }
        if (settled.size === 100) void first.end('SIGKILL');
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, index) => worker(`w${index}`)));

    const second = await serve(folder);
    await second.ready;
    await openSession(second.url);
    for (const id of unanswered) {
      const { status } = await settle(second.url, id, 7);
      if (status === 200) settled.add(id);
      else expect({ status, held: held.has(id) }).toEqual({ status: 404, held: false });
    }
    const open = [...held].filter((id) => !settled.has(id));
    expect(await standing(second.url)).toMatchObject({ spent: settled.size * 7, reserved: open.length * 10 });
    expect(await second.end('SIGTERM')).toBe(0);
    expect(await finish(run(folder, ['verify']))).toMatchObject({ code: 0 });
  });
});

describe('a second server on the same file', () => {
  it('stands by unready, and takes over with the config of today when the first is killed', async () => {
    const folder = folderWith({ 'budgets.yaml': CONFIG });
    const first = await serve(folder);
    await first.ready;
    await openSession(first.url);
    await reserve(first.url, 'one', 500);
    const second = await serve(folder);
    const readiness = await fetch(`${second.url}/readyz`);
    expect(readiness.status).toBe(503);
    expect((await openSession(second.url)).status).toBe(503);
    writeFileSync(join(folder, 'budgets.yaml'), CONFIG.replace('limit: 1000', 'limit: 2000'));
    expect(await first.end('SIGKILL')).toBe('SIGKILL');
    await second.ready;
    expect(await standing(second.url)).toEqual({ limit: 2_000_000_000, spent: 0, reserved: 500 });
    expect((await settle(second.url, 'one', 400)).status).toBe(200);
    expect(await second.end('SIGTERM')).toBe(0);
  });
});

describe('a server that cannot start says why in one line, with the mend, and exits with 1', () => {
  const TOKENS = `tokens: [{ name: a, role: client, secret_env: SPENDFUSE_TEST_TOKEN }]\n${CONFIG}`;
  const env = { SPENDFUSE_TEST_TOKEN: 'a-secret-of-enough-letters' };

  it.each<[why: string, args: string[], says: RegExp]>([
    ['the config is missing', ['-c', 'none.yaml'], /none\.yaml:1 there is no such file; check the path/],
    ['the config is broken', ['-c', 'broken.yaml'], /broken\.yaml:2 the indentation does not fit; align it/],
    ['the config is empty', ['-c', 'empty.yaml'], /empty\.yaml:1 the file is empty; write "budgets: \[\]"/],
    [
      'a secret is missing',
      ['-c', 'secret.yaml'],
      /token "b": the environment variable NOT_THERE is missing or empty; put/,
    ],
    ['it would stand open', ['--host', '0.0.0.0'], /refusing to listen on 0\.0\.0\.0 without tokens: .* Add tokens/],
    [
      'the address is not its own',
      ['-c', 'tokens.yaml', '--host', '192.0.2.1'],
      /cannot listen on 192\.0\.2\.1 .*choose another --host/,
    ],
    ['the database is a folder', ['--db', 'folder'], /ledger folder: it is a folder; name a file in it/],
    ['the folder of the database is missing', ['--db', 'no/l.db'], /ledger no\/l\.db: .*check that its folder exists/],
    [
      'the database is none',
      ['--db', 'broken.yaml'],
      /ledger broken\.yaml: it is not an SQLite database; give another --db/,
    ],
    ['the database would be forgotten', ['--db', ':memory:'], /name a file on a disk that lasts/],
    ['the port is no port', ['--port', '99999'], /a port is a number from 0 to 65535/],
    ['the flag is unknown', ['--nope'], /unknown option '--nope'/],
  ])('%s', async (_, args, says) => {
    const secret = TOKENS.replace('name: a', 'name: b').replace('SPENDFUSE_TEST_TOKEN', 'NOT_THERE');
    const files = {
      'budgets.yaml': CONFIG,
      'tokens.yaml': TOKENS,
      'secret.yaml': secret,
      'broken.yaml': 'budgets: [\n',
      'empty.yaml': '',
    };
    const folder = folderWith(files);
    mkdirSync(join(folder, 'folder'));
    const defaults = ['serve', '-c', 'budgets.yaml', '--port', '0'];
    const { code, stderr } = await finish(run(folder, [...defaults, ...args], env));
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
  });

  it('the port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const folder = folderWith({ 'budgets.yaml': CONFIG });
    const { code, stderr } = await finish(run(folder, ['serve', '-c', 'budgets.yaml', '--port', String(port)]));
    expect(stderr).toBe(
      `spendfuse: cannot listen on 127.0.0.1 port ${port}: another program listens there; stop it, or choose another --port\n`,
    );
    expect(code).toBe(1);
  });
});
