import type { Action } from './budget.ts';
import type { NanoUsd } from './money.ts';

/** `warn`: allowed, and a soft threshold of a matching budget is crossed. */
export type DecisionKind = 'allow' | 'warn' | 'downgrade' | 'pause' | 'block';

/**
 * Why a call was denied.
 * - `exhausted`: spent + unresolved + bound does not fit the cap
 * - `contended`: only live holds are in the way, and waiting for them took too long
 * - `unmatched`: no budget matches and the config says `unmatched: deny`
 * - `unreachable`: the server gave no valid decision and the budget (or the environment) says block
 * - `misconfigured`: the server refused this client (401, 403, 413): waiting would not help
 */
export type DenyCode = 'exhausted' | 'contended' | 'unmatched' | 'unreachable' | 'misconfigured';

export interface Denial {
  code: DenyCode;
  /** `block` for everything that is not the threshold's own action. */
  action: Action;
  budget: string | null;
  instance?: string;
  limitNanoUsd?: NanoUsd;
  spentNanoUsd?: NanoUsd;
  state?: BudgetState;
  retryAfterMs?: number;
  alertId?: string;
  /** A tighter bound (counted tokens instead of bytes) may fit. */
  tighten?: true;
  detail: string;
}

export type BudgetState = 'ok' | 'soft' | 'hard';
