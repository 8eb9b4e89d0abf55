import { type Attribution, matches, matchesPattern } from './attribution.ts';
import type { BudgetInstance } from './budget.ts';
import { isCrossed } from './cap.ts';
import type { NanoUsd } from './money.ts';

/** An instance with what was spent of it in its current window. */
export interface SpentInstance {
  instance: BudgetInstance;
  spentNanoUsd: NanoUsd;
}

/** What an attempt is asked to become, and the first budget that asks for it. */
export interface Rewrite {
  model?: string;
  maxOutputTokens?: number;
  by: BudgetInstance;
}

export type SoftDecision =
  | { decision: 'allow' }
  | { decision: 'warn'; by: BudgetInstance }
  | { decision: 'downgrade'; rewrite: Rewrite; by: BudgetInstance };

/** What budgets below their caps say of an attempt. Shadow budgets say nothing. */
export function softDecision(
  candidates: readonly SpentInstance[],
  attribution: Attribution,
  model: string,
): SoftDecision {
  const rewrite = rewriteOf(candidates, attribution, model);
  if (rewrite) return { decision: 'downgrade', rewrite, by: rewrite.by };
  const warning = candidates.find(({ instance, spentNanoUsd }) => warns(instance, spentNanoUsd, attribution));
  return warning ? { decision: 'warn', by: warning.instance } : { decision: 'allow' };
}

function warns(instance: BudgetInstance, spentNanoUsd: NanoUsd, attribution: Attribution): boolean {
  if (instance.shadow) return false;
  return instance.thresholds.some(
    ({ when, atBasisPoints }) =>
      isCrossed(instance, atBasisPoints, spentNanoUsd) && (!when || matches(when, attribution)),
  );
}

/**
 * The rewrite of an attempt. Each budget speaks through its highest crossed `downgrade` threshold that is about this
 * attempt and model; the first budget with a model names it (mapped once, never in a chain), the smallest output wins.
 */
export function rewriteOf(
  candidates: readonly SpentInstance[],
  attribution: Attribution,
  model: string,
): Rewrite | undefined {
  let rewrite: Rewrite | undefined;
  for (const { instance, spentNanoUsd } of candidates) {
    const asked = downgradeOf(instance, spentNanoUsd, attribution, model);
    if (!asked) continue;
    rewrite ??= { by: instance };
    if (asked.model !== undefined) rewrite.model ??= asked.model;
    if (asked.maxOutputTokens !== undefined) {
      rewrite.maxOutputTokens = Math.min(asked.maxOutputTokens, rewrite.maxOutputTokens ?? Number.POSITIVE_INFINITY);
    }
  }
  return rewrite;
}

function downgradeOf(
  instance: BudgetInstance,
  spentNanoUsd: NanoUsd,
  attribution: Attribution,
  model: string,
): Omit<Rewrite, 'by'> | undefined {
  if (instance.shadow) return undefined;
  const [threshold] = instance.thresholds
    .filter(
      ({ action, atBasisPoints, when, models }) =>
        action === 'downgrade' &&
        isCrossed(instance, atBasisPoints, spentNanoUsd) &&
        (!when || matches(when, attribution)) &&
        (!models || mappedModel(models, model) !== undefined),
    )
    .sort((a, b) => b.atBasisPoints - a.atBasisPoints);
  if (!threshold) return undefined;
  const target = threshold.models && mappedModel(threshold.models, model);
  const changes: Omit<Rewrite, 'by'> = {};
  if (target !== undefined && target !== model) changes.model = target;
  if (threshold.maxOutputTokens !== undefined) changes.maxOutputTokens = threshold.maxOutputTokens;
  return changes.model === undefined && changes.maxOutputTokens === undefined ? undefined : changes;
}

/** The exact name first, then patterns as written. */
function mappedModel(models: Readonly<Record<string, string>>, model: string): string | undefined {
  if (Object.hasOwn(models, model)) return models[model];
  const pattern = Object.keys(models).find((candidate) => matchesPattern(candidate, model));
  return pattern === undefined ? undefined : models[pattern];
}
