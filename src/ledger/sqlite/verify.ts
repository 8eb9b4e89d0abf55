/**
 * The full check: every balance from its entries. It reads entries in slices while the ledger goes on working, catches
 * up with what was written meanwhile (entries are only ever added), and compares in one last step without a pause.
 */
import type { Book } from '../book.ts';
import type { VerifyReport } from '../ledger.ts';
import { describeAccount, Recount } from '../recount.ts';
import { sliceProblem } from '../slices.ts';
import { accountOf, type Detail, holdOf, type More, type SqliteEntries } from './store.ts';

const SLICE_ROWS = 10_000;
const SHOWN_PROBLEMS = 100;

export function* verifyEntries(entries: SqliteEntries, book: Book<Detail, More>): Generator<void, VerifyReport> {
  const recount = new Recount();
  const problems: string[] = [];
  const slices = [
    {
      table: 'settlements',
      check: (...range: Range) => [...settlementProblems(...range), ...postings(recount, ...range)],
    },
    { table: 'holds', check: (...range: Range) => [...holdProblems(...range), ...sliceProblems(...range)] },
    { table: 'backfills', check: (...range: Range) => backfills(recount, ...range) },
  ] as const;
  const done = { settlements: 0, holds: 0, backfills: 0 };
  let behind = true;
  while (behind) {
    behind = false;
    for (const { table, check } of slices) {
      const last = entries.last(table);
      if (done[table] >= last) continue;
      const upTo = Math.min(done[table] + SLICE_ROWS, last);
      problems.push(...check(entries, done[table], upTo));
      done[table] = upTo;
      behind = true;
      yield;
    }
  }
  problems.push(...orphans(entries), ...balanceProblems(entries, book, recount));
  return { ...counts(entries), problems: problems.slice(0, SHOWN_PROBLEMS) };
}

type Range = [entries: SqliteEntries, after: number, upTo: number];

/** Sequence numbers are dense, and each settlement ended exactly its own hold, or came after its end. */
function settlementProblems(entries: SqliteEntries, after: number, upTo: number): string[] {
  const count = Number(entries.get('SELECT count(*) AS n FROM settlements WHERE seq > ? AND seq <= ?', after, upTo)?.n);
  const gaps = count === upTo - after ? [] : [`settlements ${after + 1} to ${upTo} are ${count}, not ${upTo - after}`];
  const strays = entries.all(
    `SELECT s.seq, s.attempt_id FROM settlements s LEFT JOIN holds h ON h.attempt_id = s.attempt_id
     WHERE s.seq > ? AND s.seq <= ? AND h.settlement IS NOT s.seq`,
    after,
    upTo,
  );
  return [
    ...gaps,
    ...strays.map((row) => `settlement ${row.seq} of ${row.attempt_id} is not the one of that attempt's hold`),
  ];
}

/**
 * What is settled has a settlement; what was released or written off may have one, all of it above what was set aside; what
 * has not ended, and a slice, has none.
 */
function holdProblems(entries: SqliteEntries, after: number, upTo: number): string[] {
  const strays = entries.all(
    `SELECT h.attempt_id, h.state FROM holds h LEFT JOIN settlements s ON s.seq = h.settlement
     WHERE h.id > ? AND h.id <= ? AND (
       h.settlement IS NOT s.seq
       OR (json_extract(h.state, '$.state') = 'settled' AND s.seq IS NULL)
       OR (s.seq IS NOT NULL AND (json_extract(h.state, '$.state') IN ('held', 'unresolved') OR h.granted IS NOT NULL))
       OR (json_extract(h.state, '$.state') IN ('released', 'written_off') AND s.overage <> s.cost)
       OR h.open <> (json_extract(h.state, '$.state') IN ('held', 'unresolved')
                     OR coalesce(json_extract(h.remainder, '$.remainderNanoUsd'), '0') <> '0'))`,
    after,
    upTo,
  );
  return strays.map((row) => `hold ${row.attempt_id} is ${row.state}, which its settlement or its openness denies`);
}

/** What was granted is held, was given to attempts or given back. */
function sliceProblems(entries: SqliteEntries, after: number, upTo: number): string[] {
  const rows = entries.all('SELECT * FROM holds WHERE id > ? AND id <= ? AND granted IS NOT NULL', after, upTo);
  return rows.map((row) => sliceProblem(holdOf(row))).filter((problem) => problem !== undefined);
}

function postings(recount: Recount, entries: SqliteEntries, after: number, upTo: number): string[] {
  const where = 'WHERE settlement > ? AND settlement <= ?';
  const sums = entries.all(
    `SELECT account, sum(amount) AS amount FROM postings ${where} GROUP BY account`,
    after,
    upTo,
  );
  for (const row of sums) recount.addSpent(Number(row.account), row.amount as bigint);
  return [];
}

function backfills(recount: Recount, entries: SqliteEntries, after: number, upTo: number): string[] {
  const where = 'WHERE id > ? AND id <= ?';
  const sums = entries.all(
    `SELECT account, sum(amount) AS amount FROM backfills ${where} GROUP BY account`,
    after,
    upTo,
  );
  for (const row of sums) recount.addSpent(Number(row.account), row.amount as bigint);
  return [];
}

/** Postings of settlements that were never booked: their sums are in no slice, so they show only by their number. */
function orphans(entries: SqliteEntries): string[] {
  const last = entries.last('settlements');
  return ['postings', 'backfills'].flatMap((table) => {
    const row = entries.get(`SELECT max(settlement) AS highest, min(settlement) AS lowest FROM ${table}`);
    const strays = [row?.highest, row?.lowest].filter((seq) => seq != null && (Number(seq) > last || Number(seq) < 1));
    return strays.map((seq) => `${table} name settlement ${seq}, which does not exist`);
  });
}

function balanceProblems(entries: SqliteEntries, book: Book<Detail, More>, recount: Recount): string[] {
  const open = entries.openHolds();
  for (const hold of open) recount.addHold(hold);
  const problems = recount.compare(entries.all('SELECT * FROM accounts').map(accountOf));
  for (const { attemptId, amountNanoUsd, slice } of open) {
    if (slice && book.hold(attemptId)?.amountNanoUsd !== amountNanoUsd) {
      problems.push(`slice ${attemptId}: attempts are split off an amount that its entry denies`);
    }
  }
  for (const account of book.balances.all()) {
    const { spentNanoUsd, heldNanoUsd, unresolvedNanoUsd } = recount.of(account);
    if (
      account.spentNanoUsd !== spentNanoUsd ||
      account.heldNanoUsd !== heldNanoUsd ||
      account.unresolvedNanoUsd !== unresolvedNanoUsd
    ) {
      problems.push(
        `account ${describeAccount(account.instance, account)}: decisions are made from a balance that its entries deny`,
      );
    }
  }
  return problems;
}

function counts(entries: SqliteEntries): Omit<VerifyReport, 'problems'> {
  return {
    settlements: entries.last('settlements'),
    holds: entries.last('holds'),
    accounts: Number(entries.get('SELECT count(*) AS n FROM accounts')?.n),
  };
}
