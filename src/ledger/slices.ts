/**
 * A slice in the ledger: a hold with one demand and no attempt. Its money only ever leaves it, in two ways:
 *
 *   granted = held + split + freed
 *
 * - **Split** moves money to the hold of an attempt that drew it. The account keeps it set aside; only its owner changes.
 *   An attempt is split once, by its id, so telling twice changes nothing. It takes at most what is there.
 * - **Freed** gives money back to the account. A close does so with what is held above `drawn - split`: what is drawn
 *   and not split yet stays held, until the attempts are told of.
 *
 * A slice that is closed or unresolved ends, `released`, as soon as it holds nothing: nobody can draw from it, and all
 * that was drawn has an owner. Why order and repetition do not matter for a client that tells the truth: with d the sum
 * of all that was drawn and s of what is split so far, a close leaves d - s at any moment, and each split takes its own
 * part of that, so after the close and all splits nothing is held, d is split and granted - d is freed, whichever came first.
 *
 * A client that closes with too small a sum has given back money that it spent: later splits find less, and what they miss
 * shows as overage of their settlements, which post in full all the same. One that names a larger sum later does not get
 * the money back, for others may hold it; the sum is only written down. One that names too large a sum keeps the
 * difference held, until its slice is lost and an operator closes it. In no case is money counted twice or a cap passed
 * unseen: a slice never grows.
 *
 * A slice that is written off, released or forgiven holds nothing. Attempts that drew from it and are told of later have
 * nothing set aside there; their settlements post to its account all the same, with what was missing as overage.
 */
import type { Draw } from '../domain/lease.ts';
import type { NanoUsd } from '../domain/money.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Hold } from './entries.ts';
import { atMost, isLive, positive, sameAccount } from './holds.ts';
import type { AccountDemand, SliceState, SliceTerms } from './ledger.ts';

export function grantedSlice(terms: SliceTerms, grantedNanoUsd: NanoUsd): SliceState {
  return { ...terms, grantedNanoUsd, splitNanoUsd: 0n, freedNanoUsd: 0n };
}

/** What an attempt gets of the slices that it drew from. */
export interface Share<D> {
  /** By id, those that are known, also those that have ended: it was admitted in their lives and on their accounts. */
  found: ReadonlyMap<string, Hold<D>>;
  /** By slice, what it takes. */
  takes: ReadonlyMap<string, NanoUsd>;
  /** One for each account of a known slice, also where nothing was left to take: the attempt's cost is posted there. */
  demands: readonly AccountDemand[];
  /** By how much strict slices fell short of what was drawn, on the account where that is most. */
  shortNanoUsd: NanoUsd;
  /** Why a slice of which it takes is unresolved: the attempt shares its fate. */
  unresolved: string | undefined;
}

export function shareOf<D>(draws: readonly Draw[], find: (slice: string) => Hold<D> | undefined): Share<D> {
  const found = new Map<string, Hold<D>>();
  const takes = new Map<string, NanoUsd>();
  const demands: AccountDemand[] = [];
  const missing = new Map<string, NanoUsd>();
  let unresolved: string | undefined;
  for (const { slice: id, amountNanoUsd: drawn } of draws) {
    const slice = found.get(id) ?? find(id);
    const demand = slice?.slice ? slice.demands[0]! : undefined;
    let taken = 0n;
    if (slice && demand) {
      found.set(id, slice);
      const before = takes.get(id) ?? 0n;
      taken = atMost(drawn, demand.amountNanoUsd - before);
      addTo(demands, { ...demand, amountNanoUsd: taken });
      if (taken > 0n) {
        takes.set(id, before + taken);
        if (slice.state.state === 'unresolved') unresolved ??= slice.state.reason;
      }
    }
    if (drawn === taken || demand?.expected) continue;
    const account = demand ? `${demand.window.start} ${demand.window.end} ${demand.instance}` : '';
    missing.set(account, (missing.get(account) ?? 0n) + drawn - taken);
  }
  const shortNanoUsd = [...missing.values()].reduce((most, each) => (each > most ? each : most), 0n);
  return { found, takes, demands, shortNanoUsd, unresolved };
}

