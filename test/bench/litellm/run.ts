/** The peer beside us, under the same load: `node test/bench/litellm/run.ts --help`. Prints figures, asserts nothing. */
import { chmodSync, existsSync, mkdtempSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Children, isInstalled } from '../../../demo/children.ts';
import { postgresFolder } from './databases.ts';
import { litellm } from './litellm.ts';
import { latency, type Provider, startProvider, storm } from './measurements.ts';
import type { Side } from './side.ts';
import { spendfuse } from './spendfuse.ts';
import { type Result, tableOf } from './table.ts';

const USAGE = `node test/bench/litellm/run.ts [options]
  --sides a,b     of: litellm, litellm-strict, litellm-unreserved, spendfuse, spendfuse-no-leases (default: all)
  --cap 1         USD of the budget
  --clients 8     processes
  --workers 32    concurrent calls of each
  --seed 1        of the calls
  --limit 180     seconds after which callers give up
  --proxies 1     worker processes of the proxy
  --kill          kill -9 of the proxy or server when half of the budget is spent
  --no-latency    the storm alone
PEER_HOME: the folder that setup.sh filled.`;

const { values } = parseArgs({
  options: {
    sides: { type: 'string', default: 'litellm,litellm-strict,litellm-unreserved,spendfuse,spendfuse-no-leases' },
    cap: { type: 'string', default: '1' },
    clients: { type: 'string', default: '8' },
    workers: { type: 'string', default: '32' },
    seed: { type: 'string', default: '1' },
    limit: { type: 'string', default: '180' },
    proxies: { type: 'string', default: '1' },
    kill: { type: 'boolean', default: false },
    latency: { type: 'boolean', default: true },
    help: { type: 'boolean', default: false },
  },
  allowNegative: true,
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}

const home = process.env.PEER_HOME ?? '';
const asked = values.sides.split(',');
const missing = whatIsMissing();
if (missing !== undefined) {
  console.log(`skipped: ${missing}`);
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), 'spendfuse-peer-'));
// PostgreSQL, which may run as nobody, has to get to its data.
chmodSync(folder, 0o755);
const children = new Children(folder);
const capUsd = Number(values.cap);
const results: Result[] = [];
process.once('SIGINT', () => void children.stopAll().then(() => process.exit(130)));
try {
  console.log(`node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim()})`);
  const provider = await startProvider(children);
  for (const side of sidesOf(provider.url)) {
    try {
      await side.open();
      results.push(await measure(side, provider));
    } finally {
      await side.close();
    }
  }
} finally {
  await children.stopAll();
}
console.log(tableOf(results, capUsd));
for (const { name, storm } of results) for (const failure of storm.failures) console.log(`${name}: ${failure}`);

async function measure(side: Side, provider: Provider): Promise<Result> {
  const latencies = values.latency && {
    alone: await latency(children, side, provider, { workers: 1, calls: 100, rounds: 3 }),
    crowd: await latency(children, side, provider, { workers: 32, calls: 320, rounds: 3 }),
  };
  const options = {
    capUsd,
    clients: Number(values.clients),
    workers: Number(values.workers),
    seed: Number(values.seed),
    limitSeconds: Number(values.limit),
    kill: values.kill,
  };
  return { name: side.name, ...latencies, storm: await storm(children, side, provider, options) };
}

function sidesOf(provider: string): Side[] {
  const peer = (name: string, settings: Readonly<Record<string, unknown>>) =>
    litellm(children, provider, { name, folder, home, settings, workers: Number(values.proxies) });
  const makers: Readonly<Record<string, () => Side>> = {
    litellm: () => peer('litellm', {}),
    'litellm-strict': () => peer('litellm-strict', { fail_closed_budget_enforcement: true }),
    'litellm-unreserved': () => peer('litellm-unreserved', { disable_budget_reservation: true }),
    spendfuse: () => spendfuse(children, provider, { name: 'spendfuse', folder, leases: true }),
    'spendfuse-no-leases': () => spendfuse(children, provider, { name: 'spendfuse-no-leases', folder, leases: false }),
  };
  return asked.map((name) => {
    const make = makers[name];
    if (make === undefined) throw new Error(`no side is called ${name}\n${USAGE}`);
    return make();
  });
}

/** What to install, if something is not there. */
function whatIsMissing(): string | undefined {
  if (!existsSync(join(import.meta.dirname, '../../../dist/src/cli/main.js')))
    return 'dist is not built; npm run build';
  if (!asked.some((name) => name.startsWith('litellm'))) return undefined;
  if (!isInstalled('redis-server')) return 'no redis-server on the PATH; apt-get install redis-server';
  if (postgresFolder() === undefined || !isInstalled('psql')) return 'no PostgreSQL; apt-get install postgresql';
  if (!existsSync(join(home, 'venv/bin/litellm')) || home === '')
    return 'no litellm in PEER_HOME; test/bench/litellm/setup.sh FOLDER, then PEER_HOME=FOLDER';
  return undefined;
}
