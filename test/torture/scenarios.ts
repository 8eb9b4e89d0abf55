import type { RunOptions } from './run.ts';

/** The three of the torture, all against a cap of $1: 8 services of 32 concurrent callers each. */
export const SCENARIOS = {
  calm: {},
  'server killed': { serverKills: 4 },
  'server and services killed': { serverKills: 2, clientKills: 3, clientStops: 2 },
} as const satisfies Readonly<Record<string, Omit<RunOptions, 'seed'>>>;

export type Scenario = keyof typeof SCENARIOS;
