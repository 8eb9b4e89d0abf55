/**
 * The slices that are out, as the ledger holds them: kept in step with every grant, split, close and loss, and made anew from
 * the ledger when the server starts. Sizes and recalls come from it; no cap does.
 */
import type { Draw } from '../domain/lease.ts';
import { SLICE_VALID_MS } from '../domain/lease.ts';
import type { NanoUsd } from '../domain/money.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import type { AccountDemand, HoldRecord } from '../ledger/ledger.ts';
import type { Shares } from './shares.ts';

export interface Slice {
  id: string;
  session: string;
  /** As the session knows it; undefined when nobody wrote it down. */
  slot?: string;
  demand: AccountDemand;
  grantedAt: EpochMs;
  validUntil: EpochMs;
  grantedNanoUsd: NanoUsd;
  heldNanoUsd: NanoUsd;
  splitNanoUsd: NanoUsd;
  isClosed: boolean;
  /** On the monotonic clock: nothing is drawn from it after this. */
  overMs: DurationMs;
}

export class Leases {
  /** A new config comes into force: nothing is granted, and everything is recalled. */
  isRecalling = false;
  readonly #shares: Shares;
  readonly #slices = new Map<string, Slice>();
  readonly #sessions = new Map<string, Set<Slice>>();
  readonly #accounts = new Map<string, NanoUsd>();
  /** Grants on their way to the ledger. */
  #pending = 0;
  /** Routes without a slot are followed until then. */
  #unslottedMs: DurationMs = 0;
  /** Sessions that were told that no budget acts, and until when they go by it. */
  readonly #unasked = new Map<string, DurationMs>();
  #waiting: (() => void)[] = [];

  constructor(shares: Shares) {
    this.#shares = shares;
  }

