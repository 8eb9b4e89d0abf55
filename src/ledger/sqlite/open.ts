import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { LedgerOpenError } from '../errors.ts';
import { savedCopies } from './whereabouts.ts';

/** "SpFu" in SQLite's header: tells our files from those of other programs. */
const APPLICATION_ID = 0x53704675;
/** Below this many pages (64 MB) the whole file is checked on opening, above it only what decisions rest on. */
const FULL_CHECK_PAGES = 16_384;
const PROJECTION_TABLES = ['clock', 'accounts', 'checkpoints'];

export interface OpenOptions {
  path: string;
  /** Upper bound of the file in pages of 4 KB; SQLite's own when absent. */
  maxPages?: number;
  /** A missing file is an error and not a new ledger: for one that was open before. */
  mustExist?: boolean;
  /** Checks every page of every table, however large the file: for one that was found damaged before. */
  checkAll?: boolean;
}

/** Opens, locks, checks and migrates. Errors: SQLite's own and `LedgerOpenError`; the file is closed again then. */
export function openDatabase(Database: typeof DatabaseSync, options: OpenOptions): DatabaseSync {
  checkThere(options);
  checkWritable(options.path);
  const db = new Database(options.path, { enableForeignKeyConstraints: false });
  try {
    // Before the first access, so that the lock covers it and the WAL index stays out of shared memory.
    db.exec('PRAGMA locking_mode = EXCLUSIVE');
    checkOurs(db, options.path);
    db.exec('PRAGMA journal_mode = WAL');
    db.exec('PRAGMA synchronous = FULL');
    db.exec('PRAGMA cache_size = -32768');
    db.exec('PRAGMA temp_store = MEMORY');
    // Copied back every 16 MB: pages that change in each transaction are copied once for many.
    db.exec('PRAGMA wal_autocheckpoint = 4000');
    if (options.maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${Math.trunc(options.maxPages)}`);
    db.exec('BEGIN EXCLUSIVE; COMMIT');
    checkPages(db, options);
    migrate(db, options.path);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** One integer of a pragma or a count. */
export function readInteger(db: DatabaseSync, sql: string): number {
  const row = db.prepare(sql).get();
  return Number(row ? Object.values(row)[0] : 0);
}

/** An empty ledger in the place of one that went missing would let everything be spent once more. */
function checkThere({ path, mustExist }: OpenOptions): void {
  if (existsSync(path)) return;
  const saved = savedCopies(path).at(-1);
  if (saved !== undefined) {
    const mend = `move ${saved}, which was saved from it, back to its place, or away to begin a new ledger`;
    throw new LedgerOpenError('missing', `ledger ${path}: it is missing; ${mend}`);
  }
  if (mustExist) throw new LedgerOpenError('missing', `ledger ${path}: it is missing; put it back, or a backup of it`);
}

/** SQLite reports missing rights as an input/output error here. `access` opens nothing: closing would drop our lock. */
function checkWritable(path: string): void {
  if (!existsSync(path)) return;
  if (statSync(path).isDirectory()) {
    throw new LedgerOpenError('cannot_open', `ledger ${path}: it is a folder; name a file in it`);
  }
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    accessSync(dirname(path), constants.W_OK);
  } catch {
    const mend = 'it is read-only; give this user write access to the file and its folder';
    throw new LedgerOpenError('read_only', `ledger ${path}: ${mend}`);
  }
}

function checkOurs(db: DatabaseSync, path: string): void {
  const id = readInteger(db, 'PRAGMA application_id');
  if (id === APPLICATION_ID) return;
  if (id === 0 && readInteger(db, 'SELECT count(*) FROM sqlite_schema') === 0) return;
  throw new LedgerOpenError('foreign', `ledger ${path}: it is a database of another program; give another --db file`);
}

function checkPages(db: DatabaseSync, { path, checkAll = false }: OpenOptions): void {
  const whole = checkAll || readInteger(db, 'PRAGMA page_count') <= FULL_CHECK_PAGES;
  const known = new Set(
    db
      .prepare('SELECT name FROM sqlite_schema')
      .all()
      .map((row) => row.name),
  );
  const checks = whole ? ['PRAGMA quick_check(3)'] : PROJECTION_TABLES.map((table) => `PRAGMA quick_check(${table})`);
  if (!whole && !PROJECTION_TABLES.every((table) => known.has(table))) return;
  const damage = checks.flatMap((check) =>
    db
      .prepare(check)
      .all()
      .map((row) => String(row.quick_check)),
  );
  const found = damage.filter((line) => line !== 'ok');
  if (found.length === 0) return;
  throw new LedgerOpenError('corrupt', `ledger ${path}: it is damaged; restore it from a backup (${found.join('; ')})`);
}

interface Migration {
  version: number;
  sql: string;
}

/** `migrations/NNNN-what.sql`, numbered from 1 without gaps. */
export function readMigrations(folder = new URL('../migrations/', import.meta.url)): Migration[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  return names.sort().map((name, index) => {
    const version = Number.parseInt(name, 10);
    if (version !== index + 1) throw new Error(`migration ${name} should be number ${index + 1}`);
    return { version, sql: readFileSync(new URL(name, folder), 'utf8') };
  });
}

/** Each migration is one transaction with the version that it leads to (`user_version`). */
function migrate(db: DatabaseSync, path: string): void {
  const migrations = readMigrations();
  const current = readInteger(db, 'PRAGMA user_version');
  if (current > migrations.length) {
    const message = `ledger ${path}: it was written by a newer spendfuse (schema ${current}, this one knows ${migrations.length}); upgrade spendfuse`;
    throw new LedgerOpenError('newer', message);
  }
  for (const { version, sql } of migrations.slice(current)) {
    db.exec('BEGIN IMMEDIATE');
    db.exec(sql);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version}; COMMIT`);
  }
}
