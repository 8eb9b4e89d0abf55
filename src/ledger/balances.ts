import type { EpochMs } from '../domain/time.ts';
import type { Account } from './entries.ts';
import type { AccountRef, Balance } from './ledger.ts';

/** Every account of the instance whose window ends after `floor` is in memory; older ones are fetched when asked for. */
interface Instance {
  accounts: Account[];
  floor: EpochMs;
  /** How far back demands have looked, and one sub-bucket more: what a sweep keeps. */
  lookbackMs: number;
}

export type FetchAccounts = (instance: string, after: EpochMs, upTo: EpochMs) => Account[];

/**
 * The balances in memory: by instance, then by window. A calendar demand reads the account of its own window; a rolling
 * one sums the sub-buckets of its width that end after `since`, so that accounts left by an earlier definition of the
 * window never count twice (they are backfilled into the new one).
 */
export class Balances {
  readonly #instances = new Map<string, Instance>();
  readonly #fetch: FetchAccounts;
  readonly #changed = new Set<Account>();
  #floor: EpochMs;
  #lastId: number;

  /** `accounts` are all that end after `floor`; `lastId` is the highest id ever given. */
  constructor(start: { accounts: readonly Account[]; floor: EpochMs; lastId: number }, fetch: FetchAccounts) {
    this.#fetch = fetch;
    this.#floor = start.floor;
    this.#lastId = start.lastId;
    for (const account of start.accounts) this.#instance(account.instance).accounts.push(account);
  }

  find(ref: AccountRef): Account | undefined {
    const { start, end } = ref.window;
    return this.#reaching(ref.instance, end - 1).accounts.find((a) => a.end === end && a.start === start);
  }

  /** The account, opened at zero when there is none. */
  obtain(ref: AccountRef & { budget: string }): Account {
    const found = this.find(ref);
    if (found) return found;
    this.#lastId += 1;
    const account: Account = {
      id: this.#lastId,
      instance: ref.instance,
      budget: ref.budget,
      start: ref.window.start,
      end: ref.window.end,
      spentNanoUsd: 0n,
      heldNanoUsd: 0n,
      unresolvedNanoUsd: 0n,
    };
    this.#instance(ref.instance).accounts.push(account);
    this.#changed.add(account);
    return account;
  }

  /** What counts against a demand on this account now. */
  counted(ref: AccountRef, latest: EpochMs): Balance {
    if (ref.since >= ref.window.start) return this.find(ref) ?? ZERO;
    const instance = this.#reaching(ref.instance, ref.since);
    const width = ref.window.end - ref.window.start;
    instance.lookbackMs = Math.max(instance.lookbackMs, latest - ref.since + width);
    const sum = { spentNanoUsd: 0n, heldNanoUsd: 0n, unresolvedNanoUsd: 0n };
    for (const account of instance.accounts) {
      if (account.end <= ref.since || account.end - account.start !== width) continue;
      sum.spentNanoUsd += account.spentNanoUsd;
      sum.heldNanoUsd += account.heldNanoUsd;
      sum.unresolvedNanoUsd += account.unresolvedNanoUsd;
    }
    return sum;
  }

  change(account: Account, by: Partial<Balance>): void {
    account.spentNanoUsd += by.spentNanoUsd ?? 0n;
    account.heldNanoUsd += by.heldNanoUsd ?? 0n;
    account.unresolvedNanoUsd += by.unresolvedNanoUsd ?? 0n;
    this.#changed.add(account);
  }

  /** The accounts changed since the last call: what a transaction writes once, however often they changed in it. */
  takeChanged(): Account[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  *all(): Generator<Account> {
    for (const instance of this.#instances.values()) yield* instance.accounts;
  }

  /** Forgets what is written down, over, and out of reach of every demand seen. Call it between transactions. */
  sweep(latest: EpochMs): void {
    for (const [key, instance] of this.#instances) {
      const reach = latest - instance.lookbackMs;
      instance.accounts = instance.accounts.filter((a) => a.end > reach || this.#changed.has(a));
      instance.floor = Math.max(instance.floor, reach);
      if (instance.accounts.length === 0) this.#instances.delete(key);
    }
    this.#floor = Math.max(this.#floor, latest);
  }

  #instance(key: string): Instance {
    let instance = this.#instances.get(key);
    if (!instance) {
      instance = { accounts: [], floor: this.#floor, lookbackMs: 0 };
      this.#instances.set(key, instance);
    }
    return instance;
  }

  #reaching(key: string, after: EpochMs): Instance {
    const instance = this.#instance(key);
    if (after < instance.floor) {
      const known = new Set(instance.accounts.map((account) => account.id));
      for (const account of this.#fetch(key, after, instance.floor)) {
        if (!known.has(account.id)) instance.accounts.push(account);
      }
      instance.floor = after;
    }
    return instance;
  }
}

const ZERO: Readonly<Balance> = Object.freeze({ spentNanoUsd: 0n, heldNanoUsd: 0n, unresolvedNanoUsd: 0n });
