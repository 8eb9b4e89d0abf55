/**
 * Budgets as the simulation thinks of them: few kinds, written down twice. Once as the YAML that the server reads, once as
 * the arithmetic by which the judge counts, so that matching and windows are checked by code that is not the product's.
 */
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Random } from './random.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
export const TEAMS = ['ads', 'search', 'support'] as const;
export const CUSTOMERS = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6'] as const;

/** What a budget counts. */
export interface Counted {
  name: string;
  per?: 'team' | 'customer';
  /** Only attempts of this workflow count. */
  workflow?: 'batch' | 'chat';
  window: 'hour' | 'day' | 'rolling';
  /** Only output tokens count. */
  outputOnly?: true;
}

export interface BudgetPlan extends Counted {
  limitNanoUsd: bigint;
  /** Attempts of workflow `batch` are paused at this share already. */
  batchCapPercent?: number;
  downgradePercent?: number;
  /** `holds: expected`: it may overshoot, so promise 1 does not name it. */
  expected?: true;
  /** Nothing stops at it. */
  soft?: true;
}

export interface ConfigPlan {
  budgets: readonly BudgetPlan[];
  whenUnreachable: 'allow' | 'block';
  maxWaitSeconds: number;
  maxCallSeconds: number;
  allowanceNanoUsd: bigint;
}

/** Nano-USD a token. */
export const PRICE: Readonly<Record<string, bigint>> = { round: 1_000n, 'round-mini': 250n };

const HEAD = `
prices:
  - { provider: openai, model: round-mini, input: 0.25, output: 0.25 }
  - { provider: openai, model: round, input: 1, output: 1 }
owners: { team: {} }
defaults: { timezone: UTC }
`;

const usd = (nano: bigint): string => (Number(nano) / 1e9).toFixed(9);

export function configOf(plan: ConfigPlan): Config {
  const text = `${HEAD}
limits:
  max_wait: ${plan.maxWaitSeconds}s
  max_call_duration: ${plan.maxCallSeconds}s
  unreachable_allowance: ${usd(plan.allowanceNanoUsd)}
budgets:
${plan.budgets.map((budget) => budgetYaml(budget, plan)).join('\n')}
`;
  const loaded = loadConfig({ path: 'budgets.yaml', readFile: () => text, listFiles: () => undefined });
  if (!loaded.ok) throw new Error(`${loaded.findings.map(({ message }) => message).join('\n')}\n${text}`);
  return loaded.config;
}

function budgetYaml(budget: BudgetPlan, plan: ConfigPlan): string {
  const { batchCapPercent, downgradePercent } = budget;
  const thresholds: string[] = [];
  if (batchCapPercent !== undefined) {
    thresholds.push(`{ at: ${batchCapPercent}%, when: { workflow: batch }, action: pause }`);
  }
  if (downgradePercent !== undefined) {
    thresholds.push(`{ at: ${downgradePercent}%, action: downgrade, models: { round: round-mini } }`);
  }
  if (!budget.soft) thresholds.push('{ at: 100%, action: block }');
  const lines = [
    `name: ${budget.name}`,
    'owner: team',
    `window: ${budget.window === 'rolling' ? '{ rolling: 60m }' : budget.window}`,
    `limit: ${usd(budget.limitNanoUsd)}`,
    `when_unreachable: ${plan.whenUnreachable}`,
    ...(budget.per ? [`per: [${budget.per}]`] : []),
    ...(budget.workflow ? [`match: { workflow: ${budget.workflow} }`] : []),
    ...(budget.outputOnly ? ['classes: [output]'] : []),
    ...(budget.expected ? ['holds: { expected: p90 }'] : []),
    ...(thresholds.length > 0 ? [`thresholds: [${thresholds.join(', ')}]`] : ['soft: [50%, 90%]']),
  ];
  return lines.map((line, index) => `${index === 0 ? '  - ' : '    '}${line}`).join('\n');
}

/** Who an attempt is for. */
export interface Who {
  team: string;
  customer: string;
  workflow: string;
}

