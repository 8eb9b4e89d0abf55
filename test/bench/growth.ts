/** How the ledger grows: a decision and the memory per instance with few and with many, and opening a file with a long history. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Core } from '../../src/ledger/sqlite/core.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';
import { PER_CUSTOMER, reservations, settlements } from './growth-calls.ts';
import { median } from './measure.ts';

const INSTANCES = [10, 1_000, 100_000];
const ENTRIES = 1_000_000;
const BATCH = 50;
const DECISIONS = 2_000;
const ROUNDS = 9;
const RESTARTS = 5;

export async function growth(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'spendfuse-growth-'));
  try {
    const ledgers = INSTANCES.map((instances) => grown(join(folder, `${instances}.db`), instances));
    const costs = decisionCosts(ledgers);
    for (const [index, { instances, bytes }] of ledgers.entries()) {
      const cost = costs[index]!;
      const ratio = index > 0 ? `  ×${(cost / costs[0]!).toFixed(2)}` : '';
      const memory = index > 0 ? `  ${Math.round(bytes / instances)} B an instance` : '';
      console.log(
        `${instances.toLocaleString('en').padStart(7)} instances  ${cost.toFixed(1)} µs a decision${ratio}${memory}`,
      );
    }
    for (const { core } of ledgers) core.close();
    console.log(`(CPU of a durable reservation on six budgets, in groups of ${BATCH})`);
    await restart(join(folder, 'history.db'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Grown {
  instances: number;
  core: Core;
  /** Heap that opening the file took. */
  bytes: number;
}

/** Opened anew, so that what it took to fill it is no part of its memory. */
function grown(path: string, instances: number): Grown {
  const customers = Math.ceil(instances / PER_CUSTOMER);
  const filled = new Core(DatabaseSync, { path });
  for (let from = 0; from < customers; from += 500) {
    const ids = Array.from({ length: Math.min(500, customers - from) }, (_, index) => from + index);
    filled.run([{ id: 0, name: 'settle', args: [settlements(ids, (id) => `first ${id}`), 0] }]);
  }
  filled.close();
  const before = heapBytes();
  const core = new Core(DatabaseSync, { path });
  return { instances, core, bytes: heapBytes() - before };
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

/** Median CPU microseconds each, rounds of all in turn. */
function decisionCosts(ledgers: readonly Grown[]): number[] {
  const samples = ledgers.map((): number[] => []);
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [index, ledger] of ledgers.entries()) {
      const cost = decide(ledger, `round ${round}`);
      if (round > 0) samples[index]!.push(cost);
    }
  }
  return samples.map(median);
}

function decide({ core, instances }: Grown, name: string): number {
  const customers = Math.ceil(instances / PER_CUSTOMER);
  // Strides that meet every customer, far from one another.
  const customerOf = (n: number) => (n * 7_919) % customers;
  const calls = Array.from({ length: DECISIONS / BATCH }, (_, batch) => {
    const ids = Array.from({ length: BATCH }, (__, index) => batch * BATCH + index);
    const texts = reservations(ids.map(customerOf), (_customer, index) => `${name} ${ids[index]}`);
    return { id: batch, name: 'reserve' as const, args: [texts, 0] };
  });
  const started = process.threadCpuUsage();
  for (const call of calls) core.run([call]);
  const { user, system } = process.threadCpuUsage(started);
  return (user + system) / DECISIONS;
}

/** The server that wrote it was killed, so that its log is still to be read. */
async function restart(path: string): Promise<void> {
  const script = fileURLToPath(new URL('./growth-history.ts', import.meta.url));
  const child = spawn(process.execPath, [script, path, String(ENTRIES)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = once(child.stdout!, 'data');
  await Promise.race([said, once(child, 'exit').then(() => Promise.reject(new Error('the history was not written')))]);
  child.kill('SIGKILL');
  await once(child, 'exit').catch(() => {});
  const times: number[] = [];
  for (let round = 0; round < RESTARTS; round += 1) {
    const started = performance.now();
    const ledger = await openSqliteLedger({ path });
    times.push(performance.now() - started);
    await ledger.close();
  }
  const megabytes = Math.round(statSync(path).size / 1e6);
  const seconds = (ms: number) => (ms / 1000).toFixed(2);
  console.log(
    `restart with ${ENTRIES.toLocaleString('en')} entries (${megabytes} MB): ${seconds(times[0]!)} s after kill -9, ${seconds(median(times.slice(1)))} s after a clean stop`,
  );
}
