/** What a session may draw from: slots, and the slices that it has of them. */
import { SLICE_IDLE_MS } from '../../domain/lease.ts';
import type { NanoUsd } from '../../domain/money.ts';
import { larger } from '../../pricing/rate.ts';

/** More slices of one slot than this are of no use: the old ones run on to their end. */
const MAX_SLICES = 4;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 4_000;

/** Times are the lease clock's. */
export interface Slice {
  id: string;
  slot: Slot;
  leftNanoUsd: NanoUsd;
  /** Less left than this is low. */
  lowNanoUsd: NanoUsd;
  drawnNanoUsd: NanoUsd;
  until: number;
  /** When it was granted or last drawn from. */
  usedAt: number;
  open: boolean;
}

export class Slot {
  readonly id: string;
  /** Open ones, oldest first. */
  slices: Slice[] = [];
  /** How many routes go over it. */
  routes = 0;
  /** Asks begun before this were answered before others had to wait. */
  recalledAt = Number.NEGATIVE_INFINITY;
  /** What its routes draw in the time that a slice is asked for, and their dearest and cheapest attempts of late. */
  aheadNanoUsd = 0n;
  dearestNanoUsd = 0n;
  cheapestNanoUsd: NanoUsd | undefined;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #pauseMs = 0;

  constructor(id: string) {
    this.id = id;
  }

  forgetDemand(): void {
    this.aheadNanoUsd = 0n;
    this.dearestNanoUsd = 0n;
    this.cheapestNanoUsd = undefined;
  }

  /** The oldest open slice that has as much left. */
  sliceWith(amountNanoUsd: NanoUsd, at: number): Slice | undefined {
    for (const slice of this.slices) if (slice.leftNanoUsd >= amountNanoUsd && at < slice.until) return slice;
    return undefined;
  }

  /** How much to ask for now; 0: nothing. What ends within `soonMs` counts as gone. */
  wantedNanoUsd(at: number, soonMs: number): NanoUsd {
    if (this.slices.length >= MAX_SLICES || at < this.#pausedUntil) return 0n;
    let left = 0n;
    for (const slice of this.slices) if (slice.until - at > soonMs) left += slice.leftNanoUsd;
    const least = this.usefulNanoUsd;
    const wanted = larger(this.aheadNanoUsd, least);
    return left * 2n >= wanted && left >= least ? 0n : larger(wanted - left, least);
  }

  /** A slice of less does not pay for the dearest attempt of late. Free attempts need a slice, if an empty one. */
  get usefulNanoUsd(): NanoUsd {
    return larger(this.dearestNanoUsd, 1n);
  }

  /** Not now: the longer it goes on, the more seldom it is asked again. */
  refused(at: number): void {
    this.#pauseMs = Math.min(this.#pauseMs * 2 || FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    this.#pausedUntil = at + this.#pauseMs;
  }

  granted(): void {
    this.#pauseMs = 0;
  }

  recalled(at: number): void {
    this.recalledAt = at;
    this.refused(at);
  }
}

/** Its time is over, nobody draws from it, or what is left is too little for anybody. */
export function isOver({ slot, leftNanoUsd, until, usedAt }: Slice, at: number): boolean {
  if (at >= until || at - usedAt >= SLICE_IDLE_MS || leftNanoUsd === 0n) return true;
  const { cheapestNanoUsd, dearestNanoUsd, slices } = slot;
  if (cheapestNanoUsd !== undefined && leftNanoUsd < cheapestNanoUsd) return true;
  return slices.length > 1 && slices.at(-1)!.leftNanoUsd > leftNanoUsd && leftNanoUsd < dearestNanoUsd;
}
