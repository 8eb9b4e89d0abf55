import type { Registry } from 'prom-client';
import { type Dimension, UNSET } from '../../domain/attribution.ts';
import type { BudgetView } from '../../enforce/enforcer.ts';
import { BUDGET_LABEL, METRIC, thresholdLabel } from '../../telemetry/names.ts';
import { crossings } from '../present.ts';
import { OTHER_VALUE } from './cardinality.ts';
import { type Labels, Sums, usd } from './series.ts';

const STATES = ['ok', 'soft', 'hard'] as const;

/**
 * Where every budget stands, exactly as the ledger has it. Of a budget with many instances, those that need somebody
 * (not `ok`, or an open alert) and the `top` by spend have series of their own; the rest is `other`, for spent and
 * reserved only.
 */
export function writeBudgetGauges(registry: Registry, views: readonly BudgetView[], top: number): void {
  const per = [...new Set(views.flatMap((view) => view.instance.budget.per))];
  const gauges = new BudgetGauges(per);
  for (const group of Map.groupBy(views, (view) => view.instance.budget.name).values()) {
    const { shown, rest } = divide(group, top);
    for (const view of shown) gauges.show(view);
    for (const view of rest) gauges.fold(view);
  }
  gauges.write(registry);
}

function divide(views: readonly BudgetView[], top: number): { shown: BudgetView[]; rest: BudgetView[] } {
  const needed = views.filter(needsSomebody);
  const quiet = views.filter((view) => !needsSomebody(view)).toSorted(bySpendThenKey);
  return { shown: [...needed, ...quiet.slice(0, top)], rest: quiet.slice(top) };
}

function needsSomebody(view: BudgetView): boolean {
  return view.state !== 'ok' || view.openAlerts > 0 || view.instance.budget.per.length === 0;
}

function bySpendThenKey(a: BudgetView, b: BudgetView): number {
  if (a.spentNanoUsd !== b.spentNanoUsd) return a.spentNanoUsd > b.spentNanoUsd ? -1 : 1;
  return a.instance.key < b.instance.key ? -1 : 1;
}

class BudgetGauges {
  readonly #limit: Sums;
  readonly #spent: Sums;
  readonly #reserved: Sums;
  readonly #unresolved: Sums;
  readonly #state: Sums;
  readonly #crossed: Sums;
  readonly #windowEnd: Sums;

  constructor(per: readonly Dimension[]) {
    const names = [BUDGET_LABEL.budget, BUDGET_LABEL.owner, BUDGET_LABEL.shadow, ...per];
    this.#limit = new Sums(names);
    this.#spent = new Sums(names);
    this.#reserved = new Sums(names);
    this.#unresolved = new Sums(names);
    this.#windowEnd = new Sums(names);
    this.#state = new Sums([...names, BUDGET_LABEL.state]);
    this.#crossed = new Sums([...names, BUDGET_LABEL.threshold, BUDGET_LABEL.severity]);
  }

  show(view: BudgetView): void {
    const labels = { ...ownLabels(view), ...perLabels(view, (dimension) => view.instance.labels[dimension] ?? UNSET) };
    this.#limit.add(labels, view.instance.limitNanoUsd);
    this.#spent.add(labels, view.spentNanoUsd);
    this.#reserved.add(labels, view.reservedNanoUsd);
    this.#unresolved.add(labels, view.unresolvedNanoUsd);
    this.#windowEnd.add(labels, BigInt(view.window.end));
    for (const state of STATES) {
      this.#state.add({ ...labels, [BUDGET_LABEL.state]: state }, view.state === state ? 1n : 0n);
    }
    for (const { threshold, crossed } of crossings(view)) {
      const at = thresholdLabel(threshold.atBasisPoints);
      const { severity } = threshold;
      const mark = { ...labels, [BUDGET_LABEL.threshold]: at, [BUDGET_LABEL.severity]: severity };
      this.#crossed.add(mark, crossed ? 1n : 0n);
    }
  }

  fold(view: BudgetView): void {
    const labels = { ...ownLabels(view), ...perLabels(view, () => OTHER_VALUE) };
    this.#spent.add(labels, view.spentNanoUsd);
    this.#reserved.add(labels, view.reservedNanoUsd);
  }

  write(registry: Registry): void {
    this.#limit.writeGauge(registry, METRIC.budgetLimit, 'Limit of the window in USD.', usd);
    this.#spent.writeGauge(registry, METRIC.budgetSpent, 'Settled in the window, in USD.', usd);
    this.#reserved.writeGauge(
      registry,
      METRIC.budgetReserved,
      'Held for attempts in flight and leased to sessions, in USD.',
      usd,
    );
    this.#unresolved.writeGauge(
      registry,
      METRIC.budgetUnresolved,
      'Held for attempts nobody accounted for, in USD.',
      usd,
    );
    this.#state.writeGauge(registry, METRIC.budgetState, '1 for the state that the budget is in.');
    const flag = (sum: bigint) => (sum > 0n ? 1 : 0);
    this.#crossed.writeGauge(registry, METRIC.budgetThresholdCrossed, '1 when the share of the limit is spent.', flag);
    const seconds = (sum: bigint) => Number(sum) / 1000;
    this.#windowEnd.writeGauge(registry, METRIC.budgetWindowEnd, 'When the limit starts over.', seconds);
  }
}

function ownLabels({ instance }: BudgetView): Labels {
  return {
    [BUDGET_LABEL.budget]: instance.budget.name,
    [BUDGET_LABEL.owner]: instance.owner,
    [BUDGET_LABEL.shadow]: String(instance.shadow),
  };
}

function perLabels({ instance }: BudgetView, labelOf: (dimension: Dimension) => string): Labels {
  return Object.fromEntries(instance.budget.per.map((dimension) => [dimension, labelOf(dimension)]));
}
