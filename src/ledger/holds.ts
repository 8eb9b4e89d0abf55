/**
 * What a hold has set aside on each of its accounts. Every balance of held and unresolved money is the sum of these over
 * the holds that are open; a step of the ledger is the exchange of a hold for its next form.
 */
import type { Hold } from './entries.ts';
import type { AccountRef } from './ledger.ts';

/** A hold is open while money is set aside for it: live, unresolved, or settled with an unresolved remainder. */
export function isOpen(hold: Hold<unknown>): boolean {
  return isLive(hold) || hold.remainderNanoUsd > 0n;
}

/** It has not ended: held or unresolved. */
export function isLive({ state }: Hold<unknown>): boolean {
  return state.state === 'held' || state.state === 'unresolved';
}

/** What is held for its demand at `index`. */
export function heldOn(hold: Hold<unknown>, index: number): bigint {
  return hold.state.state === 'held' ? (hold.demands[index]?.amountNanoUsd ?? 0n) : 0n;
}

/** What is unresolved of its demand at `index`. */
export function unresolvedOn(hold: Hold<unknown>, index: number): bigint {
  if (hold.state.state === 'settled') return hold.remainders?.[index] ?? 0n;
  if (hold.state.state !== 'unresolved') return 0n;
  const demand = hold.demands[index];
  if (!demand || (demand.expected && hold.forgivenAt !== undefined)) return 0n;
  return demand.amountNanoUsd;
}

/** Since when money of `expected` budgets is unresolved in it; undefined when there is none that could be forgiven. */
export function forgivableSince(hold: Hold<unknown>): number | undefined {
  if (hold.state.state === 'held') return undefined;
  if (!hold.demands.some((demand, index) => demand.expected && unresolvedOn(hold, index) > 0n)) return undefined;
  return hold.state.state === 'unresolved' ? hold.state.since : (hold.remainderSince ?? 0);
}

export const sameAccount = (a: AccountRef, b: AccountRef): boolean =>
  a.instance === b.instance && a.window.start === b.window.start && a.window.end === b.window.end;
export const positive = (amount: bigint): bigint => (amount > 0n ? amount : 0n);
export const atMost = (amount: bigint, limit: bigint): bigint => (amount < limit ? amount : limit);
