/**
 * Verified checkpoints. A checkpoint says that at one settlement the accounts of live windows had the spent amounts of a
 * digest. Taking off today's accounts what was posted since must give that digest again: checked when the ledger opens,
 * before each new checkpoint and on closing, at a cost of the live accounts and the postings since, not of all history.
 * What open holds hold is compared in full, for they are few; where they are not, only on opening and closing.
 */
import { createHash } from 'node:crypto';
import { Recount } from '../recount.ts';
import { accountOf, type SqliteEntries } from './store.ts';

/**
 * Settlements between checkpoints, at the least; with many accounts more, so that the work stays in proportion. Few, because
 * nothing is committed meanwhile: each thousand takes some milliseconds.
 */
const MIN_SETTLEMENTS = 2_000;
/** Open holds that are read in some ten milliseconds. */
const FEW_HOLDS = 2_000;

interface Checkpoint {
  at: number;
  settlement: number;
  backfill: number;
  account: number;
  digest: string;
}

const GENESIS: Checkpoint = {
  at: 0,
  settlement: 0,
  backfill: 0,
  account: 0,
  digest: createHash('sha256').digest('hex'),
};

function newest(entries: SqliteEntries): Checkpoint {
  const row = entries.get('SELECT * FROM checkpoints ORDER BY id DESC LIMIT 1');
  if (!row) return GENESIS;
  return {
    at: Number(row.at),
    settlement: Number(row.last_settlement),
    backfill: Number(row.last_backfill),
    account: Number(row.last_account),
    digest: row.digest as string,
  };
}

export function isCheckpointDue(entries: SqliteEntries): boolean {
  const since = entries.last('settlements') - newest(entries).settlement;
  return since >= MIN_SETTLEMENTS && since >= entries.last('accounts');
}

/** What differs between the accounts and the entries since the newest checkpoint. Empty: nothing does. */
export function checkSinceCheckpoint(entries: SqliteEntries): string[] {
  return [...heldDifferences(entries), ...spentDifferences(entries)];
}

/** The same while calls wait for it. */
export function checkBriefly(entries: SqliteEntries, openHolds: number): string[] {
  return openHolds > FEW_HOLDS ? spentDifferences(entries) : checkSinceCheckpoint(entries);
}

function spentDifferences(entries: SqliteEntries): string[] {
  const from = newest(entries);
  const rows = entries.all('SELECT id, instance, spent FROM accounts WHERE ends_at > ? ORDER BY id', from.at);
  const posted = postedSince(entries, from);
  const problems: string[] = [];
  const digest = createHash('sha256');
  for (const row of rows) {
    const before = (row.spent as bigint) - (posted.get(Number(row.id)) ?? 0n);
    if (Number(row.id) <= from.account) digest.update(`${row.id} ${before}\n`);
    else if (before !== 0n) {
      problems.push(
        `account ${row.instance}: spent ${row.spent}, its postings say ${posted.get(Number(row.id)) ?? 0n}`,
      );
    }
  }
  if (digest.digest('hex') !== from.digest) {
    problems.push(`accounts differ from the checkpoint at settlement ${from.settlement} and the postings since`);
  }
  return problems;
}

function postedSince(entries: SqliteEntries, from: Checkpoint): Map<number, bigint> {
  const rows = entries.all(
    `SELECT account, sum(amount) AS amount FROM (
       SELECT account, amount FROM postings WHERE settlement > ?
       UNION ALL SELECT account, amount FROM backfills WHERE id > ?
     ) GROUP BY account`,
    from.settlement,
    from.backfill,
  );
  return new Map(rows.map((row) => [Number(row.account), row.amount as bigint]));
}

function heldDifferences(entries: SqliteEntries): string[] {
  const recount = new Recount();
  for (const hold of entries.openHolds()) recount.addHold(hold);
  return recount.compareHeld(entries.all('SELECT * FROM accounts WHERE held <> 0 OR unresolved <> 0').map(accountOf));
}

export function writeCheckpoint(entries: SqliteEntries): void {
  const at = Number(entries.get('SELECT latest FROM clock')?.latest);
  const digest = createHash('sha256');
  for (const row of entries.all('SELECT id, spent FROM accounts WHERE ends_at > ? ORDER BY id', at)) {
    digest.update(`${row.id} ${row.spent}\n`);
  }
  entries.run(
    'INSERT INTO checkpoints VALUES (NULL, ?, ?, ?, ?, ?)',
    at,
    entries.last('settlements'),
    entries.last('backfills'),
    entries.last('accounts'),
    digest.digest('hex'),
  );
}

/** Makes the projection anew from postings and open holds, and marks it with a checkpoint. */
export function rebuildBalances(entries: SqliteEntries): void {
  const recount = new Recount();
  for (const [account, amount] of postedSince(entries, GENESIS)) recount.addSpent(account, amount);
  for (const hold of entries.openHolds()) recount.addHold(hold);
  for (const account of entries.all('SELECT * FROM accounts').map(accountOf)) {
    entries.saveAccount({ ...account, ...recount.of(account) });
  }
  writeCheckpoint(entries);
}
