import type { Draw } from '../../src/domain/lease.ts';
import { PRICE, type Who } from './plan.ts';

/** One attempt as it truly is, whatever the ledger knows of it. The provider's bill is the sum of these. */
export interface TrueAttempt extends Who {
  id: string;
  session: string;
  /** As asked for; a rewrite changes it. */
  model: string;
  boundInput: number;
  boundOutput: number;
  /** The client sent it without a hold: within the unreachable allowance, which promise 1 excludes by name. */
  isUnreserved: boolean;
  /** It was admitted from slices. */
  draws?: readonly Draw[];
  /** What the provider counted. */
  bill: Bill | undefined;
  /** What the client wrote into its journal of it. */
  told: 'nothing' | 'measured' | 'estimated' | 'lost' | 'released';
  /** The process that made it was killed before it could tell. */
  isOrphan: boolean;
  /** An operator closed its hold by mistake: the provider had billed it. */
  isClosed?: true;
  /** Settlements booked. */
  bookings: number;
  bookedNanoUsd: bigint;
}

export interface Bill {
  inputTokens: number;
  outputTokens: number;
}

/** Nano-USD: of all tokens, and of output alone. */
export interface Cost {
  all: bigint;
  output: bigint;
}

function priceOf(attempt: TrueAttempt, { inputTokens, outputTokens }: Bill): Cost {
  const rate = PRICE[attempt.model]!;
  const output = rate * BigInt(outputTokens);
  return { all: output + rate * BigInt(inputTokens), output };
}

export function costOf(attempt: TrueAttempt): Cost {
  return attempt.bill ? priceOf(attempt, attempt.bill) : { all: 0n, output: 0n };
}

export function boundOf(attempt: TrueAttempt): Cost {
  return priceOf(attempt, { inputTokens: attempt.boundInput, outputTokens: attempt.boundOutput });
}
