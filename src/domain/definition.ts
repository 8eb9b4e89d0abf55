import { hash } from 'node:crypto';
import type { Budget } from './budget.ts';
import type { WindowSpec } from './window.ts';

const digests = new WeakMap<WindowSpec, WeakMap<Budget, string>>();

/**
 * What a budget counts, as eight hex digits: its match, classes, `per` and window. It is part of an account's name, so
 * that a changed definition is another account, filled from history, and a changed limit or threshold is the same one.
 */
export function definitionOf(budget: Budget, window: WindowSpec): string {
  const byBudget = digests.get(window) ?? new WeakMap<Budget, string>();
  digests.set(window, byBudget);
  const digest = byBudget.get(budget) ?? digestOf(budget, window);
  byBudget.set(budget, digest);
  return digest;
}

function digestOf({ match, classes, per }: Budget, window: WindowSpec): string {
  const matched = sorted(match).map(([dimension, patterns]) => [dimension, [...(patterns ?? [])].sort()]);
  const counted = [matched, classes ? [...classes].sort() : null, [...per].sort(), sorted(window)];
  return hash('sha256', JSON.stringify(counted), 'hex').slice(0, 8);
}

function sorted<T extends object>(record: T): [string, T[keyof T]][] {
  return (Object.entries(record) as [string, T[keyof T]][]).sort(([a], [b]) => (a < b ? -1 : 1));
}
