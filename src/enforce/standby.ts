import type { Config } from '../config/config.ts';
import { type Enforcer, type Happening, NotReady } from './enforcer.ts';

/**
 * An enforcer whose ledger is not open yet: alive, never ready, and deciding nothing, until `take` hands over to the real
 * one. A second server on the same file stands by like this until the first lets go of it.
 */
export class Standby {
  readonly enforcer: Enforcer;
  readonly #config: Config;
  readonly #listeners = new Set<(happening: Happening) => void>();
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
    for (const listener of this.#listeners) real.on(listener);
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
    if (this.#real) return this.#real.on(listener);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
