/** Figures of two sides, taken in turn, so that a machine that drifts drifts for both of them. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Microseconds per time, of the CPU time of this thread: what it costs its process, whoever else has the machine. */
export interface Difference {
  bare: number;
  /** Median over the rounds of what the other side took more than the bare one right beside it. */
  added: number;
  /** The middle half of the rounds lies between these. */
  spread: [number, number];
}

type Run = () => Promise<void>;

/**
 * The sides take turns at going first. Each pays for its own garbage: what is young is collected before its turn, and, as a part
 * of it, after it. The first rounds warm up and are not counted.
 */
export async function added(bare: Run, other: Run, options: { times: number; rounds: number }): Promise<Difference> {
  const bares: number[] = [];
  const differences: number[] = [];
  const warmUp = Math.ceil(options.rounds / 4);
  for (let round = -warmUp; round < options.rounds; round += 1) {
    const bareFirst = round % 2 === 0;
    const first = await timed(bareFirst ? bare : other, options.times);
    const second = await timed(bareFirst ? other : bare, options.times);
    if (round < 0) continue;
    bares.push(bareFirst ? first : second);
    differences.push(bareFirst ? second - first : first - second);
  }
  const spread: [number, number] = [percentile(differences, 0.25), percentile(differences, 0.75)];
  return { bare: median(bares), added: median(differences), spread };
}

/** Microseconds of CPU time a run, with the garbage that the runs make. */
export async function timed(run: Run, times: number): Promise<number> {
  collectYoung();
  const started = process.threadCpuUsage();
  for (let time = 0; time < times; time += 1) await run();
  collectYoung();
  const { user, system } = process.threadCpuUsage(started);
  return (user + system) / times;
}

let collect: ((options: { type: 'minor' }) => void) | undefined;

function collectYoung(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as typeof collect;
  }
  collect?.({ type: 'minor' });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value that the share of all are not above. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor(sorted.length * share)] ?? 0;
}
