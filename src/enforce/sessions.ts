import type { Attribution } from '../domain/attribution.ts';
import type { DurationMs } from '../domain/time.ts';

/** Silence after which a session's holds are unresolved. */
export const SESSION_SILENCE_MS: DurationMs = 30_000;
/** What clients are told: three may be lost before a session counts as silent. */
export const HEARTBEAT_MS: DurationMs = 8_000;
/** How long a session goes without asking after it heard that nothing acts, from when it asked; more than a heartbeat. */
export const UNASKED_MS: DurationMs = 10_000;

export interface Session {
  id: string;
  /** What the process said of itself; each attempt may add to it. */
  said: Attribution;
  /** The token's name that opened it: nobody else may speak for it. Absent for a session found in the ledger. */
  principal?: string;
  /** What it holds is being given up: it neither asks for more nor is heard of again. */
  ending?: true;
  /** Of its last heartbeat that had one: what comes with a lower one is late. */
  seq?: number;
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

  /** One that may ask for holds: opened since this server started, and not ending. */
  live(id: string): (Session & { principal: string }) | undefined {
    const session = this.#sessions.get(id);
    return session?.principal === undefined || session.ending
      ? undefined
      : (session as Session & { principal: string });
  }

  open(session: Session): void {
    this.#sessions.set(session.id, session);
  }

  /** A session that owns holds in the ledger from before a restart: it gets the usual time to be heard again. */
  expect(id: string, nowMs: DurationMs): void {
    if (!this.#sessions.has(id)) this.#sessions.set(id, { id, said: {}, lastHeardMs: nowMs });
  }

  /** Forgets it, unless it was opened anew meanwhile. */
  end(session: Session): void {
    if (this.#sessions.get(session.id) === session) this.#sessions.delete(session.id);
  }

  silent(nowMs: DurationMs): Session[] {
    return [...this.#sessions.values()].filter(({ lastHeardMs }) => nowMs - lastHeardMs >= SESSION_SILENCE_MS);
  }
}
