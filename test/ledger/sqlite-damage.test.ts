/** What SQLite finds out while the ledger is in use, by a database that fails on command. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Core } from '../../src/ledger/sqlite/core.ts';
import { savedCopies } from '../../src/ledger/sqlite/whereabouts.ts';

let folder: string;
let path: string;
let failing: { on: string; errcode: number } | undefined;

class Fragile extends DatabaseSync {
  override exec(sql: string): void {
    if (failing && sql.startsWith(failing.on)) {
      throw Object.assign(new Error('as told'), { code: 'ERR_SQLITE_ERROR', errcode: failing.errcode });
    }
    super.exec(sql);
  }
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spendfuse-damage-'));
  path = join(folder, 'ledger.db');
  failing = undefined;
});
afterEach(() => rmSync(folder, { recursive: true }));

const NOTE = { id: 1, name: 'recordRevision', args: [{ hash: 'a', at: 1, by: 'x' }] } as const;
const note = (core: Core) => core.run([{ ...NOTE, args: [...NOTE.args] }]).replies[0]!;
const refusal = (message: string) => ({
  failure: { name: 'LedgerUnavailable', message: expect.stringContaining(message) },
});

test.each([
  { what: 'a damaged page (SQLITE_CORRUPT)', errcode: 11 },
  { what: 'a damaged index (SQLITE_CORRUPT_INDEX)', errcode: 11 | (3 << 8) },
  { what: 'no database any more (SQLITE_NOTADB)', errcode: 26 },
])('$what: nothing is decided any more, even when it does not show again', ({ errcode }) => {
  const core = new Core(Fragile, { path });
  failing = { on: 'COMMIT', errcode };
  expect(note(core)).toMatchObject(refusal('nothing was committed'));
  failing = undefined;
  expect(core.takeLost()).toMatchObject({ damaged: true });
  expect(core.takeLost()).toBeUndefined();
  expect(note(core)).toMatchObject(refusal(`ledger ${path}: it is`));
  core.close();
});

test.each([
  { what: 'a full disk (SQLITE_FULL)', errcode: 13 },
  { what: 'an input/output error (SQLITE_IOERR_WRITE)', errcode: 10 | (3 << 8) },
  { what: 'a read-only file system (SQLITE_READONLY)', errcode: 8 },
])('$what: it goes on by itself when that has passed', ({ errcode }) => {
  const core = new Core(Fragile, { path });
  failing = { on: 'COMMIT', errcode };
  expect(note(core)).toMatchObject(refusal('nothing was committed'));
  failing = undefined;
  expect(note(core)).toEqual({ id: 1, value: undefined });
  expect(core.takeLost()).toBeUndefined();
  core.close();
});

test('a file that went and cannot be saved yet is not given up, and is saved when it can be', () => {
  const core = new Core(Fragile, { path });
  note(core);
  rmSync(path);
  expect(note(core)).toMatchObject(refusal('it was deleted or moved away while the server ran'));
  failing = { on: 'PRAGMA wal_checkpoint', errcode: 13 };
  core.care();
  expect(core.takeLost()).toBeUndefined();
  expect(note(core)).toMatchObject(refusal('could not be saved yet: '));
  failing = undefined;
  core.care();
  expect(core.takeLost()).toMatchObject({ damaged: false });
  expect(savedCopies(path)).toEqual([`${path}.saved-1`]);
  core.close();

  expect(() => new Core(Fragile, { path })).toThrow(/it is missing; move .*saved-1.* back to its place/);
  renameSync(`${path}.saved-1`, path);
  const again = new Core(Fragile, { path, mustExist: true });
  expect(again.run([{ id: 1, name: 'revisions', args: [] }]).replies[0]).toMatchObject({ value: [{ hash: 'a' }] });
  again.close();
});

test('a file that must be there is not begun anew', () => {
  expect(() => new Core(Fragile, { path, mustExist: true })).toThrow(/it is missing; put it back, or a backup of it/);
});

test('the time is written once a day though nothing else is', () => {
  const DAY = 86_400_000;
  const latest = (core: Core) => core.run([{ id: 1, name: 'latestTime', args: [] }]).replies[0];
  const lose = (core: Core, now: number) => core.run([{ id: 1, name: 'lose', args: [{ expiredAt: now }, 'x', now] }]);
  const start = 1_000 * DAY;
  const core = new Core(Fragile, { path });
  lose(core, start);
  lose(core, start + DAY / 2);
  const copy = `${path}.copy`;
  core.close();
  renameSync(path, copy);
  const again = new Core(Fragile, { path: copy });
  expect(latest(again)).toMatchObject({ value: start });
  lose(again, start + 2 * DAY);
  again.close();
  const third = new Core(Fragile, { path: copy });
  expect(latest(third)).toMatchObject({ value: start + 2 * DAY });
  third.close();
});
