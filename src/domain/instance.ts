import { type Attribution, DIMENSIONS, type Dimension, type Match, matches, OTHER, UNSET } from './attribution.ts';
import type { Budget, BudgetInstance, BudgetTerms } from './budget.ts';
import { definitionOf } from './definition.ts';

/** Whether the config knows an owner of this name. */
export type KnownOwner = (name: string) => boolean;

/** `%`, the key's own punctuation, control characters, and halves of surrogate pairs (no database keeps those). */
const SPECIAL = /[%{},=\p{Cc}\p{Cs}]/gu;

/**
 * The stable name of an instance: `team-month{environment=production,team=support}`. Dimensions are sorted, so that
 * reordering `per` keeps the balance; what is special in a value is escaped, so that no two instances share a key.
 */
export function instanceKey(budgetName: string, labels: Attribution): string {
  const dimensions = Object.keys(labels).sort() as Dimension[];
  if (dimensions.length === 0) return escapeSpecial(budgetName);
  return `${escapeSpecial(budgetName)}{${dimensions.map((name) => `${name}=${escapeSpecial(labels[name] ?? UNSET)}`).join(',')}}`;
}

function escapeSpecial(text: string): string {
  return text.replace(SPECIAL, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase();
    return code.length > 2 ? `%u${code}` : `%${code.padStart(2, '0')}`;
  });
}

/** What a key says, read back; `undefined` when `instanceKey` cannot have written it. */
export function parseInstanceKey(key: string): { budget: string; labels: Attribution } | undefined {
  const [, name = '', list] = /^([^{}]*)(?:\{(.*)\})?$/s.exec(key) ?? [];
  const entries = list?.split(',').map((entry) => entry.split('=') as [string, string?]) ?? [];
  if (!entries.every(([dimension]) => (DIMENSIONS as readonly string[]).includes(dimension))) return undefined;
  const labels: Attribution = Object.fromEntries(
    entries.map(([dimension, value = '']) => [dimension, unescapeSpecial(value)]),
  );
  const parsed = { budget: unescapeSpecial(name), labels };
  return instanceKey(parsed.budget, labels) === key ? parsed : undefined;
}

function unescapeSpecial(text: string): string {
  return text.replace(/%(?:u([0-9A-F]{4})|([0-9A-F]{2}))/g, (_, unit, byte) =>
    String.fromCharCode(Number.parseInt(unit ?? byte, 16)),
  );
}

/** What an account's name says: the instance, and the definition under which it was opened. */
export function parseAccount(account: string): { budget: string; labels: Attribution; definition: string } | undefined {
  const [, key = '', definition = ''] = /^(.*)@([0-9a-f]{8})$/s.exec(account) ?? [];
  const parsed = parseInstanceKey(key);
  return parsed && definition ? { ...parsed, definition } : undefined;
}

/** The instance that an attempt counts towards, or `undefined` when the budget does not match it. */
export function resolveInstance(
  budget: Budget,
  attribution: Attribution,
  knownOwner: KnownOwner,
): BudgetInstance | undefined {
  if (!matches(budget.match, attribution)) return undefined;
  const labels: Attribution = {};
  for (const dimension of budget.per) labels[dimension] = attribution[dimension] || UNSET;
  return instanceOf(budget, labels, knownOwner);
}

/** The instance that takes what comes after `maxInstances`: every `per` dimension reads `(other)`. */
export function overflowInstance(budget: Budget, knownOwner: KnownOwner): BudgetInstance {
  return instanceOf(budget, Object.fromEntries(budget.per.map((dimension) => [dimension, OTHER])), knownOwner);
}

/** Instances of all budgets that match, in the budgets' order. */
export function matchBudgets(
  budgets: readonly Budget[],
  attribution: Attribution,
  knownOwner: KnownOwner,
): BudgetInstance[] {
  return budgets.flatMap((budget) => resolveInstance(budget, attribution, knownOwner) ?? []);
}

/**
 * Terms belong to the instance, never to the attempt: overrides see the labels and what `match` pins to one value, so
 * that two attempts of one instance cannot find two limits. Every override that matches applies, later over earlier.
 */
export function instanceOf(budget: Budget, labels: Attribution, knownOwner: KnownOwner): BudgetInstance {
  const known = { ...pinned(budget.match), ...labels };
  const { limitNanoUsd, window, thresholds, whenUnreachable, holds, shadow, owner } = budget;
  const terms: BudgetTerms = { limitNanoUsd, window, thresholds, whenUnreachable, holds, shadow, owner };
  if (budget.clampOutputTokens !== undefined) terms.clampOutputTokens = budget.clampOutputTokens;
  const named = budget.ownerBy && known[budget.ownerBy];
  if (named !== undefined && knownOwner(named)) terms.owner = named;
  for (const override of budget.overrides) {
    if (matches(override.match, known)) assignDefined(terms, override.terms);
  }
  if (terms.clampOutputTokens === 0) delete terms.clampOutputTokens;
  const key = instanceKey(budget.name, labels);
  return { ...terms, budget, labels, key, account: `${key}@${definitionOf(budget, terms.window)}` };
}

/** Dimensions that a match narrows to exactly one value. */
function pinned(match: Match): Attribution {
  const values: Attribution = {};
  for (const dimension in match) {
    const [value, ...others] = match[dimension as Dimension] ?? [];
    if (value !== undefined && others.length === 0 && !value.includes('*')) values[dimension as Dimension] = value;
  }
  return values;
}

function assignDefined<T extends object>(target: T, source: Partial<T>): void {
  for (const key in source) {
    const value = source[key];
    if (value !== undefined) target[key] = value;
  }
}
