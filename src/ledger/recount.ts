import type { Window } from '../domain/window.ts';
import type { Account, Hold } from './entries.ts';
import { heldOn, isOpen, unresolvedOn } from './holds.ts';
import type { AccountRef, Balance } from './ledger.ts';

const PARTS = ['spentNanoUsd', 'heldNanoUsd', 'unresolvedNanoUsd'] as const;

interface HeldAccount {
  ref: AccountRef;
  heldNanoUsd: bigint;
  unresolvedNanoUsd: bigint;
}

/** Balances recomputed from entries, to be compared with the projection that decisions were made from. */
export class Recount {
  readonly #spent = new Map<number, bigint>();
  readonly #held = new Map<string, HeldAccount>();

  addSpent(account: number, amount: bigint): void {
    this.#spent.set(account, (this.#spent.get(account) ?? 0n) + amount);
  }

  addHold(hold: Hold<unknown>): void {
    if (!isOpen(hold)) return;
    for (const [index, demand] of hold.demands.entries()) {
      const account = this.#heldOn(demand);
      account.heldNanoUsd += heldOn(hold, index);
      account.unresolvedNanoUsd += unresolvedOn(hold, index);
    }
  }

  #heldOn(ref: AccountRef): HeldAccount {
    const key = keyOf(ref.instance, ref.window);
    let account = this.#held.get(key);
    if (!account) {
      account = { ref, heldNanoUsd: 0n, unresolvedNanoUsd: 0n };
      this.#held.set(key, account);
    }
    return account;
  }

  /** What the entries say of an account. */
  of(account: Account): Balance {
    const held = this.#held.size > 0 ? this.#held.get(keyOf(account.instance, account)) : undefined;
    return {
      spentNanoUsd: this.#spent.get(account.id) ?? 0n,
      heldNanoUsd: held?.heldNanoUsd ?? 0n,
      unresolvedNanoUsd: held?.unresolvedNanoUsd ?? 0n,
    };
  }

  /** One line for each part that differs on one of all accounts, and for each entry on an account that does not exist. */
  compare(accounts: readonly Account[]): string[] {
    const ids = new Set(accounts.map(({ id }) => id));
    const strays = [...this.#spent.keys()].filter((id) => !ids.has(id));
    return [
      ...accounts.flatMap((account) => this.#differences(account, PARTS)),
      ...strays.map((id) => `postings name account ${id}, which does not exist`),
      ...this.#homeless(accounts),
    ];
  }

  /** The same of held and unresolved money alone; `accounts` are at least those that have some. */
  compareHeld(accounts: readonly Account[]): string[] {
    const parts = ['heldNanoUsd', 'unresolvedNanoUsd'] as const;
    return [...accounts.flatMap((account) => this.#differences(account, parts)), ...this.#homeless(accounts)];
  }

  #differences(account: Account, parts: readonly (keyof Balance)[]): string[] {
    const expected = this.of(account);
    const wrong = parts.filter((part) => account[part] !== expected[part]);
    if (wrong.length === 0) return [];
    const name = describeAccount(account.instance, account);
    return wrong.map((part) => `account ${name}: ${part} is ${account[part]}, its entries say ${expected[part]}`);
  }

  #homeless(accounts: readonly Account[]): string[] {
    const left = new Map(this.#held);
    for (const account of left.size > 0 ? accounts : []) left.delete(keyOf(account.instance, account));
    const lost = [...left.values()].filter((held) => held.heldNanoUsd + held.unresolvedNanoUsd > 0n);
    return lost.map(({ ref, heldNanoUsd, unresolvedNanoUsd }) => {
      const name = describeAccount(ref.instance, ref.window);
      return `account ${name}: its open holds say ${heldNanoUsd} held, ${unresolvedNanoUsd} unresolved, which it has not`;
    });
  }
}

const keyOf = (instance: string, { start, end }: Window): string => `${start} ${end} ${instance}`;

/** For people: `team-month|support [2026-11-01T00:00:00.000Z, 2026-12-01T00:00:00.000Z)`. */
export function describeAccount(instance: string, { start, end }: Window): string {
  return `${instance} [${new Date(start).toISOString()}, ${new Date(end).toISOString()})`;
}
