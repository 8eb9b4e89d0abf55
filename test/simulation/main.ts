/** `npm run simulate [-- --seed N --steps M --sessions K]`: many worlds, one after another, until one breaks a promise. */
import { parseArgs } from 'node:util';
import { FAULTS } from './faults.ts';
import { describeViolation } from './report.ts';
import { play, type RunResult } from './world.ts';

const STEPS = 1_000_000;
/** Of one world, when many are played. */
const STEPS_OF_ONE = 20_000;

const { values } = parseArgs({
  options: { seed: { type: 'string' }, steps: { type: 'string' }, sessions: { type: 'string' } },
});
const wholeOr = (text: string | undefined, otherwise: number): number => {
  if (text === undefined) return otherwise;
  if (!/^\d{1,12}$/.test(text))
    throw new Error(`"${text}" is not a whole number; give --seed, --steps and --sessions one`);
  return Number(text);
};
const sessions = wholeOr(values.sessions, 12);
const isOne = values.seed !== undefined;
const steps = wholeOr(values.steps, isOne ? STEPS_OF_ONE : STEPS);
const first = wholeOr(values.seed, Math.floor(Math.random() * 1e9));
const stepsOfOne = isOne ? steps : STEPS_OF_ONE;

const counts = new Map<string, number>();
const started = performance.now();
let played = 0;
let worlds = 0;
let virtualMs = 0;
let violated: RunResult | undefined;
while (!violated && (isOne ? worlds === 0 : played < steps)) {
  const result = await play({ seed: first + worlds, steps: stepsOfOne, sessions });
  worlds += 1;
  played += result.steps;
  virtualMs += result.virtualMs;
  for (const [what, count] of result.counts) counts.set(what, (counts.get(what) ?? 0) + count);
  if (result.violation) violated = result;
}
const seconds = (performance.now() - started) / 1_000;

const isFault = (what: string): boolean => what.startsWith('fault: ');
const table = (rows: [string, number][]): string =>
  rows.map(([what, count]) => `${String(count).padStart(9)}  ${what.replace(/^fault: /, '')}\n`).join('');
const all = [...counts].filter(([what]) => what !== 'FAULT' && what !== 'THE END').sort(([a], [b]) => (a < b ? -1 : 1));
const never = FAULTS.filter((fault) => !counts.has(`fault: ${fault}`));
const lines = [
  `faults\n${table(all.filter(([what]) => isFault(what)))}`,
  `outcomes\n${table(all.filter(([what]) => !isFault(what)))}`,
  ...(never.length > 0 ? [`never happened: ${never.join(', ')}`] : []),
  `${played} steps in ${worlds} worlds (seeds ${first} to ${first + worlds - 1}), ` +
    `${(virtualMs / 3_600_000).toFixed(1)} hours of virtual time, in ${seconds.toFixed(1)} s: ` +
    `${Math.round(played / seconds)} steps a second`,
  violated ? `\n${describeViolation(violated, stepsOfOne, sessions)}` : 'no invariant was violated',
];
process.stdout.write(`${lines.join('\n')}\n`);
if (violated) process.exitCode = 1;
