/**
 * Group commit. All calls that came while the last transaction ran are one transaction; replies leave after its COMMIT.
 * When anything in it fails, all of it is rolled back, every call is told so, and the book is loaded from disk anew
 * before the next batch: memory never knows more than the file.
 */
import type { DatabaseSync } from 'node:sqlite';
import { Book } from '../book.ts';
import { LedgerOpenError } from '../errors.ts';
import {
  checkBriefly,
  checkSinceCheckpoint,
  isCheckpointDue,
  rebuildBalances,
  writeCheckpoint,
} from './checkpoints.ts';
import { explain, isDamage } from './errors.ts';
import { type OpenOptions, openDatabase } from './open.ts';
import { Operations } from './operations.ts';
import { type Detail, type More, SqliteEntries } from './store.ts';
import { type Astray, secure, Whereabouts } from './whereabouts.ts';

export type OperationName = keyof Operations;
export interface Call {
  id: number;
  name: OperationName;
  args: unknown[];
}
export type Failure = { name: 'LedgerUnavailable' | 'RangeError'; message: string };
export type Reply = { id: number; value: unknown } | { id: number; failure: Failure };
/** Said once: this ledger decides nothing any more until it is opened again. */
export interface Lost {
  why: string;
  /** Its pages cannot be trusted. */
  damaged: boolean;
}
export type Job = { id: number; slices: Generator<void, unknown> };

export interface CoreOptions extends OpenOptions {
  /** When balances differ from their entries: refuse to open (default), rebuild them, or open all the same to verify. */
  onMismatch?: 'refuse' | 'rebuild' | 'report';
}

interface Loaded {
  entries: SqliteEntries;
  book: Book<Detail, More>;
  operations: Operations;
  savedLatest: number;
}

const COMMITS_BETWEEN_CARE = 64;
const SWEEP_INTERVAL_MS = 3_600_000;
/** Also of a ledger to which nothing is written, so that the time since its server went away can be told. */
const CLOCK_SAVED_AT_LEAST_MS = 86_400_000;

export class Core {
  readonly #options: CoreOptions;
  readonly #db: DatabaseSync;
  #loaded: Loaded | undefined;
  /** Why this ledger decides nothing any more until it is opened again. */
  #refusal: string | undefined;
  readonly #whereabouts: Whereabouts;
  #lost: Lost | undefined;
  #astray: Astray | undefined;
  #commits = 0;
  #sweptAt = 0;

