import type { CostClass } from './budget.ts';
import type { NanoUsd } from './money.ts';
import type { EpochMs } from './time.ts';

/**
 * - `exact`: every unit had a price and the usage was measured
 * - `partial`: some unit of the usage had no price of its own and was priced by a stated substitute
 * - `estimated`: the usage was estimated
 * - `unpriced`: no price is known; the configured ceiling was used
 */
export type PriceStatus = 'exact' | 'partial' | 'estimated' | 'unpriced';

/** One priced line: `quantity × nanoUsdPerMillion ÷ 1e6`. The sum of the lines is rounded once, half up. */
export interface ReceiptLine {
  /** The catalogue's price key, such as `input_mtok` or `cache_write_1h_mtok`. */
  unit: string;
  class: CostClass;
  quantity: number;
  /** Integer nano-USD per million units, modifiers applied. */
  nanoUsdPerMillion: bigint;
}

/** How a cost was reached; replaying the lines gives `costNanoUsd` again. */
export interface Receipt {
  /** Catalogue version: package version and a digest of the contract prices. */
  catalogue: string;
  source: 'contract' | 'genai-prices' | 'overlay' | 'ceiling';
  provider: string;
  /** The catalogue's row that priced it; the asked-for model when nothing did. */
  model: string;
  status: PriceStatus;
  pricedAt: EpochMs;
  /** Names of the modifiers in the line prices, such as `batch 1/2` or `us-geo 11/10`. */
  modifiers: readonly string[];
  lines: readonly ReceiptLine[];
  /** Why the status is not `exact`. */
  notes?: readonly string[];
  costNanoUsd: NanoUsd;
}
