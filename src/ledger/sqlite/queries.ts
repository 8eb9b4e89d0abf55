/**
 * Reads over history, in slices: a generator yields between slices so that the worker commits reservations in between.
 * Settlements never change, so what is read up to the first slice's last sequence number is one consistent state.
 */
import type { UsageDimension } from '../../domain/attribution.ts';
import type { EpochMs } from '../../domain/time.ts';
import type { AccountBalance, Page, UsageGroup, UsageQuery, UsageRow } from '../ledger.ts';
import { UsageTotals } from '../totals.ts';
import type { Row, SqliteEntries } from './store.ts';

/** A few milliseconds of reading. */
const SLICE_ROWS = 5_000;

export interface SettlementRow {
  row: Row;
  postings: Row[];
}

export interface SettlementsQuery {
  from?: EpochMs;
  to?: EpochMs;
  after: number;
  limit: number;
}

export function settlementAt(entries: SqliteEntries, seq: number): SettlementRow {
  const row = entries.get('SELECT * FROM settlements WHERE seq = ?', seq)!;
  const postings = entries.all(
    `SELECT a.instance, a.budget, a.starts_at, a.ends_at, p.since, p.amount
     FROM postings p JOIN accounts a ON a.id = p.account
     WHERE p.settlement = ? ORDER BY p.position`,
    seq,
  );
  return { row, postings };
}

export function* readSettlements(
  entries: SqliteEntries,
  query: SettlementsQuery,
): Generator<void, Page<SettlementRow>> {
  const { from = 0, to = Number.MAX_SAFE_INTEGER, limit } = query;
  const last = entries.last('settlements');
  const found: number[] = [];
  for (let after = query.after; after < last && found.length <= limit; after += SLICE_ROWS) {
    const sql = `SELECT seq FROM settlements
                 WHERE seq > ? AND seq <= ? AND admitted_at >= ? AND admitted_at < ? ORDER BY seq LIMIT ?`;
    const rows = entries.all(sql, after, Math.min(after + SLICE_ROWS, last), from, to, limit + 1 - found.length);
    found.push(...rows.map((row) => Number(row.seq)));
    yield;
  }
  const items = found.slice(0, limit).map((seq) => settlementAt(entries, seq));
  return found.length > limit ? { items, next: String(found[limit - 1]) } : { items };
}

export function* readUsage(entries: SqliteEntries, { from, to, groupBy }: UsageQuery): Generator<void, UsageRow[]> {
  const last = entries.last('settlements');
  const totals = new UsageTotals();
  let [at, seq] = [from, 0];
  while (at < to) {
    const end = sliceEnd(entries, { at, seq, to });
    const rows = entries.all(sumsSql(groupBy), at, seq, end.at, end.seq, last);
    for (const row of rows) totals.add(groupFrom(row, groupBy), sumsFrom(row));
    [at, seq] = [end.at, end.seq];
    yield;
  }
  return totals.rows();
}

/** Where the slice that starts after (at, seq) ends, in order of admission. */
function sliceEnd(entries: SqliteEntries, { at, seq, to }: { at: EpochMs; seq: number; to: EpochMs }) {
  const sql = `SELECT admitted_at, seq FROM settlements
               WHERE (admitted_at, seq) > (?, ?) AND admitted_at < ?
               ORDER BY admitted_at, seq LIMIT 1 OFFSET ${SLICE_ROWS - 1}`;
  const row = entries.get(sql, at, seq, to);
  return row ? { at: Number(row.admitted_at), seq: Number(row.seq) } : { at: to, seq: 0 };
}

/** Columns of what was served; what was asked for is in the attribution. */
const COLUMNS: Readonly<Partial<Record<UsageDimension, string>>> = {
  served_provider: 'provider',
  served_model: 'model',
};

function sumsSql(groupBy: readonly UsageDimension[]): string {
  const groups = groupBy.map(
    (dimension, index) => `${COLUMNS[dimension] ?? `json_extract(attribution, '$.${dimension}')`} AS g${index}`,
  );
  const sums = `sum(cost) AS cost, count(*) AS calls, sum(input_tokens) AS input, sum(cached_read_tokens) AS cached_read,
    sum(cache_write_tokens) AS cache_write, sum(output_tokens) AS output, sum(reasoning_tokens) AS reasoning,
    sum(unpriced) AS unpriced, sum(estimated) AS estimated`;
  const by = groupBy.length > 0 ? `GROUP BY ${groupBy.map((_, index) => index + 1).join(', ')}` : 'HAVING count(*) > 0';
  return `SELECT ${[...groups, sums].join(', ')} FROM settlements
          WHERE (admitted_at, seq) > (?, ?) AND (admitted_at, seq) <= (?, ?) AND seq <= ? ${by}`;
}

function groupFrom(row: Row, groupBy: readonly UsageDimension[]): UsageGroup {
  const group: UsageGroup = {};
  for (const [index, dimension] of groupBy.entries()) {
    const value = row[`g${index}`];
    if (typeof value === 'string') group[dimension] = value;
  }
  return group;
}

function sumsFrom(row: Row) {
  return {
    costNanoUsd: (row.cost as bigint | null) ?? 0n,
    calls: Number(row.calls),
    inputTokens: Number(row.input),
    cachedReadTokens: Number(row.cached_read),
    cacheWriteTokens: Number(row.cache_write),
    outputTokens: Number(row.output),
    reasoningTokens: Number(row.reasoning),
    unpricedCalls: Number(row.unpriced),
    estimatedCalls: Number(row.estimated),
  };
}

export function readAccounts(entries: SqliteEntries, endingAfter: EpochMs): AccountBalance[] {
  return entries.all('SELECT * FROM accounts WHERE ends_at > ? ORDER BY id', endingAfter).map((row) => ({
    instance: row.instance as string,
    window: { start: Number(row.starts_at), end: Number(row.ends_at) },
    spentNanoUsd: row.spent as bigint,
    heldNanoUsd: row.held as bigint,
    unresolvedNanoUsd: row.unresolved as bigint,
  }));
}
