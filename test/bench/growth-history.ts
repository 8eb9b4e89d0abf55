/** Writes a ledger at argv[2] with argv[3] entries, says so, and waits to be killed. */
import { DatabaseSync } from 'node:sqlite';
import { Core } from '../../src/ledger/sqlite/core.ts';
import { settlements } from './growth-calls.ts';

const BATCH = 500;
const CUSTOMERS = 1_000;
/** Its hold, its settlement and six postings. */
const ENTRIES_OF_ATTEMPT = 8;

const attempts = Math.ceil(Number(process.argv[3]) / ENTRIES_OF_ATTEMPT);
const core = new Core(DatabaseSync, { path: process.argv[2]! });
for (let from = 0; from < attempts; from += BATCH) {
  const customers = Array.from({ length: Math.min(BATCH, attempts - from) }, (_, index) => (from + index) % CUSTOMERS);
  const args = [settlements(customers, (_, index) => `attempt ${from + index}`), from];
  core.run([{ id: 0, name: 'settle', args }]);
  core.care();
}
process.stdout.write('written\n');
setInterval(() => {}, 60_000);
