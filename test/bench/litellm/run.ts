/** The peer beside us, under the same load: `node test/bench/litellm/run.ts --help`. Prints figures, asserts nothing. */
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Children, isInstalled } from '../../../demo/children.ts';
import { postgresFolder } from './databases.ts';
import { litellm } from './litellm.ts';
import { type Latency, latency, quantile, type Storm, startProvider, storm } from './measurements.ts';
import type { Side } from './side.ts';
import { spendfuse } from './spendfuse.ts';

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

const children = new Children();
const capUsd = Number(values.cap);
const result: { name: string; storm: Storm; alone?: Latency; crowd?: Latency }[] = [];
process.once('SIGINT', () => void children.stopAll().then(() => process.exit(130)));
try {
  console.log(`node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim()})`);
  const provider = await startProvider(children);
  for (const side of sidesOf(provider.url)) {
    await side.open();
    try {
      result.push({ name: side.name, ...(await measure(side)) });
    } finally {
      await side.close();
    }
  }

  async function measure(side: Side) {
    const kept = values.latency && {
      alone: await latency(children, side, provider, { workers: 1, calls: 100, rounds: 3 }),
      crowd: await latency(children, side, provider, { workers: 32, calls: 640, rounds: 3 }),
    };
    const options = {
      capUsd,
      clients: Number(values.clients),
      workers: Number(values.workers),
      seed: Number(values.seed),
      limitSeconds: Number(values.limit),
      kill: values.kill,
    };
    return { ...kept, storm: await storm(children, side, provider, options) };
  }
} finally {
  await children.stopAll();
}
console.log(table());
for (const { name, storm } of result) for (const failure of storm.failures) console.log(`${name}: ${failure}`);

function sidesOf(provider: string): Side[] {
  const peer = (name: string, settings: object) =>
    litellm(children, provider, { name, home, settings: { ...settings }, workers: Number(values.proxies) });
  const makers: Readonly<Record<string, () => Side>> = {
    litellm: () => peer('litellm', {}),
    'litellm-strict': () => peer('litellm-strict', { fail_closed_budget_enforcement: true }),
    'litellm-unreserved': () => peer('litellm-unreserved', { disable_budget_reservation: true }),
    spendfuse: () => spendfuse(children, provider, 'spendfuse', true),
    'spendfuse-no-leases': () => spendfuse(children, provider, 'spendfuse-no-leases', false),
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

function table(): string {
  const money = (usd: number) => `$${usd.toFixed(6)}`;
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const added = ({ bare, side }: Latency) => `${ms(side.p50 - bare.p50)} / ${ms(side.p99 - bare.p99)}`;
  const rows: [string, (one: (typeof result)[number]) => string][] = [
    ['provider billed', ({ storm }) => money(storm.trueCost)],
    ['overshoot', ({ storm }) => money(Math.max(0, storm.trueCost - capUsd))],
    ['reported as spent', ({ storm }) => money(storm.reported)],
    ['billed at the first denial', ({ storm }) => money(storm.atFirstDenial)],
    ['answered', ({ storm }) => `${storm.answered}`],
    ['denied', ({ storm }) => `${storm.denied}`],
    ['denied, and later calls were answered', ({ storm }) => `${storm.deniedEarly}`],
    ['neither answered nor denied', ({ storm }) => `${storm.failed}`],
    ['answers a second in the storm', ({ storm }) => `${Math.round(storm.answered / storm.seconds)}`],
    [
      'added in the storm, p50 / p99',
      ({ storm: { addedMs } }) => `${ms(quantile(addedMs, 0.5))} / ${ms(quantile(addedMs, 0.99))}`,
    ],
    ['added to one call at a time, p50 / p99', ({ alone }) => (alone ? added(alone) : '')],
    ['added to 32 at a time, p50 / p99', ({ crowd }) => (crowd ? added(crowd) : '')],
    ['calls a second, 32 at a time', ({ crowd }) => (crowd ? `${Math.round(crowd.perSecond)}` : '')],
  ];
  const lines = rows.map(([name, cell]) => `| ${[name, ...result.map(cell)].join(' | ')} |`);
  return [
    `| | ${result.map(({ name }) => name).join(' | ')} |`,
    `| --- |${result.map(() => ' --- |').join('')}`,
    ...lines,
  ].join('\n');
}
