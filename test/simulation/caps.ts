import type { AccountBalance, AccountDemand, Ledger } from '../../src/ledger/ledger.ts';
import { type BudgetPlan, type ConfigPlan, type Counted, capOf, oldestStart, windowStart } from './plan.ts';

/** Which caps hold now, as the judge reckons them: of the config in force, and of two while one comes into force. */
export class Caps {
  readonly #ledger: Ledger;
  #plans: ConfigPlan[] = [];
  /** Instances whose cap fell below what they had: they may have that much. */
  readonly #raised = new Map<string, bigint>();
  /** Ledger time when the config in force came into force: windows before it had other caps. */
  changedAt = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  planned(plan: ConfigPlan): void {
    if (!this.#plans.includes(plan)) this.#plans.push(plan);
  }

  async inForce(plan: ConfigPlan): Promise<void> {
    const before = this.#plans;
    // Another may have been planned since.
    this.#plans = before.slice(before.indexOf(plan));
    // The same config again, after a restart.
    if (before.length < 2) return;
    const [accounts, now] = await Promise.all([this.#ledger.accounts(0), this.#ledger.latestTime()]);
    this.changedAt = now;
    for (const budget of plan.budgets) {
      const cap = capOf(budget);
      if (cap === undefined) continue;
      for (const key of keysOf(accounts, budget)) {
        const total = totalOf(accounts, budget, key, now, Number.POSITIVE_INFINITY);
        if (total > cap && total > (this.#raised.get(key) ?? 0n)) this.#raised.set(key, total);
      }
    }
  }

  /** The config, unless another is coming into force. */
  get certain(): ConfigPlan | undefined {
    return this.#plans.length === 1 ? this.#plans[0] : undefined;
  }

  /** A budget that all configs that may be in force have; by its loosest terms. */
  loosest(name: string): BudgetPlan | undefined {
    let loosest: BudgetPlan | undefined;
    for (const plan of this.#plans) {
      const budget = plan.budgets.find((each) => each.name === name);
      if (!budget) return undefined;
      if (!loosest || budget.limitNanoUsd > loosest.limitNanoUsd) loosest = budget;
    }
    return loosest;
  }

  /** Whether an account belongs to a budget that may overshoot; their names say so. */
  isExpected(instance: string): boolean {
    return instance.startsWith('expected-');
  }

  /** What an instance may have; undefined where promise 1 says nothing. */
  allowed(budget: BudgetPlan, key: string): bigint | undefined {
    const cap = capOf(budget);
    if (cap === undefined || budget.expected) return undefined;
    const raised = this.#raised.get(key) ?? 0n;
    if (raised > cap) return raised;
    return cap;
  }
}

/** Spent, unresolved and held of an instance in the windows that count at `at`, up to the one that begins at `newest`. */
export function totalOf(
  accounts: readonly AccountBalance[],
  counted: Counted,
  key: string,
  at: number,
  newest: number,
): bigint {
  const oldest = oldestStart(counted, windowStart(counted, at));
  let total = 0n;
  for (const { instance, window, spentNanoUsd, heldNanoUsd, unresolvedNanoUsd } of accounts) {
    if (!instance.startsWith(`${key}@`) || window.start < oldest || window.start > newest) continue;
    total += spentNanoUsd + heldNanoUsd + unresolvedNanoUsd;
  }
  return total;
}

/** What counts against a demand, summed from the accounts. */
export function countedBy(accounts: readonly AccountBalance[], demand: AccountDemand) {
  const sum = { spent: 0n, unresolved: 0n, held: 0n };
  const { start, end } = demand.window;
  for (const { instance, window, spentNanoUsd, heldNanoUsd, unresolvedNanoUsd } of accounts) {
    if (instance !== demand.instance || window.end <= demand.since || window.end - window.start !== end - start)
      continue;
    if (demand.since >= start && window.start !== start) continue;
    sum.spent += spentNanoUsd;
    sum.unresolved += unresolvedNanoUsd;
    sum.held += heldNanoUsd;
  }
  return sum;
}

/** The instances of a budget that have an account. */
export function keysOf(accounts: readonly AccountBalance[], { name }: Counted): Set<string> {
  const keys = new Set<string>();
  for (const { instance } of accounts) {
    const key = instance.slice(0, instance.lastIndexOf('@'));
    if (key === name || key.startsWith(`${name}{`)) keys.add(key);
  }
  return keys;
}
