/** Figures of two or more sides, taken in turn, so that a machine that drifts drifts for all of them. */

export interface Side {
  name: string;
  /** Does it `times` times. */
  run(times: number): Promise<void>;
}

/**
 * Median microseconds per time of each side, over the rounds; the first round warms up and is not counted. CPU time of
 * this thread: what a call costs its process, whoever else has the machine.
 */
export async function compare(sides: readonly Side[], options: { times: number; rounds: number }): Promise<number[]> {
  const samples = sides.map((): number[] => []);
  for (let round = 0; round <= options.rounds; round += 1) {
    for (const [index, side] of sides.entries()) {
      const started = process.threadCpuUsage();
      await side.run(options.times);
      const { user, system } = process.threadCpuUsage(started);
      const microseconds = (user + system) / options.times;
      if (round > 0) samples[index]!.push(microseconds);
    }
  }
  return samples.map(median);
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
