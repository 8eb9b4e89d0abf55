/** A process that works with slices of the ledger at argv[2] until it is killed, and prints what was acknowledged. */
import { openSqliteLedger } from '../../../src/ledger/sqlite.ts';
import { T0 } from '../../conformance/fixtures.ts';
import { attemptsOf, closesOf, grantsOf, settlementOf, splitOf } from './leases.ts';

const ledger = await openSqliteLedger({ path: process.argv[2]! });
let count = 0;

async function one(): Promise<void> {
  count += 1;
  const lease = count;
  const now = T0 + lease;
  await ledger.reserveMany(grantsOf(lease), now);
  process.stdout.write(`granted ${lease}\n`);
  if (lease % 7 === 0) await ledger.lose({ sessions: [`session ${lease}`] }, 'silent', now);
  if (lease % 3 === 0) await ledger.closeSlices(closesOf(lease), now);
  await Promise.all(
    attemptsOf(lease).map(async (attempt, index) => {
      if (index === 0) await ledger.splitMany([splitOf(attempt, lease)], now);
      await ledger.settleMany([settlementOf(attempt, lease)], now);
      process.stdout.write(`settled ${attempt}\n`);
    }),
  );
  if (lease % 3 !== 0) await ledger.closeSlices(closesOf(lease), now);
  process.stdout.write(`closed ${lease}\n`);
}

async function forever(): Promise<never> {
  for (;;) await one();
}

await Promise.all(Array.from({ length: 20 }, forever));
