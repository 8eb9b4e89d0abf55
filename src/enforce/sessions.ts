import type { Attribution } from '../domain/attribution.ts';
import type { DurationMs } from '../domain/time.ts';

/** Silence after which a session's holds are unresolved. */
export const SESSION_SILENCE_MS: DurationMs = 30_000;
/** What clients are told: three may be lost before a session counts as silent. */
export const HEARTBEAT_MS: DurationMs = 8_000;

export interface Session {
  id: string;
  /** What the process said of itself; each attempt may add to it. */
  said: Attribution;
  /** The token's name that opened it: nobody else may speak for it. Absent for a session found in the ledger. */
  principal?: string;
  /** On the monotonic clock: a stepped wall clock silences nobody. */
  lastHeardMs: DurationMs;
}

/** The client processes that live, as far as this server has heard. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();

  get size(): number {
    return this.#sessions.size;
  }

  get(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  open(session: Session): void {
    this.#sessions.set(session.id, session);
  }

  /** A session that owns holds in the ledger from before a restart: it gets the usual time to be heard again. */
  expect(id: string, nowMs: DurationMs): void {
    if (!this.#sessions.has(id)) this.#sessions.set(id, { id, said: {}, lastHeardMs: nowMs });
  }

  end(id: string): boolean {
    return this.#sessions.delete(id);
  }

  silent(nowMs: DurationMs): string[] {
    const silent: string[] = [];
    for (const session of this.#sessions.values()) {
      if (nowMs - session.lastHeardMs >= SESSION_SILENCE_MS) silent.push(session.id);
    }
    return silent;
  }
}
