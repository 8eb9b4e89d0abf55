import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { openSqliteLedger } from '../ledger/sqlite.ts';
import { dbOption } from './options.ts';

export function verifyCommand(): Command {
  return new Command('verify')
    .description('recompute every balance of a ledger from its entries; stop its server first; exits 1 on a difference')
    .addOption(dbOption())
    .option('--rebuild', 'first make balances that differ from their entries anew')
    .action(async ({ db, rebuild = false }: { db: string; rebuild?: boolean }) => {
      if (!existsSync(db)) throw new Error(`there is no ledger at ${db}; name it with --db`);
      const ledger = await openSqliteLedger({ path: db, onMismatch: rebuild ? 'rebuild' : 'report' });
      try {
        const { settlements, holds, accounts, problems } = await ledger.verify();
        for (const problem of problems) console.error(`problem  ${problem}`);
        const verdict =
          problems.length === 0 ? 'every balance is the sum of its entries' : `${problems.length} problems`;
        console.log(`${db}: ${settlements} settlements, ${holds} holds, ${accounts} accounts; ${verdict}`);
        if (problems.length > 0) process.exitCode = 1;
      } finally {
        await ledger.close();
      }
    });
}
