import type { Budget, Threshold } from '../domain/budget.ts';
import { isStopping, variants } from './terms.ts';

/** What happens to calls at these thresholds, as a sentence: `From here calls are paused (workflow=batch).` */
export function actionsAt(budget: Budget, which: (threshold: Threshold) => boolean): string {
  const chosen = variants(budget).flatMap((variant) => variant.thresholds.filter(which));
  const acting = chosen.filter((threshold) => threshold.action);
  if (acting.length === 0) return 'No call is stopped at this threshold.';
  const actions = [...new Set(acting.map(actionText))].join(', or ');
  const some = acting.length < chosen.length ? ' where the budget says so' : '';
  return `From here calls are ${actions}${some}.`;
}

const PARTICIPLE = { block: 'blocked', pause: 'paused', downgrade: 'rewritten to a cheaper model' } as const;

function actionText(threshold: Threshold): string {
  const when = Object.entries(threshold.when ?? {}).map(
    ([dimension, patterns]) => `${dimension}=${patterns.join('|')}`,
  );
  const verb = threshold.action ? PARTICIPLE[threshold.action] : 'allowed';
  return when.length === 0 ? verb : `${verb} (${when.join(', ')})`;
}

/** What a budget does at its hard limit: the actions of its stopping thresholds. */
export function hardActions(budget: Budget): string {
  return actionsAt(budget, isStopping);
}
