/**
 * Signatures of the pricing room. A rate card is what one (provider, model) costs at one time, in integers; `price`
 * turns usage into a receipt, `bound` the worst case of a request into an amount to hold.
 */
import type { CostClass } from '../domain/budget.ts';
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

/** An integer ratio on the rates of some classes when an attempt is served in another way than the standard one. */
export interface Modifier {
  /** As receipts name it, ratio included: `batch 1/2`. */
  name: string;
  /** What decides: the service tier served (`batch`, `flex`, `priority`) or the inference geography (`us`). */
  on: 'service' | 'geo';
  value: string;
  numerator: number;
  denominator: number;
  /** Cost lines it applies to: a batch discount leaves fees alone. */
  classes: readonly CostClass[];
  /** Present when the ratio is a stated assumption; the receipt is then `partial`. */
  assumption?: string;
}

export interface RateCard {
  provider: string;
  /** The catalogue's row, or the asked-for model when none was found. */
  model: string;
  catalogue: string;
  source: Receipt['source'];
  /** Price key (`input_mtok`, `cache_read_mtok`, `output_mtok`, `web_searches_kcount`, …) → rate per million units. */
  units: Readonly<Record<string, UnitRate>>;
  /** Of `units`, those that are stand-ins, and why; using one makes a receipt `partial`. */
  assumed?: Readonly<Record<string, string>>;
  modifiers?: readonly Modifier[];
  /** What is doubtful about the whole row; any makes a receipt `partial`. */
  notes?: readonly string[];
  /** Tokens; from the catalogue where it knows. */
  contextWindow?: number;
  /** Tokens; cards of the catalogue always have it. */
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
