import type { Config } from '../config/config.ts';
import { type Attribution, OTHER } from '../domain/attribution.ts';
import type { Budget, BudgetInstance } from '../domain/budget.ts';
import { instanceOf, overflowInstance } from '../domain/instance.ts';
import { compileBudgets } from '../domain/matcher.ts';
import type { Catalogue } from '../pricing/pricing.ts';

/** A config made ready to decide with: replaced whole on a reload, never changed. */
export interface Policy {
  config: Config;
  catalogue: Catalogue;
  /** Names of budgets that hold what they expect: their attempts are learned from. */
  expects: ReadonlySet<string>;
  /** Instances of all budgets that match, in the config's order, `(other)` for those beyond `max_instances`. */
  match(attribution: Attribution): readonly BudgetInstance[];
  /** Instances met so far, and those that exist from the start. */
  instances(): Iterable<BudgetInstance>;
  /** Makes an instance known, as found in the ledger by its labels. */
  meet(budget: Budget, labels: Attribution): BudgetInstance;
}

export function createPolicy(config: Config, catalogue: Catalogue): Policy {
  const knownOwner = (name: string): boolean => config.owners.has(name);
  const compiled = compileBudgets(config.budgets, { knownOwner });
  const rosters = new Map(config.budgets.map((budget) => [budget.name, new Roster(budget, knownOwner)]));
  return {
    config,
    catalogue,
    expects: new Set(config.budgets.filter(expects).map(({ name }) => name)),
    match: (attribution) => admitAll(compiled.match(attribution), rosters),
    *instances() {
      for (const roster of rosters.values()) yield* roster.known.values();
    },
    meet: (budget, labels) => rosters.get(budget.name)!.admit(instanceOf(budget, labels, knownOwner)),
  };
}

function expects({ holds, overrides }: Budget): boolean {
  return [holds, ...overrides.map(({ terms }) => terms.holds ?? 'strict')].some((mode) => mode !== 'strict');
}

/** The instances of one budget, at most `maxInstances` and then `(other)`. */
class Roster {
  readonly known = new Map<string, BudgetInstance>();
  readonly #budget: Budget;
  readonly #knownOwner: (name: string) => boolean;

  constructor(budget: Budget, knownOwner: (name: string) => boolean) {
    this.#budget = budget;
    this.#knownOwner = knownOwner;
    for (const labels of labelsFromTheStart(budget)) this.admit(instanceOf(budget, labels, knownOwner));
  }

  admit(instance: BudgetInstance): BudgetInstance {
    const known = this.known.get(instance.key);
    if (known) return known;
    const isOther = this.#budget.per.length > 0 && this.#budget.per.every((name) => instance.labels[name] === OTHER);
    if (!isOther && this.known.size >= this.#budget.maxInstances) {
      return this.admit(overflowInstance(this.#budget, this.#knownOwner));
    }
    this.known.set(instance.key, instance);
    return instance;
  }
}

/** What the config itself names: the one instance of a budget without `per`, and overrides that pin every `per`. */
function labelsFromTheStart(budget: Budget): Attribution[] {
  if (budget.per.length === 0) return [{}];
  return budget.overrides.flatMap(({ match }) => {
    const labels: Attribution = {};
    for (const dimension of budget.per) {
      const [value, ...others] = match[dimension] ?? budget.match[dimension] ?? [];
      if (value === undefined || others.length > 0 || value.includes('*')) return [];
      labels[dimension] = value;
    }
    return [labels];
  });
}

function admitAll(
  instances: readonly BudgetInstance[],
  rosters: ReadonlyMap<string, Roster>,
): readonly BudgetInstance[] {
  const admitted = instances.map((instance) => rosters.get(instance.budget.name)!.admit(instance));
  return admitted;
}
