import type { Action } from '../domain/budget.ts';
import type { BudgetState, Denial, DenyCode } from '../domain/decision.ts';

const BRAND = Symbol.for('spendfuse.BudgetExceededError');

/** A call that was refused before it left the process. `instanceof` holds over several copies of this package. */
export class BudgetExceededError extends Error {
  override readonly name = 'BudgetExceededError';
  /** 402; 429 when waiting may help, unless it would be taken for the provider's and be tried again. */
  readonly status: 402 | 429;
  readonly code: DenyCode;
  /** The budget that refused; null when it was none (the server is away, or refuses this client). */
  readonly budget: string | null;
  readonly state: BudgetState | undefined;
  readonly action: Action;
  /** Seconds. */
  readonly retryAfter: number | undefined;
  readonly alertId: string | undefined;
  /** Fit to show to whoever uses the service: it names no budget and no amount. */
  readonly userMessage: string;

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && BRAND in value;
  }

  constructor(denial: Denial, status: 402 | 429 = statusOf(denial)) {
    super(messageOf(denial));
    Object.defineProperty(this, BRAND, { value: true });
    this.status = status;
    this.code = denial.code;
    this.budget = denial.budget;
    this.state = denial.state;
    this.action = denial.action;
    this.retryAfter = denial.retryAfterMs === undefined ? undefined : Math.ceil(denial.retryAfterMs / 1000);
    this.alertId = denial.alertId;
    this.userMessage = userMessageOf(denial);
  }
}

export function statusOf(denial: Denial): 402 | 429 {
  return denial.code === 'contended' || denial.action === 'pause' ? 429 : 402;
}

/** The server's words name the budget, its owner and the amounts. */
function messageOf({ code, detail }: Denial): string {
  return `The call was not sent (${code}). ${detail}`;
}

function userMessageOf({ code, action, retryAfterMs }: Denial): string {
  if (code === 'unreachable' || code === 'misconfigured') return 'This feature is not available right now.';
  if (code === 'contended') return 'This feature is very busy right now. Please try again in a moment.';
  if (action === 'pause') return 'This feature is paused because its spending limit is reached.';
  const later = retryAfterMs === undefined ? '' : ' Please try again later.';
  return `This feature has reached its spending limit.${later}`;
}
