import type { AlertEvent } from '../domain/alert.ts';
import type { BudgetInstance } from '../domain/budget.ts';
import { firedStill } from '../domain/evaluate.ts';
import type { NanoUsd } from '../domain/money.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import { sinceAt, type Window, windowAt } from '../domain/window.ts';
import type { AccountBalance } from '../ledger/ledger.ts';

interface Spent {
  window: Window;
  amountNanoUsd: NanoUsd;
}

const NONE: ReadonlySet<number> = new Set();
const PRUNE_EVERY_MS: DurationMs = 60_000;

/**
 * What was spent of each instance and what was told of it, as far as this process has seen. Soft decisions and
 * crossings are made from it; caps never are: those the ledger holds.
 */
export class Standing {
  #prunedBefore: EpochMs = 0;
  readonly #accounts = new Map<string, Map<EpochMs, Spent>>();
  readonly #told = new Map<string, AlertEvent[]>();

  /** Replaces everything by what the ledger says. */
  load(accounts: readonly AccountBalance[], events: readonly AlertEvent[]): void {
    this.#accounts.clear();
    this.#told.clear();
    for (const { instance, window, spentNanoUsd } of accounts) this.post(instance, window, spentNanoUsd);
    for (const event of events) this.tell(event);
  }

  post(account: string, window: Window, amountNanoUsd: NanoUsd): void {
    const windows = this.#accounts.get(account) ?? new Map<EpochMs, Spent>();
    this.#accounts.set(account, windows);
    const spent = windows.get(window.start);
    if (spent) spent.amountNanoUsd += amountNanoUsd;
    else windows.set(window.start, { window, amountNanoUsd });
  }

  /** Spent of the window that `at` falls into. */
  spent(instance: BudgetInstance, at: EpochMs): NanoUsd {
    const accounts = this.#accounts.get(instance.account);
    if (!accounts) return 0n;
    if (instance.window.kind === 'calendar') {
      return accounts.get(windowAt(instance.window, at).start)?.amountNanoUsd ?? 0n;
    }
    const since = sinceAt(instance.window, at);
    let spent = 0n;
    for (const account of accounts.values()) {
      if (account.window.end > since && account.window.start <= at) spent += account.amountNanoUsd;
    }
    return spent;
  }

  tell(event: AlertEvent): void {
    const events = this.#told.get(event.instance);
    if (events) events.push(event);
    else this.#told.set(event.instance, [event]);
  }

  /** Events of the window that `at` falls into; of a rolling window, those whose threshold has not re-armed. */
  events(instance: BudgetInstance, at: EpochMs): AlertEvent[] {
    const events = this.#told.get(instance.key);
    if (!events) return [];
    if (instance.window.kind === 'rolling') return events;
    const { start } = windowAt(instance.window, at);
    return events.filter((event) => event.window.start === start);
  }

  /** Thresholds in basis points that have fired and not re-armed, 0 for a denial near the cap. */
  already(instance: BudgetInstance, at: EpochMs, spentNanoUsd: NanoUsd): ReadonlySet<number> {
    const events = this.events(instance, at);
    if (events.length === 0) return NONE;
    const fired = events.filter(({ kind }) => kind !== 'unpriced').map((event) => event.thresholdBasisPoints);
    const still = firedStill(instance, new Set(fired), spentNanoUsd);
    if (instance.window.kind === 'rolling' && events.length > 0) {
      this.#told.set(
        instance.key,
        events.filter((event) => still.has(event.thresholdBasisPoints)),
      );
    }
    return still;
  }

  /** Forgets windows that ended before the instant; looks once for every minute that it moves on. */
  prune(before: EpochMs): void {
    if (before < this.#prunedBefore + PRUNE_EVERY_MS) return;
    this.#prunedBefore = before;
    for (const [instance, accounts] of this.#accounts) {
      for (const [start, { window }] of accounts) if (window.end <= before) accounts.delete(start);
      if (accounts.size === 0) this.#accounts.delete(instance);
    }
    for (const [instance, events] of this.#told) {
      const live = events.filter((event) => event.window.end > before);
      if (live.length === 0) this.#told.delete(instance);
      else if (live.length < events.length) this.#told.set(instance, live);
    }
  }
}
