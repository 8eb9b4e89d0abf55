/** The entries of a book in SQLite's tables. Runs inside the transaction that the committer has begun. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EpochMs } from '../../domain/time.ts';
import type { BookStart } from '../book.ts';
import { decodeDemands, decodeRemainder, decodeState, encodeDemands, encodeRemainder, encodeState } from '../codec.ts';
import type { AttemptDetail } from '../convert.ts';
import type { Account, Booking, Entries, Hold, SettleOp } from '../entries.ts';
import { isLive, isOpen } from '../holds.ts';
import type { AccountDemand, Posting, SliceState } from '../ledger.ts';
import type { UsageSums } from '../totals.ts';
import { readInteger } from './open.ts';

/** Attribution stays JSON text in the worker: the caller's thread writes it and reads it. */
export type Detail = AttemptDetail<string>;
export interface More {
  body: string;
  sums: UsageSums;
}

export type Row = Record<string, string | bigint | null>;

export class SqliteEntries implements Entries<Detail, More> {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #demandTexts = new WeakMap<readonly AccountDemand[], string>();
  /** Whether anything was written since `takeWritten`. */
  #written = false;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** What a book starts from: the projection of live windows and the open holds, however long the history. */
  start(): BookStart<Detail> {
    const latest = readInteger(this.#db, 'SELECT latest FROM clock');
    return {
      latest,
      seq: this.last('settlements'),
      open: this.openHolds(),
      accounts: this.all('SELECT * FROM accounts WHERE ends_at > ?', latest).map(accountOf),
      accountsAfter: latest,
      lastAccountId: this.last('accounts'),
    };
  }

  openHolds(): Hold<Detail>[] {
    return this.all('SELECT * FROM holds WHERE open = 1 ORDER BY id').map(holdOf);
  }

  hold(attemptId: string): Hold<Detail> | undefined {
    const row = this.get('SELECT * FROM holds WHERE attempt_id = ?', attemptId);
    return row && holdOf(row);
  }

  /** Demands from their text, which is kept so that writing them down need not make it again. */
  readDemands(text: string): AccountDemand[] {
    const demands = decodeDemands(text);
    this.#demandTexts.set(demands, text);
    return demands;
  }

  addHold(hold: Hold<Detail>): void {
    const { attemptId, session, digest, amountNanoUsd, admittedAt, demands, state, seq, detail, slice } = hold;
    this.run(
      'INSERT INTO holds VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      attemptId,
      session,
      digest,
      amountNanoUsd,
      admittedAt,
      detail.callId,
      detail.provider,
      detail.model,
      detail.attribution,
      detail.reply ?? null,
      this.#demandTexts.get(demands) ?? encodeDemands(demands),
      encodeState(state),
      seq ?? null,
      encodeRemainder(hold),
      isOpen(hold) ? 1 : 0,
      slice?.validUntil ?? null,
      slice?.grantedNanoUsd ?? null,
      slice?.splitNanoUsd ?? null,
      slice?.freedNanoUsd ?? null,
      slice?.drawnNanoUsd ?? null,
      hold.forgivenAt ?? null,
    );
  }

  changeHold(hold: Hold<Detail>): void {
    this.run(
      'UPDATE holds SET state = ?, settlement = ?, remainder = ?, forgiven_at = ?, open = ? WHERE attempt_id = ?',
      encodeState(hold.state),
      hold.seq ?? null,
      encodeRemainder(hold),
      hold.forgivenAt ?? null,
      isOpen(hold) ? 1 : 0,
      hold.attemptId,
    );
  }

  /** Its demand stays as granted in the row; `amount` says what is left. */
  saveSlice(hold: Hold<Detail>): void {
    const { amountNanoUsd, slice, state, attemptId } = hold;
    this.run(
      'UPDATE holds SET amount = ?, split = ?, freed = ?, drawn = ?, state = ?, open = ? WHERE attempt_id = ?',
      amountNanoUsd,
      slice!.splitNanoUsd,
      slice!.freedNanoUsd,
      slice!.drawnNanoUsd ?? null,
      encodeState(state),
      isLive(hold) ? 1 : 0,
      attemptId,
    );
  }

  changeDemands(hold: Hold<Detail>): void {
    const { demands, attemptId } = hold;
    const change = 'UPDATE holds SET demands = ?, remainder = ? WHERE attempt_id = ?';
    this.run(change, encodeDemands(demands), encodeRemainder(hold), attemptId);
  }

  digestOf(seq: number): string | undefined {
    return this.get('SELECT digest FROM settlements WHERE seq = ?', seq)?.digest as string | undefined;
  }

  addSettlement(op: SettleOp<Detail, More>, booking: Booking): void {
    const { detail, more } = op;
    const { sums } = more;
    this.run(
      'INSERT INTO settlements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      booking.seq,
      op.attemptId,
      op.digest,
      op.session,
      detail.callId,
      detail.provider,
      detail.model,
      detail.attribution,
      booking.admittedAt,
      booking.bookedAt,
      op.costNanoUsd,
      booking.overageNanoUsd,
      booking.unknownHold ? 1 : 0,
      sums.inputTokens,
      sums.cachedReadTokens,
      sums.cacheWriteTokens,
      sums.outputTokens,
      sums.reasoningTokens,
      sums.unpricedCalls,
      sums.estimatedCalls,
      more.body,
    );
  }

  addPosting(seq: number, account: Account, { since, amountNanoUsd }: Posting, position: number): void {
    this.run('INSERT INTO postings VALUES (?, ?, ?, ?, ?)', seq, account.id, position, since, amountNanoUsd);
  }

  addBackfill(seq: number, account: Account, { since, amountNanoUsd }: Posting, at: EpochMs): void {
    this.run('INSERT INTO backfills VALUES (NULL, ?, ?, ?, ?, ?)', seq, account.id, since, amountNanoUsd, at);
  }

  isPosted(seq: number, account: Account): boolean {
    return ['postings', 'backfills'].some((table) => {
      return this.get(`SELECT 1 FROM ${table} WHERE settlement = ? AND account = ?`, seq, account.id) !== undefined;
    });
  }

  accounts(instance: string, after: EpochMs, upTo: EpochMs): Account[] {
    const sql = 'SELECT * FROM accounts WHERE instance = ? AND ends_at > ? AND ends_at <= ?';
    return this.all(sql, instance, after, upTo).map(accountOf);
  }

  /** Most exist: an update needs neither their names nor a look into the index of names. */
  saveAccount(account: Account): void {
    const { id, spentNanoUsd, heldNanoUsd, unresolvedNanoUsd } = account;
    const update = 'UPDATE accounts SET spent = ?, held = ?, unresolved = ? WHERE id = ?';
    if (this.run(update, spentNanoUsd, heldNanoUsd, unresolvedNanoUsd, id) > 0) return;
    this.run(
      'INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      id,
      account.instance,
      account.budget,
      account.start,
      account.end,
      spentNanoUsd,
      heldNanoUsd,
      unresolvedNanoUsd,
    );
  }

  /** The highest id in a table that only grows; 0 when it is empty. */
  last(table: 'settlements' | 'holds' | 'accounts' | 'backfills'): number {
    const column = table === 'settlements' ? 'seq' : 'id';
    return Number(this.get(`SELECT max(${column}) AS last FROM ${table}`)?.last ?? 0);
  }

  saveClock(latest: EpochMs): void {
    this.run('UPDATE clock SET latest = ?', latest);
  }

  takeWritten(): boolean {
    const written = this.#written;
    this.#written = false;
    return written;
  }

  get(sql: string, ...values: (string | number | bigint)[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  all(sql: string, ...values: (string | number | bigint)[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /** Answers how many rows changed. */
  run(sql: string, ...values: (string | number | bigint | null)[]): number {
    this.#written = true;
    return Number(this.#statement(sql).run(...values).changes);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      statement.setReadBigInts(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

export function accountOf(row: Row): Account {
  return {
    id: Number(row.id),
    instance: row.instance as string,
    budget: row.budget as string,
    start: Number(row.starts_at),
    end: Number(row.ends_at),
    spentNanoUsd: row.spent as bigint,
    heldNanoUsd: row.held as bigint,
    unresolvedNanoUsd: row.unresolved as bigint,
  };
}

export function holdOf(row: Row): Hold<Detail> {
  const detail: Detail = {
    callId: row.call_id as string,
    provider: row.provider as string,
    model: row.model as string,
    attribution: row.attribution as string,
  };
  if (row.reply !== null) detail.reply = row.reply as string;
  const hold: Hold<Detail> = {
    attemptId: row.attempt_id as string,
    session: row.session as string,
    digest: row.digest as string,
    amountNanoUsd: row.amount as bigint,
    admittedAt: Number(row.admitted_at),
    demands: decodeDemands(row.demands as string),
    state: decodeState(row.state as string),
    ...decodeRemainder(row.remainder as string | null),
    detail,
  };
  if (row.settlement !== null) hold.seq = Number(row.settlement);
  if (row.forgiven_at !== null) hold.forgivenAt = Number(row.forgiven_at);
  return row.granted === null ? hold : sliceOf(row, hold);
}

function sliceOf(row: Row, hold: Hold<Detail>): Hold<Detail> {
  const slice: SliceState = {
    validUntil: Number(row.valid_until),
    grantedNanoUsd: row.granted as bigint,
    splitNanoUsd: row.split as bigint,
    freedNanoUsd: row.freed as bigint,
  };
  if (row.drawn !== null) slice.drawnNanoUsd = row.drawn as bigint;
  const demands = hold.demands.map((demand) => ({ ...demand, amountNanoUsd: hold.amountNanoUsd }));
  return { ...hold, demands, slice };
}