export function counts(counted: Counted, who: Who): boolean {
  return counted.workflow === undefined || counted.workflow === who.workflow;
}

/** The instance's key, as the ledger's accounts begin with it. */
export function keyOf(counted: Counted, who: Who): string {
  return counted.per ? `${counted.name}{${counted.per}=${who[counted.per]}}` : counted.name;
}

/** Of the calendar window, or of the sub-bucket of a rolling one. */
export function windowStart(counted: Counted, at: number): number {
  const width = counted.window === 'rolling' ? MINUTE : counted.window === 'hour' ? HOUR : 24 * HOUR;
  return Math.floor(at / width) * width;
}

/** The start of the oldest window that counts together with the one that begins at `start`. */
export function oldestStart(counted: Counted, start: number): number {
  return counted.window === 'rolling' ? start - HOUR : start;
}

/** The cap of an attempt; `workflow` undefined: of the instance as a whole. */
export function capOf(budget: BudgetPlan, workflow?: string): bigint | undefined {
  if (workflow === 'batch' && budget.batchCapPercent !== undefined) {
    return (budget.limitNanoUsd * BigInt(budget.batchCapPercent)) / 100n;
  }
  return budget.soft ? undefined : budget.limitNanoUsd;
}

/** What each budget counts, which never changes; limits and thresholds do. */
export const COUNTED: readonly Counted[] = [
  { name: 'all-day', window: 'day' },
  { name: 'team-hour', per: 'team', window: 'hour' },
  { name: 'customer-rolling', per: 'customer', window: 'rolling' },
  { name: 'output-hour', per: 'team', window: 'hour', outputOnly: true },
  { name: 'batch-hour', workflow: 'batch', window: 'hour' },
  { name: 'expected-hour', per: 'customer', window: 'hour' },
  { name: 'soft-day', per: 'team', window: 'day' },
];

/** Limits in cents, from and to: near enough to what is spent that most are reached. */
const LIMITS: Readonly<Record<string, readonly [number, number]>> = {
  'all-day': [40, 300],
  'team-hour': [2, 60],
  'customer-rolling': [1, 30],
  'output-hour': [2, 40],
  'batch-hour': [2, 60],
  'expected-hour': [2, 40],
  'soft-day': [10, 60],
};

const cents = (random: Random, least: number, most: number): bigint =>
  1_000_000n * BigInt(random.whole(least * 10, most * 10));

function drawBudget(counted: Counted, random: Random): BudgetPlan {
  const [least, most] = LIMITS[counted.name]!;
  const isNarrow = counted.name === 'team-hour' || counted.name === 'customer-rolling';
  return {
    ...counted,
    limitNanoUsd: cents(random, least, most),
    ...(isNarrow && random.chance(0.4) && { batchCapPercent: random.pick([50, 80]) }),
    ...(counted.name === 'team-hour' && random.chance(0.3) && { downgradePercent: 90 }),
    ...(counted.name === 'expected-hour' && { expected: true as const }),
    ...(counted.name === 'soft-day' && { soft: true as const }),
  };
}

export function drawPlan(random: Random): ConfigPlan {
  const counted = COUNTED.filter(({ name }) => random.chance(name === 'expected-hour' ? 0.15 : 0.5));
  if (!counted.some(({ per }) => per !== undefined)) counted.push(COUNTED[1]!);
  return {
    budgets: counted.map((each) => drawBudget(each, random)),
    whenUnreachable: random.pick(['allow', 'block', 'block']),
    maxWaitSeconds: random.pick([0, 1, 5]),
    maxCallSeconds: random.pick([20, 60, 600]),
    allowanceNanoUsd: cents(random, 0, 3),
  };
}

/** A limit that goes up or down, a budget that comes or goes. */
export function changePlan(plan: ConfigPlan, random: Random): ConfigPlan {
  const drawn = drawBudget(random.pick(COUNTED), random);
  const others = plan.budgets.filter(({ name }) => name !== drawn.name);
  const goes = others.length > 0 && others.length < plan.budgets.length && random.chance(0.25);
  return { ...plan, budgets: goes ? others : [...others, drawn] };
}
