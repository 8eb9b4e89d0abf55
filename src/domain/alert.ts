import type { Attribution } from './attribution.ts';
import type { Severity } from './budget.ts';
import type { BudgetState } from './decision.ts';
import type { NanoUsd } from './money.ts';
import type { EpochMs } from './time.ts';

/**
 * A crossing with its evidence, written once: its identity is instance × window × threshold, so that a restart, a
 * replica or a late settlement cannot fire it twice. `denied` is the event of an attempt refused at 90 % and above.
 */
export interface AlertEvent {
  /** Deterministic: a digest of instance key, window start, kind and threshold. */
  id: string;
  kind: 'threshold' | 'denied' | 'unpriced';
  budget: string;
  instance: string;
  labels: Attribution;
  /** For a rolling budget: from the sub-bucket of the crossing until that has dropped out of the rolling window. */
  window: { start: EpochMs; end: EpochMs };
  /** 0 for `denied` and `unpriced`. Thresholds at the same share are one event. */
  thresholdBasisPoints: number;
  severity: Severity;
  state: BudgetState;
  owner: string;
  notify: readonly string[];
  limitNanoUsd: NanoUsd;
  spentNanoUsd: NanoUsd;
  action?: string;
  shadow: boolean;
  /** The attempt that crossed it, when one did. */
  attemptId?: string;
  createdAt: EpochMs;
}
