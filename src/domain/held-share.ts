/** What a budget with `holds: expected` sets aside of a worst case: the same sum for the server and for slices. */
import type { NanoUsd } from './money.ts';

/** This share of the worst case, and never less than the amount, nor more than the worst case itself. */
export interface HeldShare {
  ppm: bigint;
  atLeastNanoUsd: NanoUsd;
}

export const WHOLE_PPM = 1_000_000n;

/** Rounded up; the whole where nothing is known. */
export function heldOf(worstNanoUsd: NanoUsd, share: HeldShare | undefined): NanoUsd {
  if (!share) return worstNanoUsd;
  const part = (worstNanoUsd * share.ppm + (WHOLE_PPM - 1n)) / WHOLE_PPM;
  const held = part > share.atLeastNanoUsd ? part : share.atLeastNanoUsd;
  return held < worstNanoUsd ? held : worstNanoUsd;
}
