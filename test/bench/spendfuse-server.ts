/** The control server as `serve` builds it, without heartbeats to wait for: node spendfuse-server.ts FOLDER. */
import { join } from 'node:path';
import { pino } from 'pino';
import { loadConfig } from '../../src/config/load.ts';
import { createEnforcer } from '../../src/enforce/create.ts';
import { createServer } from '../../src/http/server.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';

const [folder = '.'] = process.argv.slice(2);
const loaded = loadConfig({ path: join(folder, 'budgets.yaml') });
if (!loaded.ok) throw new Error(loaded.findings.map(({ message }) => message).join('\n'));
const ledger = await openSqliteLedger({ path: join(folder, 'bench.db') });
// The bench sends no heartbeats, so nothing may be swept away as silent.
const enforcer = await createEnforcer({ config: loaded.config, ledger, sweepEveryMs: 0 });
const server = createServer({ enforcer, log: pino({ level: 'error' }), version: 'bench' });
console.log(await server.listen({ host: '127.0.0.1', port: 0 }));
