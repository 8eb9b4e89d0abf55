import type { EpochMs } from '../domain/time.ts';
import { type Ledger, LedgerUnavailable } from '../ledger/ledger.ts';

/**
 * Whether the ledger commits. A step that failed makes the server unready; the sweep then writes one revision that marks
 * the outage, and the step that succeeds makes it ready again, so that it recovers though nobody sends it anything.
 */
export class LedgerHealth {
  #problem: string | undefined;

  /** Why nothing can be committed, with the mend; undefined when the last step could. */
  problem(): string | undefined {
    return this.#problem;
  }

  /** The ledger, with every failure noticed. */
  watch(ledger: Ledger): Ledger {
    const notice = (error: unknown): never => {
      if (error instanceof LedgerUnavailable) this.#problem = error.message;
      throw error;
    };
    return new Proxy(ledger, {
      get(target, name) {
        const step: unknown = Reflect.get(target, name);
        if (typeof step !== 'function') return step;
        return (...args: unknown[]): Promise<unknown> => (step.apply(target, args) as Promise<unknown>).catch(notice);
      },
    });
  }

  /** Errors: `LedgerUnavailable` while it still cannot commit. */
  async probe(ledger: Ledger, now: EpochMs): Promise<void> {
    if (this.#problem === undefined) return;
    await ledger.recordRevision({ hash: `outage:${now}`, at: now, by: 'the ledger could not commit until now' });
    this.#problem = undefined;
  }
}