  /** Errors: `LedgerOpenError` and SQLite's own. */
  constructor(Database: typeof DatabaseSync, options: CoreOptions) {
    this.#options = options;
    this.#db = openDatabase(Database, options);
    try {
      this.#greet();
      this.#loaded = this.#load();
      this.#whereabouts = new Whereabouts(options.path);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  #greet(): void {
    const entries = new SqliteEntries(this.#db);
    const problems = checkSinceCheckpoint(entries);
    if (problems.length === 0 || this.#options.onMismatch === 'report') return;
    if (this.#options.onMismatch === 'rebuild') {
      this.#transaction(() => rebuildBalances(entries));
      return;
    }
    const message = `ledger ${this.#options.path}: its balances differ from its entries; restore it from a backup, or stop the server and make them anew with spendfuse verify --rebuild (${problems.slice(0, 5).join('; ')})`;
    throw new LedgerOpenError('mismatch', message);
  }

  #load(): Loaded {
    const entries = new SqliteEntries(this.#db);
    const start = entries.start();
    const book = new Book<Detail, More>(entries, start);
    const loaded: Loaded = {
      entries,
      book,
      operations: new Operations(book, entries, () => flush(loaded)),
      savedLatest: start.latest,
    };
    return loaded;
  }

  /** One transaction. Long reads come back as jobs, to be run in slices once their batch is committed. */
  run(calls: readonly Call[]): { replies: Reply[]; jobs: Job[] } {
    if (this.#refusal !== undefined) return { replies: refuse(calls, this.#refusal), jobs: [] };
    if (this.#isAstray()) return { replies: refuse(calls, this.#refusal ?? ''), jobs: [] };
    try {
      const loaded = this.#recovered();
      const done = this.#transaction(() => {
        const outcome = perform(loaded.operations, calls);
        flush(loaded);
        return outcome;
      });
      loaded.savedLatest = loaded.book.latest;
      // Committed to a file that nobody will read: not acknowledged, and what comes of it is found when it is asked for again.
      return this.#isAstray() ? { replies: refuse(calls, this.#refusal ?? ''), jobs: [] } : done;
    } catch (error) {
      this.#loaded = undefined;
      if (isDamage(error)) this.#lose(explain(error, this.#options.path), true);
      return { replies: refuse(calls, `nothing was committed: ${explain(error, this.#options.path)}`), jobs: [] };
    }
  }

  #isAstray(): boolean {
    this.#astray = this.#whereabouts.look();
    if (this.#astray) this.#refusal = `${this.#astray.says}; nothing is decided until it is back`;
    return this.#astray !== undefined;
  }

  #lose(why: string, damaged: boolean): void {
    this.#refusal = why;
    this.#lost = { why, damaged };
  }

  /** Once, when it must be opened again. */
  takeLost(): Lost | undefined {
    const lost = this.#lost;
    this.#lost = undefined;
    return lost;
  }

  /** Nothing is given up before everything that was acknowledged is in a file with a name. */
  #secure(astray: Astray): void {
    try {
      const saved = secure(this.#db, this.#options.path, astray);
      const mend =
        saved === undefined ? 'it is opened again' : `move ${saved}, which was saved from it, back to its place`;
      this.#lose(`${astray.says}; ${mend}`, false);
      this.#astray = undefined;
    } catch (error) {
      const why = explain(error, this.#options.path);
      this.#refusal = `${astray.says}, and what it held could not be saved yet: ${why}; do not stop this server`;
    }
  }

  #recovered(): Loaded {
    if (this.#loaded) return this.#loaded;
    try {
      this.#loaded = this.#load();
      return this.#loaded;
    } catch (error) {
      // What cannot even be read any more is opened again from outside, with all the checks of a start.
      this.#lose(explain(error, this.#options.path), isDamage(error));
      throw error;
    }
  }

  #transaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      rollBackQuietly(this.#db);
      throw error;
    }
  }

  /** Between batches: a checkpoint when one is due, and memory given back once an hour of ledger time. */
  care(): void {
    this.#commits += 1;
    if (this.#astray) this.#secure(this.#astray);
    if (!this.#loaded || this.#refusal !== undefined || this.#commits % COMMITS_BETWEEN_CARE !== 0) return;
    const { entries, book } = this.#loaded;
    if (book.latest - this.#sweptAt >= SWEEP_INTERVAL_MS) {
      book.balances.sweep(book.latest);
      this.#sweptAt = book.latest;
    }
    try {
      if (isCheckpointDue(entries)) this.#checkpoint(entries, checkBriefly(entries, book.openHolds));
    } catch (error) {
      this.#loaded = undefined;
      if (error instanceof LedgerOpenError) this.#lose(error.message, false);
      else if (isDamage(error)) this.#lose(explain(error, this.#options.path), true);
    }
  }

  #checkpoint(entries: SqliteEntries, problems: readonly string[]): void {
    if (problems.length > 0) {
      const message = `ledger ${this.#options.path}: its balances differ from its entries; restore it from a backup, or stop the server and make them anew with spendfuse verify --rebuild (${problems[0]})`;
      throw new LedgerOpenError('mismatch', message);
    }
    this.#transaction(() => writeCheckpoint(entries));
  }

  close(): void {
    try {
      if (this.#astray) this.#secure(this.#astray);
      if (this.#loaded && this.#refusal === undefined) {
        const { entries } = this.#loaded;
        this.#checkpoint(entries, checkSinceCheckpoint(entries));
      }
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // What is committed stays committed; opening checks again and says what is wrong.
    } finally {
      this.#loaded = undefined;
      this.#refusal = 'the ledger is closed';
      closeQuietly(this.#db);
    }
  }
}

/** Writes balances, slices and time into the running transaction. A batch that wrote nothing leaves the file alone. */
function flush({ entries, book, savedLatest }: Loaded): void {
  for (const account of book.balances.takeChanged()) entries.saveAccount(account);
  for (const slice of book.takeChangedSlices()) entries.saveSlice(slice);
  const isOld = book.latest - savedLatest >= CLOCK_SAVED_AT_LEAST_MS;
  if ((entries.takeWritten() || isOld) && book.latest > savedLatest) entries.saveClock(book.latest);
  entries.takeWritten();
}

function perform(operations: Operations, calls: readonly Call[]): { replies: Reply[]; jobs: Job[] } {
  const replies: Reply[] = [];
  const jobs: Job[] = [];
  for (const { id, name, args } of calls) {
    try {
      const value = (operations[name] as (...args: unknown[]) => unknown).apply(operations, args);
      if (isGenerator(value)) jobs.push({ id, slices: value });
      else replies.push({ id, value });
    } catch (error) {
      // The book throws a RangeError before it has changed anything; all else fails the batch.
      if (!(error instanceof RangeError) || 'code' in error) throw error;
      replies.push({ id, failure: { name: 'RangeError', message: error.message } });
    }
  }
  return { replies, jobs };
}

function isGenerator(value: unknown): value is Generator<void, unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value && 'next' in value;
}

function refuse(calls: readonly Call[], message: string): Reply[] {
  return calls.map(({ id }) => ({ id, failure: { name: 'LedgerUnavailable', message } }));
}

function rollBackQuietly(db: DatabaseSync): void {
  try {
    db.exec('ROLLBACK');
  } catch {
    // SQLite has rolled back by itself (disk full, input/output error).
  }
}

function closeQuietly(db: DatabaseSync): void {
  try {
    db.close();
  } catch {
    // Closed already.
  }
}
