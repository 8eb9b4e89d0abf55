/**
 * Which definitions of budgets are in force, as the ledger has it: `definition:…` marks that one was filled from history,
 * `retired:…` that a later config left it out. While it is retired nothing is posted to it, so one that comes back (a
 * config rolled back, a budget renamed and renamed again) is filled again. Marks are numbered, for a revision is kept once.
 */
import { hash } from 'node:crypto';
import type { Budget, BudgetInstance } from '../domain/budget.ts';
import { definitionOf } from '../domain/definition.ts';
import { parseAccount } from '../domain/instance.ts';
import type { EpochMs } from '../domain/time.ts';
import type { WindowSpec } from '../domain/window.ts';
import type { AccountDemand, Ledger } from '../ledger/ledger.ts';
import type { Policy } from './policy.ts';

export interface Definition {
  id: string;
  window: WindowSpec;
  /** Which attempts its budget, or an override of it, stops or rewrites: '' for none. Not from how much on. */
  acts: string;
}

export function definitionsOf(policy: Policy): Definition[] {
  return policy.config.budgets.flatMap((budget) => {
    const windows = [budget.window, ...budget.overrides.flatMap(({ terms }) => terms.window ?? [])];
    const acts = actingOf(budget);
    return windows.map((window) => ({ id: idOf(budget, window), window, acts }));
  });
}

/** A digest, so that another way to act can be told from the same one with other amounts. */
function actingOf(budget: Budget): string {
  const whole = { match: {}, terms: budget };
  const acting = [whole, ...budget.overrides].map(({ match, terms }) => {
    const { shadow, thresholds } = { ...budget, ...terms };
    const acts = thresholds.flatMap(({ action, when = {} }) =>
      action && !shadow ? [[action === 'downgrade', when]] : [],
    );
    return { match, acts: [...new Set(acts.map((each) => JSON.stringify(each)))].sort() };
  });
  // An override that acts as the whole budget does tells nothing, unless it is the one of several that says so.
  if (acting.every(({ acts }) => acts.length === 0)) return '';
  const [first, ...others] = acting;
  const isSame = others.every(({ acts }) => JSON.stringify(acts) === JSON.stringify(first!.acts));
  return hash('sha256', JSON.stringify(isSame ? first : acting), 'hex').slice(0, 8);
}

export function definitionIdOf({ budget, window }: BudgetInstance): string {
  return idOf(budget, window);
}

/** Whether the account is of the instance's budget as it is defined now, though perhaps of another instance of it. */
export function isOfDefinition(
  { budget, instance: account }: Pick<AccountDemand, 'budget' | 'instance'>,
  instance: BudgetInstance,
): boolean {
  return (
    budget === instance.budget.name && parseAccount(account)?.definition === parseAccount(instance.account)?.definition
  );
}

function idOf(budget: Budget, window: WindowSpec): string {
  return `${budget.name}:${definitionOf(budget, window)}`;
}

const MARK = /^(definition|retired):(.+:[0-9a-f]{8})(?:#\d+)?$/s;
const ACTING = /^acting:(.+:[0-9a-f]{8})=([0-9a-f]{8}|)#\d+$/s;

export class Marks {
  readonly #latest = new Map<string, { isFilled: boolean; count: number }>();
  readonly #acting = new Map<string, { acts: string; count: number }>();

  static async read(ledger: Ledger): Promise<Marks> {
    const marks = new Marks();
    for (const { hash } of await ledger.revisions()) {
      const [, kind, id] = MARK.exec(hash) ?? [];
      if (id !== undefined) marks.#note(id, kind === 'definition');
      const [, actor, acts] = ACTING.exec(hash) ?? [];
      if (actor !== undefined && acts !== undefined) marks.#noteActing(actor, acts);
    }
    return marks;
  }

  isFilled(id: string): boolean {
    return this.#latest.get(id)?.isFilled ?? false;
  }

  /** Whether nothing acted, as far as this was written down. */
  get isIdle(): boolean {
    const known = [...this.#acting].filter(([id]) => this.isFilled(id));
    return known.length > 0 && known.every(([, { acts }]) => acts === '');
  }

  /** Whether it was in force and acted otherwise than it does now, as far as this was written down. */
  isChanged({ id, acts }: Definition): boolean {
    const before = this.#acting.get(id);
    return before !== undefined && before.acts !== acts;
  }

  /** Writes down that these are in force, and that no others are. Errors: `LedgerUnavailable`, with some of it written. */
  async write(ledger: Ledger, definitions: readonly Definition[], at: EpochMs, by: string): Promise<void> {
    const inForce = new Map(definitions.map(({ id, acts }) => [id, acts]));
    for (const [id, { isFilled }] of this.#latest) {
      if (isFilled && !inForce.has(id)) await this.#write(ledger, id, false, at, by);
    }
    for (const [id, acts] of inForce) {
      if (this.#acting.get(id)?.acts !== acts) {
        await ledger.recordRevision({ hash: `acting:${id}=${acts}#${this.#acting.get(id)?.count ?? 0}`, at, by });
        this.#noteActing(id, acts);
      }
      if (!this.isFilled(id)) await this.#write(ledger, id, true, at, by);
    }
  }

  #noteActing(id: string, acts: string): void {
    this.#acting.set(id, { acts, count: (this.#acting.get(id)?.count ?? 0) + 1 });
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
