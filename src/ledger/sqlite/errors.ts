/** What SQLite's error codes mean to an operator. */
import { LedgerLocked, LedgerOpenError, type OpenFailure } from '../errors.ts';

/** Primary result codes, https://sqlite.org/rescode.html */
const MEANING: Record<number, { reason: OpenFailure; says: string }> = {
  5: { reason: 'locked', says: 'another server holds it; stop that one, or give this one another --db file' },
  8: { reason: 'read_only', says: 'it is read-only; give this user write access to the file and its folder' },
  10: { reason: 'cannot_open', says: 'the disk reports an input/output error; check the disk' },
  11: { reason: 'corrupt', says: 'it is damaged; restore it from a backup' },
  13: { reason: 'full', says: 'the disk is full; make room' },
  14: { reason: 'cannot_open', says: 'it cannot be opened; check that its folder exists and is writable' },
  26: { reason: 'foreign', says: 'it is not an SQLite database; give another --db file' },
};

interface SqliteError extends Error {
  code: 'ERR_SQLITE_ERROR';
  errcode: number;
}

function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}

/** One sentence naming the file, the cause and the mend. */
export function explain(error: unknown, path: string): string {
  if (!isSqliteError(error)) return error instanceof Error ? error.message : String(error);
  const meaning = MEANING[error.errcode & 0xff];
  return meaning ? `ledger ${path}: ${meaning.says} (SQLite: ${error.message})` : `ledger ${path}: ${error.message}`;
}

/** The file itself is broken: going on with what can still be read would be a guess. */
export function isDamage(error: unknown): boolean {
  return isSqliteError(error) && [11, 26].includes(error.errcode & 0xff);
}

export function openError(error: unknown, path: string): Error {
  if (!isSqliteError(error)) return error instanceof Error ? error : new Error(String(error));
  const reason = MEANING[error.errcode & 0xff]?.reason ?? 'cannot_open';
  const message = explain(error, path);
  return reason === 'locked' ? new LedgerLocked(message) : new LedgerOpenError(reason, message);
}
