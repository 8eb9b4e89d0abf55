/**
 * The torture in every mode, with its figures: 8 services of 32 callers against $4, and what of $1 fifty agents can use
 * whose calls may each cost 0.3 to 1 % of it and cost a twentieth to a third of that.
 */
import type { Mode } from '../torture/prices.ts';
import { type Run, type RunOptions, torture as run } from '../torture/run.ts';

const MODES: readonly Mode[] = (['strict', 'expected'] as const).flatMap((holds) =>
  [true, false].map((leases) => ({ holds, leases })),
);

const LOADS: Readonly<Record<string, Omit<RunOptions, 'seed'>>> = {
  '8 services of 32 callers, $4': { capNanoUsd: 4_000_000_000n, teamCapNanoUsd: 4_000_000_000n },
  '50 agents, $1': { profile: 'agents', clients: 2, workers: 25, teamCapNanoUsd: 1_000_000_000n },
};

const COLUMNS: readonly (readonly [heading: string, value: (run: Run) => string])[] = [
  ['overshoot', ({ verdict }) => `$${(Number(verdict.overshootNanoUsd) / 1e9).toFixed(4)}`],
  ['spent at first denial', ({ figures }) => `${figures.spentAtFirstDenial.toFixed(1)} %`],
  ['at the end', ({ figures }) => `${figures.spent.toFixed(1)} %`],
  ['unresolved', ({ figures }) => `${figures.unresolved.toFixed(1)} %`],
  ['denied', ({ figures: { denied } }) => `${denied.exhausted ?? 0} + ${denied.contended ?? 0}`],
  ['unreachable', ({ figures: { denied } }) => `${denied.unreachable ?? 0}`],
  ['wait p50', ({ figures }) => `${figures.waitMs.p50.toFixed(0)} ms`],
  ['p99', ({ figures }) => `${figures.waitMs.p99.toFixed(0)} ms`],
  ['calls/s', ({ figures }) => figures.callsPerSecond.toFixed(0)],
  ['reservations/call', ({ figures }) => figures.reservationsPerCall.toFixed(2)],
];
const MODE_WIDTH = 26;

export async function torture(): Promise<void> {
  const seed = Date.now() % 1_000_000;
  for (const [load, options] of Object.entries(LOADS)) {
    console.log(
      `${load} (seed ${seed}; denied: exhausted + contended; wait: from the call to its arrival at the provider)`,
    );
    console.log(`${''.padEnd(MODE_WIDTH)}${COLUMNS.map(([heading]) => heading.padStart(widthOf(heading))).join('')}`);
    for (const mode of MODES) {
      const done = await run({ ...options, ...mode, seed });
      const name = `${mode.holds}, ${mode.leases ? 'leases' : 'no leases'}`;
      const values = COLUMNS.map(([heading, value]) => value(done).padStart(widthOf(heading)));
      console.log(`${name.padEnd(MODE_WIDTH)}${values.join('')}`);
      for (const problem of done.verdict.problems) console.log(`  ${problem}`);
    }
    console.log();
  }
}

function widthOf(heading: string): number {
  return Math.max(heading.length, 9) + 2;
}
