import type { Config } from '../config/config.ts';
import { type Attribution, type Dimension, type Match, matchesPattern } from '../domain/attribution.ts';
import type { Budget, BudgetTerms } from '../domain/budget.ts';
import type { WireRules } from '../protocol/wire.ts';

/** A call may say another team than its session, so one acting budget anywhere means that every call asks. */
export function everyCallAsks({ budgets, unmatched }: Config): boolean {
  return unmatched === 'deny' || budgets.some((budget) => termsOf(budget).some(({ terms }) => acts(terms)));
}

/** What a session needs to know of the config; `attribution` is the session's own. */
export function rulesOf(config: Config, attribution: Attribution): WireRules {
  const acting = config.budgets.flatMap((budget) => termsOf(budget)).filter(({ terms }) => acts(terms));
  const blocks = acting.some(
    ({ terms, match }) => terms.whenUnreachable === 'block' && match.every((part) => mayMatch(part, attribution)),
  );
  return {
    version: config.hash,
    admission: everyCallAsks(config) ? 'server' : 'none',
    when_unreachable: blocks ? 'block' : 'allow',
    unreachable_allowance: config.unreachableAllowanceNanoUsd.toString(),
    max_wait_ms: config.maxWaitMs,
  };
}

function termsOf(budget: Budget): { terms: BudgetTerms; match: Match[] }[] {
  const overridden = budget.overrides.map(({ match, terms }) => ({
    terms: { ...budget, ...terms },
    match: [budget.match, match],
  }));
  return [{ terms: budget, match: [budget.match] }, ...overridden];
}

function acts(terms: BudgetTerms): boolean {
  return !terms.shadow && terms.thresholds.some((threshold) => threshold.action !== undefined);
}

/** Like `matches`, but a dimension that the session does not know may still come with the call. */
function mayMatch(match: Match, attribution: Attribution): boolean {
  return Object.entries(match).every(([dimension, patterns]) => {
    const value = attribution[dimension as Dimension];
    return value === undefined || patterns.some((pattern) => matchesPattern(pattern, value));
  });
}
