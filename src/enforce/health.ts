import type { DurationMs, EpochMs } from '../domain/time.ts';
import { type Ledger, LedgerUnavailable } from '../ledger/ledger.ts';

/** A commit takes milliseconds; a disk that hangs answers nothing at all, not even an error. */
export const STALLED_AFTER_MS: DurationMs = 5_000;

/** Reads that go on for as long as there is history, between commits. */
const LONG_READS = new Set<PropertyKey>(['settlements', 'usage', 'verify']);

type Step = (...args: unknown[]) => Promise<unknown>;

/**
 * Whether the ledger commits. A step that failed makes the server unready and stops decisions. The sweep then tries a write of
 * some size, so that a disk with room for one small entry does not count as mended, and one revision that marks the outage;
 * when both are committed the server is ready again, though nobody sends it anything.
 */
export class LedgerHealth {
  readonly #monotonicMs: () => DurationMs;
  #problem: string | undefined;
  /** Since when each step is under way, the oldest first. */
  readonly #underWay = new Set<{ sinceMs: DurationMs }>();

  constructor(monotonicMs: () => DurationMs) {
    this.#monotonicMs = monotonicMs;
  }

  /** Why nothing can be committed, with the mend; undefined when the last step could. */
  problem(): string | undefined {
    return this.#problem ?? this.#stalled();
  }

  #stalled(): string | undefined {
    for (const { sinceMs } of this.#underWay) {
      if (this.#monotonicMs() - sinceMs < STALLED_AFTER_MS) return undefined;
      return `the ledger has not answered for more than ${STALLED_AFTER_MS / 1000} seconds; check its disk`;
    }
    return undefined;
  }

  /** The ledger, with every failure noticed. While it hangs nothing more is given to it, so that nothing piles up. */
  watch(ledger: Ledger): Ledger {
    const watched = new Map<PropertyKey, { step: Step; watching: Step }>();
    return new Proxy(ledger, {
      get: (target, name) => {
        const step: unknown = Reflect.get(target, name);
        if (typeof step !== 'function') return step;
        const known = watched.get(name);
        if (known?.step === step) return known.watching;
        const watching = this.#watching(target, name, step as Step);
        watched.set(name, { step: step as Step, watching });
        return watching;
      },
    });
  }

  #watching(target: Ledger, name: PropertyKey, step: Step): Step {
    if (LONG_READS.has(name)) return (...args) => step.apply(target, args).catch(this.#notice);
    return (...args) => {
      const stalled = this.#stalled();
      if (stalled !== undefined) return Promise.reject(new LedgerUnavailable(stalled));
      const since = { sinceMs: this.#monotonicMs() };
      this.#underWay.add(since);
      const answered = (value: unknown): unknown => {
        this.#underWay.delete(since);
        return value;
      };
      const failed = (error: unknown): never => {
        this.#underWay.delete(since);
        return this.#notice(error);
      };
      try {
        return step.apply(target, args).then(answered, failed);
      } catch (error) {
        return Promise.reject(error).catch(failed);
      }
    };
  }

  readonly #notice = (error: unknown): never => {
    if (error instanceof LedgerUnavailable) this.#problem = error.message;
    throw error;
  };

  /** Errors: `LedgerUnavailable` while it still cannot commit. */
  async probe(ledger: Ledger, now: EpochMs): Promise<void> {
    if (this.#problem === undefined) return;
    await ledger.prove();
    await ledger.recordRevision({ hash: `outage:${now}`, at: now, by: 'the ledger could not commit until now' });
    this.#problem = undefined;
  }
}
