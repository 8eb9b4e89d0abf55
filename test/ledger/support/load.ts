/** A process that uses the ledger at argv[2] as hard as it can until it is killed, and prints what was acknowledged. */
import { openSqliteLedger } from '../../../src/ledger/sqlite.ts';
import { demand, posting, reserve, reserveOne, settle, settleOne, T0 } from '../../conformance/fixtures.ts';

const ledger = await openSqliteLedger({ path: process.argv[2]! });
const instances = ['team|support', 'org|', 'service|api'];
let count = 0;

async function one(): Promise<void> {
  count += 1;
  const id = `attempt-${count}`;
  const demands = instances.map((instance) => demand(10n, 10n ** 15n, { instance }));
  await reserveOne(ledger, reserve(id, demands), T0 + count);
  process.stdout.write(`reserved ${id}\n`);
  const postings = instances.map((instance) => posting(7n, { instance }));
  await settleOne(ledger, settle(id, 7n, { postings }), T0 + count);
  process.stdout.write(`settled ${id}\n`);
}

async function forever(): Promise<never> {
  for (;;) await one();
}

await Promise.all(Array.from({ length: 50 }, forever));
