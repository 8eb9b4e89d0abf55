import { type Attribution, DIMENSIONS, type Dimension } from './attribution.ts';
import type { Budget, BudgetInstance } from './budget.ts';
import { type KnownOwner, matchBudgets } from './instance.ts';

/** Budgets made ready for the hot path. */
export interface CompiledBudgets {
  readonly budgets: readonly Budget[];
  /** Instances of all budgets that match, in the budgets' order. The answer is shared: do not change it. */
  match(attribution: Attribution): readonly BudgetInstance[];
}

/** Matches once for each combination of the dimensions that any budget looks at, and remembers the recent ones. */
export function compileBudgets(
  budgets: readonly Budget[],
  options: { knownOwner: KnownOwner; cacheSize?: number },
): CompiledBudgets {
  const dimensions = relevantDimensions(budgets);
  const cache = new RecentCache<readonly BudgetInstance[]>(options.cacheSize ?? 4096);
  return {
    budgets,
    match(attribution) {
      const signature = signatureOf(dimensions, attribution);
      let instances = cache.get(signature);
      if (!instances) {
        instances = matchBudgets(budgets, attribution, options.knownOwner);
        cache.set(signature, instances);
      }
      return instances;
    },
  };
}

/** Dimensions that decide whether a budget matches and which instance; all others cannot change the answer. */
function relevantDimensions(budgets: readonly Budget[]): Dimension[] {
  const used = new Set(budgets.flatMap(({ match, per }) => [...Object.keys(match), ...per]));
  return DIMENSIONS.filter((dimension) => used.has(dimension));
}

/** Lengths keep it unambiguous whatever characters the values have. */
function signatureOf(dimensions: readonly Dimension[], attribution: Attribution): string {
  let signature = '';
  for (const dimension of dimensions) {
    const value = attribution[dimension];
    signature += value === undefined ? '-' : `${value.length}:${value}`;
  }
  return signature;
}

/**
 * A bounded cache whose hit is one lookup: two generations, the younger of at most `size` entries. What was not asked
 * for during a whole generation is forgotten.
 */
class RecentCache<T> {
  private young = new Map<string, T>();
  private old = new Map<string, T>();
  private readonly size: number;

  constructor(size: number) {
    this.size = Math.max(1, size);
  }

  get(key: string): T | undefined {
    const value = this.young.get(key);
    if (value !== undefined) return value;
    const older = this.old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: string, value: T): void {
    if (this.young.size >= this.size) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, value);
  }
}
