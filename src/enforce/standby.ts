import type { Config } from '../config/config.ts';
import { type Enforcer, type Happening, NotReady } from './enforcer.ts';

/**
 * An enforcer whose ledger is not open: alive, never ready, and deciding nothing, until `take` hands over to the real one. A
 * second server on the same file stands by like this until the first lets go of it, and a server that lost its ledger until it
 * has it again.
 */
export class Standby {
  readonly enforcer: Enforcer;
  readonly #listeners = new Map<(happening: Happening) => void, () => void>();
  #config: Config;
  #reason = 'the ledger is being opened';
  #real: Enforcer | undefined;

  constructor(config: Config) {
    this.#config = config;
    this.enforcer = this.#create();
  }

  /** Why it is not ready, with the mend. */
  because(reason: string): void {
    this.#reason = reason;
  }

  take(real: Enforcer): void {
    this.#real = real;
    for (const listener of this.#listeners.keys()) this.#listeners.set(listener, real.on(listener));
  }

  /** Nothing is decided from here on. Answers the real one, to be closed. */
  release(reason: string): Enforcer | undefined {
    const real = this.#real;
    if (real) this.#config = real.config();
    this.#reason = reason;
    this.#real = undefined;
    return real;
  }

  #ask(): Enforcer {
    if (this.#real) return this.#real;
    throw new NotReady(this.#reason);
  }

  #create(): Enforcer {
    const ask = (): Enforcer => this.#ask();
    return {
      readiness: () => this.#real?.readiness() ?? { ready: false, reasons: [this.#reason] },
      openSession: async (...args) => ask().openSession(...args),
      heartbeat: async (...args) => ask().heartbeat(...args),
      endSession: async (...args) => ask().endSession(...args),
      reserve: async (...args) => ask().reserve(...args),
      settle: async (...args) => ask().settle(...args),
      settleMany: async (...args) => ask().settleMany(...args),
      release: async (...args) => ask().release(...args),
      writeOff: async (...args) => ask().writeOff(...args),
      budgets: async () => ask().budgets(),
      usage: async (...args) => ask().usage(...args),
      alerts: async (...args) => ask().alerts(...args),
      unresolved: async () => ask().unresolved(),
      sessionCount: () => this.#real?.sessionCount?.() ?? 0,
      waitingCount: () => this.#real?.waitingCount?.() ?? 0,
      leased: () => this.#real?.leased?.() ?? new Map(),
      confirmClock: async (...args) => ask().confirmClock(...args),
      reload: async (...args) => ask().reload(...args),
      config: () => this.#real?.config() ?? this.#config,
      on: (listener) => this.#listen(listener),
      close: async () => this.#real?.close(),
    };
  }

  #listen(listener: (happening: Happening) => void): () => void {
    this.#listeners.set(listener, this.#real?.on(listener) ?? (() => {}));
    return () => {
      this.#listeners.get(listener)?.();
      this.#listeners.delete(listener);
    };
  }
}
