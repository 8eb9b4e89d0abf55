/** What an application may import. The rest of the package is set going by `spendfuse/register`. */
import { shared } from './client/shared.ts';

export { withAttribution } from './client/attribution.ts';
export { BudgetExceededError } from './client/errors.ts';
export type { Attribution, Dimension } from './domain/attribution.ts';
export type { BudgetState, DenyCode } from './domain/decision.ts';

/**
 * Sends the settlements that are waiting. True when the server has all of them; false when it did not take them in time
 * (they are kept, and sent again). Needed only where a process is frozen or killed without its usual end.
 */
export async function flush({ timeoutMs = 5_000 }: { timeoutMs?: number } = {}): Promise<boolean> {
  return shared.flush ? shared.flush({ timeoutMs }) : true;
}
