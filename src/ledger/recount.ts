import { isOpen } from './book.ts';
import type { Account, Hold } from './entries.ts';
import type { AccountRef, Balance } from './ledger.ts';

const PARTS = ['spentNanoUsd', 'heldNanoUsd', 'unresolvedNanoUsd'] as const;

/** Balances recomputed from entries, to be compared with the projection that decisions were made from. */
export class Recount {
  readonly #byAccount = new Map<number, Balance>();
  readonly #holdsOf = new Map<string, Balance>();

  addSpent(account: number, amount: bigint): void {
    const balance = this.#byAccount.get(account);
    if (balance) balance.spentNanoUsd += amount;
    else this.#byAccount.set(account, { spentNanoUsd: amount, heldNanoUsd: 0n, unresolvedNanoUsd: 0n });
  }

  addHold(hold: Hold<unknown>): void {
    if (!isOpen(hold)) return;
    for (const [index, demand] of hold.demands.entries()) {
      const balance = this.#heldOn(demand);
      if (hold.state.state === 'held') balance.heldNanoUsd += demand.amountNanoUsd;
      else if (hold.state.state === 'unresolved') balance.unresolvedNanoUsd += demand.amountNanoUsd;
      else balance.unresolvedNanoUsd += hold.remainders?.[index] ?? 0n;
    }
  }

  #heldOn(ref: AccountRef): Balance {
    const key = accountKey(ref);
    let balance = this.#holdsOf.get(key);
    if (!balance) {
      balance = { spentNanoUsd: 0n, heldNanoUsd: 0n, unresolvedNanoUsd: 0n };
      this.#holdsOf.set(key, balance);
    }
    return balance;
  }

  /** What the entries say of an account. */
  of(account: Account): Balance {
    const spentNanoUsd = this.#byAccount.get(account.id)?.spentNanoUsd ?? 0n;
    const held = this.#holdsOf.get(keyOf(account));
    return { spentNanoUsd, heldNanoUsd: held?.heldNanoUsd ?? 0n, unresolvedNanoUsd: held?.unresolvedNanoUsd ?? 0n };
  }

  /** One line for each account that differs, and for each posting or hold on an account that does not exist. */
  compare(accounts: Iterable<Account>): string[] {
    const problems: string[] = [];
    const ids = new Set<number>();
    const keys = new Set<string>();
    for (const account of accounts) {
      ids.add(account.id);
      keys.add(keyOf(account));
      problems.push(...this.#differences(account));
    }
    for (const id of this.#byAccount.keys()) {
      if (!ids.has(id)) problems.push(`postings name account ${id}, which does not exist`);
    }
    for (const key of this.#holdsOf.keys()) {
      if (!keys.has(key)) problems.push(`open holds name account ${key}, which does not exist`);
    }
    return problems;
  }

  #differences(account: Account): string[] {
    const expected = this.of(account);
    return PARTS.filter((part) => account[part] !== expected[part]).map(
      (part) => `account ${keyOf(account)}: ${part} is ${account[part]}, its entries say ${expected[part]}`,
    );
  }
}

const accountKey = ({ instance, window }: Pick<AccountRef, 'instance' | 'window'>): string =>
  `${instance} [${new Date(window.start).toISOString()}, ${new Date(window.end).toISOString()})`;
const keyOf = ({ instance, start, end }: Account): string => accountKey({ instance, window: { start, end } });
