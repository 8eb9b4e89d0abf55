import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';
import {
  balanceOf,
  DECEMBER,
  demand,
  event,
  NOVEMBER,
  posting,
  reserve,
  reserveOne,
  settle,
  settleDrawn,
  settleOne,
  slice,
  split,
  T0,
} from '../conformance/fixtures.ts';

const HOUR = 3_600_000;
const folder = mkdtempSync(join(tmpdir(), 'spendfuse-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
let path = '';
beforeEach(() => {
  files += 1;
  path = join(folder, `${files}.db`);
});

async function withLedger<T>(use: (ledger: Ledger) => Promise<T>, more = {}): Promise<T> {
  const ledger = await openSqliteLedger({ path, ...more });
  try {
    return await use(ledger);
  } finally {
    await ledger.close();
  }
}

function withFile(use: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(path);
  use(db);
  db.close();
}

const failureOf = (opening: Promise<Ledger>) =>
  opening.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('after a restart', () => {
  test('holds, balances, events, revisions and time are as they were', async () => {
    const before = await withLedger(async (ledger) => {
      await reserveOne(ledger, reserve('held', [demand(10n, 100n)], { reply: 'kept' }));
      await reserveOne(ledger, reserve('lost', [demand(20n, 100n)]));
      await reserveOne(ledger, reserve('estimated', [demand(30n, 100n)]));
      await ledger.lose({ attemptIds: ['lost'] }, 'silent', T0);
      await settleOne(ledger, settle('estimated', 5n, { source: 'estimated', remainderNanoUsd: 4n }), T0 + 7);
      await ledger.recordEvents([event('e1')], T0);
      await ledger.recordRevision({ hash: 'r1', at: T0, by: 'start' });
      return everything(ledger);
    });
    expect(await withLedger(everything)).toEqual(before);
    expect(before.latest).toBe(T0 + 7);
    expect(before.accounts).toMatchObject([{ spentNanoUsd: 5n, heldNanoUsd: 10n, unresolvedNanoUsd: 24n }]);
  });

  test('slices, what was split off them, what is forgiven and what is closed are as they were, and go on', async () => {
    const before = await withLedger(async (ledger) => {
      await ledger.reserveMany([slice('s', 60n), slice('t', 20n), slice('gone', 5n)], T0);
      await reserveOne(ledger, reserve('soft', [demand(9n, 100n, { instance: 'soft|', expected: true })]));
      await ledger.closeSlices(
        [
          { slice: 's', drawnNanoUsd: 25n },
          { slice: 'gone', drawnNanoUsd: 0n },
        ],
        T0,
      );
      await ledger.splitMany([split('open', { s: 10n, t: 10n })], T0);
      await ledger.settleMany([settleDrawn('done', 7n, { s: 10n })], T0);
      await ledger.lose({ attemptIds: ['soft', 't'] }, 'silent', T0);
      await ledger.forgive(T0 + 1, T0 + 1);
      return everything(ledger);
    });
    await withLedger(async (ledger) => {
      expect(await everything(ledger)).toEqual(before);
      expect(await ledger.forgive(T0 + 1, T0 + 1)).toBe(0);
      await ledger.settleMany([settleDrawn('last', 5n, { s: 5n, t: 10n }), settle('open', 8n)], T0);
      expect((await ledger.openHolds()).map(({ attemptId }) => attemptId)).toEqual(['soft']);
      expect(await balanceOf(ledger)).toEqual([20n, 0n, 0n]);
    });
  });

  const everything = async (ledger: Ledger) => ({
    latest: await ledger.latestTime(),
    open: await ledger.openHolds(),
    accounts: await ledger.accounts(0),
    settlements: await ledger.settlements({ limit: 10 }),
    events: await ledger.events({ limit: 10 }),
    revisions: await ledger.revisions(),
    verified: await ledger.verify(),
  });

  test('replays and duplicates are answered, and the sequence goes on', async () => {
    const first = await withLedger(async (ledger) => {
      await reserveOne(ledger, reserve('held', [demand(10n, 100n)]));
      return settleOne(ledger, settle('a', 7n));
    });
    await withLedger(async (ledger) => {
      expect(await reserveOne(ledger, reserve('held', [demand(10n, 100n)]))).toMatchObject({ replayed: true });
      expect(await settleOne(ledger, settle('a', 7n))).toEqual({ ...first, outcome: 'duplicate' });
      expect(await settleOne(ledger, settle('b', 7n))).toMatchObject({ settlement: { seq: 2 } });
    });
  });

  test('a late settlement finds the account of a window that is over', async () => {
    await withLedger(async (ledger) => {
      await settleOne(ledger, settle('early', 5n));
      await reserveOne(ledger, reserve('late', [demand(10n, 100n)]));
      await settleOne(ledger, settle('next', 1n, { postings: [posting(1n, { window: DECEMBER })] }), DECEMBER.start);
    });
    await withLedger(async (ledger) => {
      await settleOne(ledger, settle('late', 7n), DECEMBER.start + 1);
      expect(await balanceOf(ledger)).toEqual([12n, 0n, 0n]);
      expect((await ledger.verify()).problems).toEqual([]);
    });
  });

  test('a rolling budget still counts its earlier sub-buckets', async () => {
    const bucket = (hour: number) => ({ start: T0 + hour * HOUR, end: T0 + (hour + 1) * HOUR });
    const account = (hour: number) => ({ instance: 'rolling|', window: bucket(hour), since: T0 + (hour - 3) * HOUR });
    await withLedger(async (ledger) => {
      await settleOne(ledger, settle('a', 60n, { postings: [posting(60n, account(0))] }), T0);
      await settleOne(ledger, settle('b', 30n, { postings: [posting(30n, account(2))] }), T0 + 2 * HOUR);
    });
    await withLedger(async (ledger) => {
      const now = T0 + 2 * HOUR + 1;
      const outcome = await reserveOne(ledger, reserve('c', [demand(11n, 100n, account(2))]), now);
      expect(outcome).toMatchObject({ outcome: 'exhausted', balance: { spentNanoUsd: 90n } });
    });
  });
});

describe('one file, one ledger', () => {
  const locked = () => ({
    name: 'LedgerLocked',
    reason: 'locked',
    message: expect.stringContaining(`ledger ${path}: another server holds it`),
  });

  test('a second ledger in the same process is refused, and the first goes on', async () => {
    await withLedger(async (ledger) => {
      expect(await failureOf(openSqliteLedger({ path }))).toMatchObject(locked());
      expect((await reserveOne(ledger, reserve('a', [demand(1n, 1n)]))).outcome).toBe('granted');
    });
  });

  test('a second process is refused, and the file is free when the first has ended', async () => {
    const script = fileURLToPath(new URL('./support/load.ts', import.meta.url));
    const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.stdout.resume();
    expect(await failureOf(openSqliteLedger({ path }))).toMatchObject(locked());
    child.kill('SIGKILL');
    await once(child, 'close');
    await withLedger(async (ledger) => expect((await ledger.verify()).problems).toEqual([]));
  });
});

describe('a file that cannot be trusted is refused with its reason', () => {
  const spoil = {
    'garbage where the header should be': () => writeFileSync(path, 'not a database, '.repeat(512)),
    'pages overwritten': () => {
      const bytes = readFileSync(path);
      bytes.fill(0xff, 4096 * 2, 4096 * 6);
      writeFileSync(path, bytes);
    },
    'the end cut off': () => truncateSync(path, 4096 * 5),
    'a database of another program': () => {
      rmSync(path);
      withFile((db) => db.exec('CREATE TABLE notes (text)'));
    },
    'a schema newer than this code': () => withFile((db) => db.exec('PRAGMA user_version = 99')),
    'a balance changed behind its back': () => withFile((db) => db.exec('UPDATE accounts SET spent = spent + 1')),
    'a hold freed behind its back': () => withFile((db) => db.exec('UPDATE accounts SET held = 0')),
  };

  test.each<{ spoiled: keyof typeof spoil; reason: string; says: string }>([
    {
      spoiled: 'garbage where the header should be',
      reason: 'foreign',
      says: 'it is not an SQLite database; give another --db file',
    },
    { spoiled: 'pages overwritten', reason: 'corrupt', says: 'it is damaged; restore it from a backup' },
    { spoiled: 'the end cut off', reason: 'corrupt', says: 'it is damaged; restore it from a backup' },
    {
      spoiled: 'a database of another program',
      reason: 'foreign',
      says: 'it is a database of another program; give another --db file',
    },
    {
      spoiled: 'a schema newer than this code',
      reason: 'newer',
      says: 'it was written by a newer spendfuse (schema 99, this one knows 2); upgrade',
    },
    {
      spoiled: 'a balance changed behind its back',
      reason: 'mismatch',
      says: 'accounts differ from the checkpoint at settlement 1',
    },
    {
      spoiled: 'a hold freed behind its back',
      reason: 'mismatch',
      says: 'its open holds say 10 held, 0 unresolved, which it has not',
    },
  ])('$spoiled: $reason', async ({ spoiled, reason, says }) => {
    await withLedger(async (ledger) => {
      await settleOne(ledger, settle('a', 7n));
      await reserveOne(ledger, reserve('b', [demand(10n, 100n)]));
    });
    spoil[spoiled]();
    const failure = await failureOf(openSqliteLedger({ path }));
    expect(failure).toMatchObject({
      name: 'LedgerOpenError',
      reason,
      message: expect.stringContaining(`ledger ${path}: `),
    });
    expect((failure as Error).message).toContain(says);
  });

  test.each([
    { what: 'the file', fileMode: 0o444, folderMode: 0o777 },
    { what: 'the folder', fileMode: 0o666, folderMode: 0o555 },
  ])('$what read-only: read_only', async ({ fileMode, folderMode }) => {
    const closed = join(folder, `closed-${fileMode}`);
    mkdirSync(closed);
    path = join(closed, 'ledger.db');
    await withLedger(async () => {});
    chmodSync(path, fileMode);
    chmodSync(closed, folderMode);
    chmodSync(folder, 0o755);
    const script = fileURLToPath(new URL('./support/open-unprivileged.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [script, path]);
    chmodSync(closed, 0o755);
    expect(stdout).toBe(
      `read_only: ledger ${path}: it is read-only; give this user write access to the file and its folder\n`,
    );
  });

  test('a missing folder: says so', async () => {
    const failure = await failureOf(openSqliteLedger({ path: join(folder, 'no', 'such.db') }));
    expect(failure).toMatchObject({
      reason: 'cannot_open',
      message: expect.stringContaining('check that its folder exists'),
    });
  });
});

test('a file of the first schema is migrated: its holds and remainders are as they were, and slices work', async () => {
  const first = new URL('../../src/ledger/migrations/0001-ledger.sql', import.meta.url);
  const rows = `
    INSERT INTO accounts VALUES (1, 'team-month|support', 'team-month', ${NOVEMBER.start}, ${NOVEMBER.end}, 7, 10, 3);
    INSERT INTO holds VALUES
      (1, 'held', 'session-1', 'd', 10, ${T0}, 'c', 'openai', 'gpt-4.1', '{"team":"support"}', NULL,
       '[["team-month","team-month|support",${NOVEMBER.start},${NOVEMBER.end},${NOVEMBER.start},"10","100"]]',
       '{"state":"held","expiresAt":${T0 + 1000}}', NULL, NULL, 1),
      (2, 'estimated', 'session-1', 'd', 10, ${T0}, 'c', 'openai', 'gpt-4.1', '{"team":"support"}', NULL,
       '[["team-month","team-month|support",${NOVEMBER.start},${NOVEMBER.end},${NOVEMBER.start},"10","100"]]',
       '{"state":"settled","costNanoUsd":"7","estimated":true}', 1, '{"remainderNanoUsd":"3","remainders":["3"]}', 1);
    INSERT INTO settlements VALUES (1, 'estimated', 'd', 'session-1', 'c', 'openai', 'gpt-4.1', '{}', ${T0}, ${T0}, 7, 0, 0,
      1, 0, 0, 1, 0, 0, 1, '{"usage":{},"source":"estimated","status":"ok","receipt":{"lines":[],"costNanoUsd":"7"}}');
    INSERT INTO postings VALUES (1, 1, 0, ${NOVEMBER.start}, 7);
    UPDATE clock SET latest = ${T0};`;
  withFile((db) => {
    db.exec(readFileSync(first, 'utf8'));
    db.exec(`${rows} PRAGMA application_id = 0x53704675; PRAGMA user_version = 1;`);
  });
  await withLedger(async (ledger) => {
    const open = await ledger.openHolds();
    expect(open).toMatchObject([
      { attemptId: 'held', demands: [demand(10n, 100n)], state: { state: 'held' } },
      { attemptId: 'estimated', remainderNanoUsd: 3n },
    ]);
    expect(open.every((hold) => !('slice' in hold) && !('forgivenAt' in hold))).toBe(true);
    await reserveOne(ledger, slice('s', 20n, {}, 100n));
    await settleOne(ledger, settle('held', 8n));
    await settleOne(ledger, settleDrawn('a', 5n, { s: 6n }));
    expect(await balanceOf(ledger)).toEqual([20n, 14n, 3n]);
    expect((await ledger.verify()).problems).toEqual([]);
  });
});

describe('balances that differ from their entries', () => {
  const unlike = async () => {
    await withLedger(async (ledger) => {
      await settleOne(ledger, settle('a', 7n));
      await reserveOne(ledger, reserve('b', [demand(10n, 100n)]));
    });
    withFile((db) => db.exec('UPDATE accounts SET spent = 1, held = 2, unresolved = 3'));
  };

  test('are named by verify, opened to report', async () => {
    await unlike();
    const { problems } = await withLedger((ledger) => ledger.verify(), { onMismatch: 'report' });
    const account = 'account team-month|support [2026-11-01T00:00:00.000Z, 2026-12-01T00:00:00.000Z)';
    expect(problems).toEqual([
      `${account}: spentNanoUsd is 1, its entries say 7`,
      `${account}: heldNanoUsd is 2, its entries say 10`,
      `${account}: unresolvedNanoUsd is 3, its entries say 0`,
      `${account}: decisions are made from a balance that its entries deny`,
    ]);
  });

  test('are made from entries again, opened to rebuild', async () => {
    await unlike();
    expect(await withLedger((ledger) => balanceOf(ledger), { onMismatch: 'rebuild' })).toEqual([7n, 10n, 0n]);
    expect(await withLedger((ledger) => ledger.verify())).toMatchObject({ problems: [] });
  });

  test.each([
    { damage: 'INSERT INTO postings VALUES (5, 1, 0, 0, 7)', says: 'postings name settlement 5, which does not exist' },
    { damage: 'INSERT INTO postings VALUES (1, 9, 1, 0, 7)', says: 'postings name account 9, which does not exist' },
    {
      damage: 'INSERT INTO backfills VALUES (1, 1, 9, 0, 7, 0)',
      says: 'postings name account 9, which does not exist',
    },
    { damage: "UPDATE holds SET open = 0 WHERE attempt_id = 'b'", says: 'hold b is {"state":"held"' },
    { damage: "UPDATE holds SET amount = 15 WHERE attempt_id = 's'", says: 'slice s was granted 20, but holds 15' },
    {
      damage: "UPDATE holds SET split = 1, freed = -1 WHERE attempt_id = 's'",
      says: 'slice s counts less than nothing',
    },
    {
      damage:
        "DROP TRIGGER holds_end_once; DROP TRIGGER holds_never_grow; UPDATE holds SET split = 0, amount = 5 WHERE attempt_id = 'ended'",
      says: 'slice ended has ended and still holds 5',
    },
    { damage: "UPDATE holds SET settlement = 1 WHERE attempt_id = 'b'", says: 'hold b is {"state":"held"' },
    {
      damage: 'DROP TRIGGER settlements_stay; DELETE FROM settlements WHERE seq = 1',
      says: 'settlements 1 to 3 are 2, not 3',
    },
    {
      damage: "DROP TRIGGER settlements_fixed; UPDATE settlements SET attempt_id = 'x' WHERE seq = 1",
      says: "settlement 1 of x is not the one of that attempt's hold",
    },
    { damage: "UPDATE holds SET settlement = 9 WHERE attempt_id = 'e'", says: 'hold e is {"state":"released"' },
    { damage: "UPDATE holds SET settlement = 1 WHERE attempt_id = 'e'", says: 'hold e is {"state":"released"' },
    { damage: "UPDATE holds SET settlement = 1 WHERE attempt_id = 's'", says: 'hold s is {"state":"held"' },
    {
      damage: "DROP TRIGGER settlements_fixed; UPDATE settlements SET overage = 0 WHERE attempt_id = 'late'",
      says: 'hold late is {"state":"released"',
    },
  ])('verify sees $damage', async ({ damage, says }) => {
    await withLedger(async (ledger) => {
      await ledger.settleMany([settle('a', 7n), settle('c', 7n)], T0);
      await reserveOne(ledger, reserve('b', [demand(10n, 100n)]));
      await ledger.reserveMany([slice('s', 20n), slice('ended', 5n)], T0);
      await ledger.splitMany([split('d', { ended: 5n })], T0);
      await ledger.closeSlices([{ slice: 'ended', drawnNanoUsd: 5n }], T0);
      await ledger.reserveMany([reserve('e', [demand(1n, 100n)]), reserve('late', [demand(1n, 100n)])], T0);
      await ledger.releaseMany(['e', 'late'], T0);
      await settleOne(ledger, settle('late', 3n));
    });
    withFile((db) => db.exec(damage));
    const { problems } = await withLedger((ledger) => ledger.verify(), { onMismatch: 'report' });
    expect(problems.join('\n')).toContain(says);
  });
});

describe('entries', () => {
  test.each([
    'UPDATE settlements SET cost = 0',
    'DELETE FROM settlements',
    'UPDATE postings SET amount = 0',
    'DELETE FROM postings',
    'UPDATE backfills SET amount = 0',
    'DELETE FROM backfills',
    "UPDATE events SET body = ''",
    'DELETE FROM events',
    'DELETE FROM holds',
    "UPDATE holds SET state = '' WHERE open = 0",
    "UPDATE holds SET settlement = 2 WHERE attempt_id = 'a'",
    "UPDATE holds SET settlement = NULL WHERE attempt_id = 'a'",
    "UPDATE holds SET settlement = 1, open = 1 WHERE attempt_id = 'closed'",
    "UPDATE holds SET settlement = 1, amount = 0 WHERE attempt_id = 'closed'",
    "UPDATE holds SET settlement = 1, reply = 'x' WHERE attempt_id = 'closed'",
    "UPDATE holds SET forgiven_at = 1 WHERE attempt_id = 'closed'",
    "UPDATE holds SET settlement = 1 WHERE attempt_id = 'ended'",
    'UPDATE holds SET amount = amount + 1 WHERE open = 1',
  ])('cannot be edited: %s', async (statement) => {
    await withLedger(async (ledger) => {
      await settleOne(ledger, settle('a', 7n));
      await ledger.backfill([{ ...posting(7n, { instance: 'new|' }), seq: 1 }], T0);
      await ledger.recordEvents([event('e1')], T0);
      await ledger.reserveMany([slice('s', 5n), slice('ended', 5n), reserve('closed', [demand(1n, 100n)])], T0);
      await ledger.releaseMany(['ended', 'closed'], T0);
    });
    withFile((db) => expect(() => db.exec(statement)).toThrow(/immutable|kept for good|ends once|never grows/));
  });
});

test('a slice that fifty attempts are split off in one commit is written once', async () => {
  await withLedger((ledger) => reserveOne(ledger, slice('s', 500n)));
  withFile((db) => {
    db.exec('CREATE TABLE writes (id TEXT)');
    db.exec('CREATE TRIGGER count_writes AFTER UPDATE ON holds BEGIN INSERT INTO writes VALUES (NEW.attempt_id); END');
  });
  await withLedger(async (ledger) => {
    const settlements = Array.from({ length: 50 }, (_, index) => settleDrawn(`a-${index}`, 7n, { s: 10n }));
    await Promise.all([
      ...settlements.map((request) => settleOne(ledger, request)),
      ledger.closeSlices([{ slice: 's', drawnNanoUsd: 500n }], T0),
    ]);
    expect(await balanceOf(ledger)).toEqual([350n, 0n, 0n]);
  });
  withFile((db) => expect(db.prepare('SELECT id FROM writes').all()).toEqual([{ id: 's' }]));
});

describe('when the disk is full', () => {
  test('the whole batch is refused, nothing of it happened, and reading goes on', async () => {
    const acknowledged: string[] = [];
    await withLedger(
      async (ledger) => {
        const failure = await fill(ledger, acknowledged);
        expect(failure).toMatchObject({
          name: 'LedgerUnavailable',
          message: expect.stringContaining('nothing was committed'),
        });
        expect((failure as Error).message).toContain('the disk is full; make room');
        expect(await ledger.holds(['too-much-0', 'too-much-1'])).toEqual([undefined, undefined]);
        expect(await balanceOf(ledger)).toEqual([0n, BigInt(acknowledged.length), 0n]);
        expect((await ledger.verify()).problems).toEqual([]);
      },
      { maxPages: 60 },
    );
    await withLedger(async (ledger) => {
      expect(await ledger.holds(acknowledged)).not.toContain(undefined);
      expect((await reserveOne(ledger, reserve('room again', [demand(1n, 10n ** 9n)]))).outcome).toBe('granted');
    });
  });

  test('an attempt that cannot be written is not split off its slice either', async () => {
    await withLedger(
      async (ledger) => {
        await reserveOne(ledger, slice('s', 500n));
        const before = await ledger.holds(['s']);
        const big = settleDrawn('a', 7n, { s: 10n }, { responseId: 'more than fits '.repeat(30_000) });
        await expect(settleOne(ledger, big)).rejects.toMatchObject({ name: 'LedgerUnavailable' });
        expect(await ledger.holds(['s', 'a'])).toEqual([...before, undefined]);
        expect((await ledger.verify()).problems).toEqual([]);
      },
      { maxPages: 60 },
    );
    await withLedger(async (ledger) => {
      await settleOne(ledger, settleDrawn('a', 7n, { s: 10n }));
      expect(await ledger.holds(['s'])).toMatchObject([{ amountNanoUsd: 490n, slice: { splitNanoUsd: 10n } }]);
    });
  });

  /** Reserves one by one until it fails, then once more two at a time; answers the failure. */
  async function fill(ledger: Ledger, acknowledged: string[]): Promise<unknown> {
    const big = { reply: 'x'.repeat(2000) };
    const request = (id: string) => reserve(id, [demand(1n, 10n ** 9n)], big);
    for (let count = 0; count < 1000; count += 1) {
      const id = `fits-${count}`;
      const outcome = await reserveOne(ledger, request(id)).catch(() => undefined);
      if (!outcome) break;
      acknowledged.push(id);
    }
    const both = [0, 1].map((n) => reserveOne(ledger, request(`too-much-${n}`)));
    const results = await Promise.allSettled(both);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    return (results[0] as PromiseRejectedResult).reason;
  }
});

test('long reads run between commits and see one consistent state', async () => {
  await withLedger(async (ledger) => {
    await ledger.settleMany(
      Array.from({ length: 12_000 }, (_, index) => settle(`before-${index}`, 1n)),
      T0,
    );
    const reads = Promise.all([ledger.verify(), ledger.usage({ from: 0, to: T0 + HOUR, groupBy: ['team'] })]);
    const writes = Array.from({ length: 50 }, (_, index) => settleOne(ledger, settle(`during-${index}`, 1n)));
    const [verified, [usage]] = await reads;
    await Promise.all(writes);
    expect(verified.problems).toEqual([]);
    expect(usage!.calls).toBeGreaterThanOrEqual(12_000);
    expect(usage!.costNanoUsd).toBe(BigInt(usage!.calls));
  });
});
