/**
 * Leases: how a session admits attempts from its own memory, and why no cap can be overshot by it.
 *
 * A **slot** is what money is set aside for: an instance, together with the cap that applies (a conditional threshold
 * gives some attempts a lower one). A **slice** is money of a slot that the ledger holds for one session; it is a hold like
 * any other, so that nobody else can spend it. A **lease** is all slices of a session.
 *
 *   asked for ──granted──▶ drawn from ──closed──▶ running out ──▶ released
 *        └─refused            │                       │
 *                             └──── session lost ─────┴──▶ unresolved ──▶ released | written off
 *
 * An attempt **draws** its worst case from one slice of every slot it matches, all or none, in memory. A slice only ever
 * shrinks: what an attempt did not need goes back to the account when it is settled, never to the slice, and a new slice is
 * asked for ahead of need. When an attempt ends, its settlement names its draws, and the ledger makes of them the hold that
 * the attempt would have had (it is *split off* the slice) and ends it. Closing a slice tells the sum of everything ever
 * drawn from it: the rest is free at once, and what was drawn stays held until the attempts are told of. Both are sums, so
 * they may come late, twice and in any order.
 *
 * - **Time.** A slice is valid for a while from when it was *asked for*, on the monotonic and on the wall clock, and never
 *   past the end of its window; so a process that slept (suspend, Lambda freeze) draws nothing from the past. An attempt drawn
 *   from a slice is booked within the slice's life, whatever the client's clock says, so in the slice's window.
 * - **Size.** About two seconds of what the session draws, and never more than a quarter of the headroom for all slices of an
 *   instance together. Where that is less than one attempt, there is no slice, and each attempt is one atomic hold: near
 *   the cap, and for customers who call now and then. No slice never means allow.
 * - **Thresholds.** Headroom is what is left below the next threshold that acts, not only below the cap: attempts that should
 *   be downgraded are never admitted from a slice granted after the crossing.
 * - **Others wait.** Their session is told to close (with every answer it gets), and gets no new slice while they wait.
 * - **The config changes.** No slices are granted while a new definition comes into force; those out are recalled, and the
 *   attempts drawn from them are reported, so that they count for the new accounts; the change waits for the last slice.
 * - **The server dies.** Slices are in the ledger. Its sessions go on drawing until their slices end.
 * - **The session dies.** What its slices still hold becomes unresolved: nobody knows what was drawn. A journal found later
 *   tells; else an operator closes it.
 */
import type { NanoUsd } from './money.ts';
import type { DurationMs } from './time.ts';

/** From when it was asked for. */
export const SLICE_VALID_MS: DurationMs = 5_000;
/** How much of what it draws a session asks for. */
export const SLICE_AHEAD_MS: DurationMs = 2_000;
/** A slice from which nothing was drawn for so long is closed early. */
export const SLICE_IDLE_MS: DurationMs = 2_000;
/** While it has slices a session is heard of this often. */
export const LEASE_TICK_MS: DurationMs = 500;
/** Share of an instance's headroom that all slices of it may have together, in basis points. */
export const LEASED_SHARE_BASIS_POINTS = 2_500n;

/** What a session would like to have of a slot. */
export interface SliceWish {
  wantedNanoUsd: NanoUsd;
  /** The dearest attempt of late: less than this is of no use. */
  atLeastNanoUsd: NanoUsd;
}

/**
 * How much to set aside; 0 for none. `headroomNanoUsd`: cap (or the next acting threshold) less spent, unresolved and holds
 * of single attempts; `leasedNanoUsd`: what all slices of the instance hold now.
 */
export function sliceAmount(wish: SliceWish, headroomNanoUsd: NanoUsd, leasedNanoUsd: NanoUsd): NanoUsd {
  const free = (headroomNanoUsd * LEASED_SHARE_BASIS_POINTS) / 10_000n - leasedNanoUsd;
  const amount = wish.wantedNanoUsd < free ? wish.wantedNanoUsd : free;
  return amount > 0n && amount >= wish.atLeastNanoUsd ? amount : 0n;
}

/** What a session has taken from one slice for one attempt. */
export interface Draw {
  slice: string;
  amountNanoUsd: NanoUsd;
}
