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

/**
 * A handler for platforms that freeze the process between calls (AWS Lambda and its kin): what its calls cost is settled, and
 * slices are given back, before its answer goes out, for after it nothing runs. Its result and its errors are its own. A server that
 * does not answer in `timeoutMs` delays it by so much and no more; what it did not take is sent after the next call.
 */
export function flushed<This, Args extends unknown[], Result>(
  handler: (this: This, ...args: Args) => Result | Promise<Result>,
  options: { timeoutMs?: number } = {},
): (this: This, ...args: Args) => Promise<Result> {
  return async function (this: This, ...args: Args) {
    try {
      return await handler.apply(this, args);
    } finally {
      await flush({ timeoutMs: 1_000, ...options });
    }
  };
}
