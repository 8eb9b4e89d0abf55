/**
 * Signatures of the pricing room. A rate card is what one (provider, model) costs at one time, in integers; `price`
 * turns usage into a receipt, `bound` the worst case of a request into an amount to hold.
 */
import type { NanoUsd } from '../domain/money.ts';
import type { Receipt } from '../domain/receipt.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Usage, UsageBound, UsageSource } from '../domain/usage.ts';

export interface UnitRate {
  /** Nano-USD per million units. */
  base: bigint;
  /** Ascending. The whole request is priced at the last tier whose `start` its input tokens EXCEED. */
  tiers: readonly { start: number; rate: bigint }[];
}

export interface RateCard {
  provider: string;
  /** The catalogue's row, or the asked-for model when none was found. */
  model: string;
  catalogue: string;
  source: Receipt['source'];
  /** Price key (`input_mtok`, `cache_read_mtok`, `output_mtok`, `web_searches_kcount`, …) → rate per million units. */
  units: Readonly<Record<string, UnitRate>>;
  /** Tokens; from the catalogue where it knows. */
  contextWindow?: number;
  maxOutputTokens?: number;
  /** The card holds until here (a dated price changes then). */
  validUntil?: EpochMs;
}

export interface Catalogue {
  version: string;
  /** Always a card: at the ceiling, with source `ceiling`, when nobody knows the model. Cached. */
  card(provider: string, model: string, at: EpochMs): RateCard;
}

export type Price = (card: RateCard, usage: Usage, at: EpochMs, source: UsageSource) => Receipt;
export type Bound = (card: RateCard, bound: UsageBound) => NanoUsd;
