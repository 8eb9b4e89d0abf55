/**
 * `npm run torture -- [--runs 10] [--seed N] [--scenario NAME] [--holds expected] [--no-leases] [--verbose]`: the whole
 * torture again and again, one line a run. Exits with 1 when any run had a problem.
 */
import { parseArgs } from 'node:util';
import { type Run, torture } from './run.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    scenario: { type: 'string' },
    holds: { type: 'string', default: 'strict' },
    'no-leases': { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

function scenarios(): Scenario[] {
  const all = Object.keys(SCENARIOS) as Scenario[];
  const chosen = all.filter((name) => values.scenario === undefined || name === values.scenario);
  if (chosen.length === 0) throw new Error(`no scenario "${values.scenario}"; there are ${all.join(', ')}`);
  return chosen;
}

const usd = (nanoUsd: bigint) => `$${(Number(nanoUsd) / 1e9).toFixed(6)}`;

function line({ verdict, figures }: Run): string {
  const { providerNanoUsd, settledNanoUsd, unresolvedNanoUsd, overshootNanoUsd } = verdict;
  const refused = Object.entries(figures.denied).map(([code, count]) => `${count} ${code}`);
  return [
    `overshoot ${overshootNanoUsd}`,
    `provider ${usd(providerNanoUsd)}`,
    `settled ${usd(settledNanoUsd)}`,
    `unresolved ${usd(unresolvedNanoUsd)}`,
    `${figures.calls} calls`,
    `refused ${refused.join(' + ') || 'none'}`,
  ].join(', ');
}

let failed = 0;
for (let index = 0; index < Number(values.runs); index += 1) {
  const seed = Number(values.seed) + index;
  for (const name of scenarios()) {
    const begun = performance.now();
    const mode = { holds: values.holds === 'expected' ? 'expected' : 'strict', leases: !values['no-leases'] } as const;
    const run = await torture({ ...SCENARIOS[name], ...mode, seed });
    const { problems } = run.verdict;
    const seconds = `${((performance.now() - begun) / 1_000).toFixed(0)} s`;
    const verdict = problems.length === 0 ? 'ok' : 'FAILED';
    console.log(`${String(index + 1).padStart(2)}  ${verdict}  ${name}: ${line(run)} (seed ${seed}, ${seconds})`);
    for (const problem of problems) console.log(`      ${problem}`);
    if (values.verbose) for (const complaint of run.complaints) console.log(`      ${complaint}`);
    if (problems.length > 0) failed += 1;
  }
}
console.log(failed === 0 ? 'every run was right' : `${failed} runs had problems`);
process.exitCode = failed > 0 ? 1 : 0;
