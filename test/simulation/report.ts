import type { RunResult } from './world.ts';

/** For people: what does not hold, what led to it, and how to see it again. */
export function describeViolation({ seed, violation }: RunResult, steps: number, sessions: number): string {
  if (!violation) return `seed ${seed}: no invariant was violated`;
  return [
    `seed ${seed}, step ${violation.step}: ${violation.message}`,
    '',
    'what happened to it (step, virtual time, what, subject):',
    ...violation.events.map((event) => `  ${event}`),
    '',
    `again: npm run simulate -- --seed ${seed} --steps ${steps} --sessions ${sessions}`,
  ].join('\n');
}
