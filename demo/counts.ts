/** The end of the demo, judged: the provider's own count against the ledger's, and what became of each service. */
import type { Alert, BudgetNow } from './api.ts';
import type { Bill } from './provider.ts';
import type { Fare, ServiceSpec } from './services.ts';

/** How one service fared, by both counts. */
export interface Account {
  service: ServiceSpec;
  provider: Bill;
  ledger: Bill;
  budget: BudgetNow;
  fare: Fare;
}

export interface Counts {
  accounts: readonly Account[];
  alerts: readonly Alert[];
  provider: Bill;
  /** All that the ledger booked, whoever it was for. */
  ledger: Bill;
  unresolvedNanoUsd: bigint;
  /** Spent above caps: by the ledger or by the provider, whichever says more. */
  overshootNanoUsd: bigint;
  refused: number;
}

/** What the demo is told at its end. */
export interface Found {
  services: readonly ServiceSpec[];
  bills: ReadonlyMap<string, Bill>;
  usage: ReadonlyMap<string, Bill>;
  budgets: readonly BudgetNow[];
  alerts: readonly Alert[];
  fares: ReadonlyMap<string, Fare>;
  unresolvedNanoUsd: bigint;
}

const NOTHING: Bill = { calls: 0, nanoUsd: 0n };

export function count({ services, bills, usage, budgets, alerts, fares, unresolvedNanoUsd }: Found): Counts {
  const accounts = services.map((service): Account => {
    const budget = budgets.find(({ name }) => name === service.budget);
    const fare = fares.get(service.name);
    if (!budget || !fare) throw new Error(`the server knows no budget "${service.budget}"`);
    const { name } = service;
    return { service, budget, fare, provider: bills.get(name) ?? NOTHING, ledger: usage.get(name) ?? NOTHING };
  });
  return {
    accounts,
    alerts,
    provider: total(bills.values()),
    ledger: total(usage.values()),
    unresolvedNanoUsd,
    overshootNanoUsd: accounts.reduce((sum, account) => sum + overshoot(account), 0n),
    refused: accounts.reduce((sum, { fare }) => sum + fare.refused, 0),
  };
}

function total(bills: Iterable<Bill>): Bill {
  let sum = NOTHING;
  for (const { calls, nanoUsd } of bills) sum = { calls: sum.calls + calls, nanoUsd: sum.nanoUsd + nanoUsd };
  return sum;
}

function overshoot({ budget: { cap, spent }, provider }: Account): bigint {
  if (cap === undefined) return 0n;
  const most = spent > provider.nanoUsd ? spent : provider.nanoUsd;
  return most > cap ? most - cap : 0n;
}

/** Everything that is not as it has to be, in words; empty when all is well. */
export function faults(counts: Counts): string[] {
  const { ledger, provider, unresolvedNanoUsd, overshootNanoUsd } = counts;
  const found: string[] = [];
  if (ledger.nanoUsd !== provider.nanoUsd) {
    found.push(`the ledger booked ${ledger.nanoUsd} nano-dollars, the provider ${provider.nanoUsd}`);
  }
  if (unresolvedNanoUsd !== 0n) found.push(`${unresolvedNanoUsd} nano-dollars are unresolved`);
  if (overshootNanoUsd !== 0n) found.push(`caps were overshot by ${overshootNanoUsd} nano-dollars`);
  return [...found, ...counts.accounts.flatMap((account) => unmetFate(account, counts.alerts))];
}

function unmetFate(account: Account, alerts: readonly Alert[]): string[] {
  const { service, provider, ledger, budget, fare } = account;
  const mine = alerts.filter((alert) => alert.budget === budget.name);
  const told = (at: string) => mine.some(({ kind, threshold }) => kind === 'threshold' && threshold === at);
  const found = SOFT.filter((at) => !told(at)).map((at) => `${budget.name} told nobody of ${at}`);
  if (fare.ending) found.push(`${service.name} ended with ${fare.ending}`);
  if (ledger.nanoUsd !== provider.nanoUsd) found.push(`the counts of ${service.name} differ`);
  if (service.fate === 'warned') {
    if (fare.refused > 0) found.push(`${service.name} was refused ${fare.refused} calls under a soft budget`);
    return found;
  }
  if (!fare.exhausted) found.push(`${service.name} was never refused by ${budget.name}`);
  if (!mine.some(({ kind }) => kind === 'denied')) found.push(`${budget.name} told nobody that it is hard`);
  return found;
}

const SOFT = ['50%', '75%', '90%'];

/** The last line with `--json`. Amounts of a demo are far below 2^53, so JSON numbers hold them exactly. */
export function countsJson({ ledger, provider, unresolvedNanoUsd, overshootNanoUsd, refused }: Counts): string {
  return JSON.stringify({
    ledger_nano_usd: Number(ledger.nanoUsd),
    provider_nano_usd: Number(provider.nanoUsd),
    unresolved_nano_usd: Number(unresolvedNanoUsd),
    overshoot_nano_usd: Number(overshootNanoUsd),
    refused,
  });
}
