/** Sums of settlements by dimensions, put together from rows or from partial sums. */
import type { UsageDimension } from '../domain/attribution.ts';
import type { Settlement, UsageGroup, UsageRow } from './ledger.ts';

export type UsageSums = Omit<UsageRow, 'group'>;

export class UsageTotals {
  readonly #rows = new Map<string, UsageRow>();

  add(group: UsageGroup, sums: UsageSums): void {
    const key = JSON.stringify(Object.entries(group).sort(([a], [b]) => (a < b ? -1 : 1)));
    const row = this.#rows.get(key);
    if (!row) {
      this.#rows.set(key, { group, ...sums });
      return;
    }
    row.costNanoUsd += sums.costNanoUsd;
    row.calls += sums.calls;
    row.inputTokens += sums.inputTokens;
    row.cachedReadTokens += sums.cachedReadTokens;
    row.cacheWriteTokens += sums.cacheWriteTokens;
    row.outputTokens += sums.outputTokens;
    row.reasoningTokens += sums.reasoningTokens;
    row.unpricedCalls += sums.unpricedCalls;
    row.estimatedCalls += sums.estimatedCalls;
  }

  /** Dearest first; equal ones in the order of their groups. */
  rows(): UsageRow[] {
    const keyed = [...this.#rows].sort(([a, x], [b, y]) => {
      if (x.costNanoUsd !== y.costNanoUsd) return x.costNanoUsd > y.costNanoUsd ? -1 : 1;
      return a < b ? -1 : 1;
    });
    return keyed.map(([, row]) => row);
  }
}

/** What a query groups by; a dimension that is not known stays absent. */
export function groupOf(
  { attribution, provider, model }: Pick<Settlement, 'attribution' | 'provider' | 'model'>,
  by: readonly UsageDimension[],
): UsageGroup {
  const known: UsageGroup = { ...attribution, served_provider: provider, served_model: model };
  const group: UsageGroup = {};
  for (const dimension of by) {
    const value = known[dimension];
    if (value !== undefined) group[dimension] = value;
  }
  return group;
}

export function usageSums({ usage, receipt, source }: Pick<Settlement, 'usage' | 'receipt' | 'source'>): UsageSums {
  return {
    costNanoUsd: receipt.costNanoUsd,
    calls: 1,
    inputTokens: usage.inputTokens,
    cachedReadTokens: usage.cachedReadTokens ?? 0,
    cacheWriteTokens: (usage.cacheWrite5mTokens ?? 0) + (usage.cacheWrite1hTokens ?? 0),
    outputTokens: usage.outputTokens,
    reasoningTokens: usage.reasoningTokens ?? 0,
    unpricedCalls: receipt.status === 'unpriced' ? 1 : 0,
    estimatedCalls: source === 'estimated' ? 1 : 0,
  };
}
