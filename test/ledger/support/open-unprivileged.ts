/** Opens the ledger at argv[2] as a user whom file modes stop, and prints why that failed. */
import { DatabaseSync } from 'node:sqlite';
import { LedgerOpenError } from '../../../src/ledger/errors.ts';
import { openError } from '../../../src/ledger/sqlite/errors.ts';
import { openDatabase } from '../../../src/ledger/sqlite/open.ts';

const path = process.argv[2]!;
if (process.getuid?.() === 0) process.setuid?.(65534);
try {
  openDatabase(DatabaseSync, { path }).close();
  console.log('opened');
} catch (cause) {
  const error = openError(cause, path);
  console.log(error instanceof LedgerOpenError ? `${error.reason}: ${error.message}` : error);
}