  /** `nowMs`: on the monotonic clock. */
  add(hold: HoldRecord, nowMs: DurationMs): Slice | undefined {
    const slice = sliceOf(hold, nowMs + SLICE_VALID_MS);
    if (!slice || hold.state.state !== 'held') return undefined;
    if (this.#slices.has(slice.id)) return this.#slices.get(slice.id);
    this.#slices.set(slice.id, slice);
    const ofSession = this.#sessions.get(slice.session) ?? new Set();
    this.#sessions.set(slice.session, ofSession.add(slice));
    this.#change(slice.demand.instance, slice.heldNanoUsd);
    return slice;
  }

  get(id: string): Slice | undefined {
    return this.#slices.get(id);
  }

  /** What slices hold of an account's instance, and what is about to be granted. */
  leased(account: string): NanoUsd {
    return this.#accounts.get(account) ?? 0n;
  }

  /** Counts an amount as leased until the ledger has answered. */
  async pend<T>(amounts: readonly { account: string; amountNanoUsd: NanoUsd }[], grant: () => Promise<T>): Promise<T> {
    for (const { account, amountNanoUsd } of amounts) this.#change(account, amountNanoUsd);
    this.#pending += 1;
    try {
      return await grant();
    } finally {
      this.#pending -= 1;
      for (const { account, amountNanoUsd } of amounts) this.#change(account, -amountNanoUsd);
    }
  }

  /** Attempts were split off, as the ledger does it: at most what is there. */
  split(draws: readonly Draw[]): void {
    for (const { slice: id, amountNanoUsd } of draws) {
      const slice = this.#slices.get(id);
      if (!slice) continue;
      const taken = lesser(amountNanoUsd, slice.heldNanoUsd);
      slice.splitNanoUsd += taken;
      this.#hold(slice, slice.heldNanoUsd - taken);
    }
  }

  close(id: string, drawnNanoUsd: NanoUsd): void {
    const slice = this.#slices.get(id);
    if (!slice) return;
    slice.isClosed = true;
    const drawn = drawnNanoUsd - slice.splitNanoUsd;
    this.#hold(slice, lesser(drawn > 0n ? drawn : 0n, slice.heldNanoUsd));
  }

  /** It has ended, or nobody knows what became of it. */
  remove(id: string): void {
    const slice = this.#slices.get(id);
    if (slice) this.#remove(slice);
  }

  /** From which a session may still draw, as far as it has told. */
  openOf(session: string): Slice[] {
    return [...(this.#sessions.get(session) ?? [])].filter(({ isClosed }) => !isClosed);
  }

  countOf(session: string): number {
    return this.#sessions.get(session)?.size ?? 0;
  }

  /** A session was told of a route without a slot, and follows it no longer than this. */
  tellUnslotted(untilMs: DurationMs): void {
    this.#unslottedMs = Math.max(this.#unslottedMs, untilMs);
  }

  /** A session was told that no budget acts: it admits whatever comes, and asks for nothing. */
  tellUnasked(session: string, untilMs: DurationMs): void {
    this.#unasked.set(session, untilMs);
  }

  /** It has ended, so it admits nothing more. */
  endUnasked(session: string): void {
    this.#unasked.delete(session);
  }

  /** Whether some process may still admit attempts by what it was granted or told. */
  isOut(nowMs: DurationMs): boolean {
    if (this.#pending > 0 || this.#unslottedMs > nowMs) return true;
    for (const untilMs of this.#unasked.values()) if (untilMs > nowMs) return true;
    for (const slice of this.#slices.values()) if (!slice.isClosed && slice.overMs > nowMs) return true;
    return false;
  }

  /** Resolves when nothing is out any more; `look` has to be called while time passes. */
  whenIn(nowMs: DurationMs): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.look(nowMs);
    });
  }

  look(nowMs: DurationMs): void {
    if (this.#waiting.length === 0 || this.isOut(nowMs)) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** What slices hold now, by budget. */
  byBudget(): Map<string, NanoUsd> {
    const held = new Map<string, NanoUsd>();
    for (const { demand, heldNanoUsd } of this.#slices.values()) {
      held.set(demand.budget, (held.get(demand.budget) ?? 0n) + heldNanoUsd);
    }
    return held;
  }

  #hold(slice: Slice, heldNanoUsd: NanoUsd): void {
    this.#change(slice.demand.instance, heldNanoUsd - slice.heldNanoUsd);
    slice.heldNanoUsd = heldNanoUsd;
    if (slice.isClosed && heldNanoUsd === 0n) this.#remove(slice);
    else this.#shares.resize(slice.id, heldNanoUsd);
  }

  #remove(slice: Slice): void {
    this.#slices.delete(slice.id);
    const ofSession = this.#sessions.get(slice.session);
    ofSession?.delete(slice);
    if (ofSession?.size === 0) this.#sessions.delete(slice.session);
    this.#change(slice.demand.instance, -slice.heldNanoUsd);
    this.#shares.give(slice.id);
  }

  #change(account: string, byNanoUsd: NanoUsd): void {
    const leased = (this.#accounts.get(account) ?? 0n) + byNanoUsd;
    if (leased === 0n) this.#accounts.delete(account);
    else this.#accounts.set(account, leased);
  }
}

/** What the ledger says of a slice, in whatever state; undefined for the hold of an attempt. */
export function sliceOf(hold: HoldRecord, overMs: DurationMs): Slice | undefined {
  const [demand] = hold.demands;
  if (!hold.slice || !demand) return undefined;
  const { grantedNanoUsd, splitNanoUsd, validUntil, drawnNanoUsd } = hold.slice;
  return {
    id: hold.attemptId,
    session: hold.session,
    ...(hold.reply !== undefined && { slot: hold.reply }),
    demand,
    grantedAt: hold.admittedAt,
    validUntil,
    grantedNanoUsd,
    heldNanoUsd: hold.amountNanoUsd,
    splitNanoUsd,
    isClosed: drawnNanoUsd !== undefined,
    overMs,
  };
}

export function lesser(one: NanoUsd, other: NanoUsd): NanoUsd {
  return one > other ? other : one;
}