/** Two slices of one account make one demand. */
function addTo(demands: AccountDemand[], demand: AccountDemand): void {
  const index = demands.findIndex((known) => sameAccount(known, demand));
  if (index < 0) demands.push(demand);
  else demands[index] = { ...demands[index]!, amountNanoUsd: demands[index]!.amountNanoUsd + demand.amountNanoUsd };
}

/** When an attempt was admitted, as its client says, but within the lives and windows of its slices, and never after now. */
export function admittedWithin(found: Iterable<Hold<unknown>>, said: EpochMs, now: EpochMs): EpochMs {
  let [from, until] = [0, now];
  for (const { admittedAt, slice, demands } of found) {
    from = Math.max(from, admittedAt);
    until = Math.min(until, slice!.validUntil, demands[0]!.window.end - 1);
  }
  return Math.min(Math.max(said, from), until);
}

export function afterSplit<D>(slice: Hold<D>, amountNanoUsd: NanoUsd, at: EpochMs): Hold<D> {
  const splitNanoUsd = slice.slice!.splitNanoUsd + amountNanoUsd;
  return endedIfEmpty(holding(slice, slice.amountNanoUsd - amountNanoUsd, { splitNanoUsd }), at);
}

/** Undefined when the close says nothing new. */
export function afterClose<D>(slice: Hold<D>, drawnNanoUsd: NanoUsd, at: EpochMs): Hold<D> | undefined {
  const known = slice.slice!.drawnNanoUsd;
  if (!isLive(slice) || (known !== undefined && drawnNanoUsd <= known)) return undefined;
  const left = atMost(slice.amountNanoUsd, positive(drawnNanoUsd - slice.slice!.splitNanoUsd));
  const closed = freedTo(slice, left);
  return endedIfEmpty({ ...closed, slice: { ...closed.slice!, drawnNanoUsd } }, at);
}

/** It gives back what it holds, and has ended with that. */
export function emptied<D>(slice: Hold<D>): Hold<D> {
  return freedTo(slice, 0n);
}

export function endedIfEmpty<D>(hold: Hold<D>, at: EpochMs): Hold<D> {
  if (!hold.slice || hold.amountNanoUsd > 0n) return hold;
  const over = hold.slice.drawnNanoUsd !== undefined || hold.state.state === 'unresolved';
  return over ? { ...hold, state: { state: 'released', at } } : hold;
}

function freedTo<D>(slice: Hold<D>, left: NanoUsd): Hold<D> {
  const freedNanoUsd = slice.slice!.freedNanoUsd + slice.amountNanoUsd - left;
  return holding(slice, left, { freedNanoUsd });
}

function holding<D>(slice: Hold<D>, amountNanoUsd: NanoUsd, change: Partial<SliceState>): Hold<D> {
  const demands = [{ ...slice.demands[0]!, amountNanoUsd }];
  return { ...slice, amountNanoUsd, demands, slice: { ...slice.slice!, ...change } };
}

/** What denies that it is a slice whose money is all accounted for; undefined when nothing does. */
export function sliceProblem(hold: Hold<unknown>): string | undefined {
  const { slice, amountNanoUsd, attemptId, demands } = hold;
  if (!slice) return undefined;
  const { grantedNanoUsd: granted, splitNanoUsd: split, freedNanoUsd: freed } = slice;
  if (granted !== amountNanoUsd + split + freed) {
    return `slice ${attemptId} was granted ${granted}, but holds ${amountNanoUsd}, gave ${split} to attempts and ${freed} back`;
  }
  if (amountNanoUsd < 0n || split < 0n || freed < 0n) return `slice ${attemptId} counts less than nothing`;
  if (demands.length !== 1) return `slice ${attemptId} has ${demands.length} demands, not one`;
  if (!isLive(hold) && amountNanoUsd !== 0n) return `slice ${attemptId} has ended and still holds ${amountNanoUsd}`;
  return undefined;
}
