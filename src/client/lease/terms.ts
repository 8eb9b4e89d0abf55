/** What a lease is asked and what it answers. */
import type { Draw } from '../../domain/lease.ts';
import type { NanoUsd } from '../../domain/money.ts';

export interface LocalGrant {
  decision: 'allow' | 'warn';
  budget: string | undefined;
  /** One for each slot; none where no budget can stop the attempt. */
  draws: readonly Draw[];
}

/** A slice that a session would like to have, by the id that it is to get. */
export interface Want {
  slice: string;
  slot: string;
  amountNanoUsd: NanoUsd;
  atLeastNanoUsd: NanoUsd;
}

/** What goes into one heartbeat. */
export interface LeaseAsk {
  /** Ascending. */
  seq: number;
  wants: readonly Want[];
}

/** A slice from which nothing more is drawn, and the sum of all that ever was. */
export interface Closed {
  slice: string;
  drawnNanoUsd: NanoUsd;
}
