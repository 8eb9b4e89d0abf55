/**
 * Which definitions of budgets are in force, as the ledger has it: `definition:…` marks that one was filled from history,
 * `retired:…` that a later config left it out. While it is retired nothing is posted to it, so one that comes back (a
 * config rolled back, a budget renamed and renamed again) is filled again. Marks are numbered, for a revision is kept once.
 */
import type { Budget, BudgetInstance } from '../domain/budget.ts';
import { definitionOf } from '../domain/definition.ts';
import type { EpochMs } from '../domain/time.ts';
import type { WindowSpec } from '../domain/window.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Policy } from './policy.ts';

export interface Definition {
  id: string;
  window: WindowSpec;
  /** Its budget, or an override of it, stops or rewrites attempts. */
  acts: boolean;
}

export function definitionsOf(policy: Policy): Definition[] {
  return policy.config.budgets.flatMap((budget) => {
    const windows = [budget.window, ...budget.overrides.flatMap(({ terms }) => terms.window ?? [])];
    const terms = [budget, ...budget.overrides.map((override) => ({ ...budget, ...override.terms }))];
    const acts = terms.some(({ shadow, thresholds }) => !shadow && thresholds.some(({ action }) => action));
    return windows.map((window) => ({ id: idOf(budget, window), window, acts }));
  });
}

export function definitionIdOf({ budget, window }: BudgetInstance): string {
  return idOf(budget, window);
}

function idOf(budget: Budget, window: WindowSpec): string {
  return `${budget.name}:${definitionOf(budget, window)}`;
}

const MARK = /^(definition|retired):(.+:[0-9a-f]{8})(?:#\d+)?$/s;

export class Marks {
  readonly #latest = new Map<string, { isFilled: boolean; count: number }>();

  static async read(ledger: Ledger): Promise<Marks> {
    const marks = new Marks();
    for (const { hash } of await ledger.revisions()) {
      const [, kind, id] = MARK.exec(hash) ?? [];
      if (id !== undefined) marks.#note(id, kind === 'definition');
    }
    return marks;
  }

  isFilled(id: string): boolean {
    return this.#latest.get(id)?.isFilled ?? false;
  }

  /** Writes down that these are in force, and that no others are. Errors: `LedgerUnavailable`, with some of it written. */
  async write(ledger: Ledger, inForce: ReadonlySet<string>, at: EpochMs, by: string): Promise<void> {
    for (const [id, { isFilled }] of this.#latest) {
      if (isFilled && !inForce.has(id)) await this.#write(ledger, id, false, at, by);
    }
    for (const id of inForce) if (!this.isFilled(id)) await this.#write(ledger, id, true, at, by);
  }

  async #write(ledger: Ledger, id: string, isFilled: boolean, at: EpochMs, by: string): Promise<void> {
    const count = this.#latest.get(id)?.count ?? 0;
    const hash = `${isFilled ? 'definition' : 'retired'}:${id}${count > 0 ? `#${count}` : ''}`;
    await ledger.recordRevision({ hash, at, by });
    this.#note(id, isFilled);
  }

  #note(id: string, isFilled: boolean): void {
    this.#latest.set(id, { isFilled, count: (this.#latest.get(id)?.count ?? 0) + 1 });
  }
}
