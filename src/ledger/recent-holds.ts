import type { HoldRecord, LoseSelector, ReserveRequest } from './ledger.ts';

/** How many are kept at the least; at the most twice as many. */
const KEPT = 10_000;

/**
 * Live holds that were granted here of late, so that who settles one need not ask the ledger for it first. Right only where
 * nobody else changes the ledger. A hold is forgotten when a step that may change it is sent, not when it is answered; and one
 * whose grant is still under way then is never remembered: steps take effect in the order in which they were sent.
 */
export class RecentHolds {
  readonly #kept: number;
  /** When it is full it takes the place of those before: to take the oldest out of one map, all that left it are passed by. */
  #held = new Map<string, HoldRecord>();
  #before = new Map<string, HoldRecord>();
  /** Asked for and not answered yet, with nothing sent since that may change them. */
  readonly #asked = new Map<string, ReserveRequest>();

  constructor(kept = KEPT) {
    this.#kept = kept;
  }

  find(attemptId: string): HoldRecord | undefined {
    return this.#held.get(attemptId) ?? this.#before.get(attemptId);
  }

  ask(requests: readonly ReserveRequest[]): void {
    for (const request of requests) this.#asked.set(request.attemptId, request);
  }

  /** `hold`: of a new grant that is no slice. */
  answer(request: ReserveRequest, hold: HoldRecord | undefined): void {
    if (this.#asked.get(request.attemptId) !== request) return;
    this.#asked.delete(request.attemptId);
    if (!hold) return;
    if (this.#held.size >= this.#kept) {
      this.#before = this.#held;
      this.#held = new Map();
    }
    this.#held.set(hold.attemptId, hold);
  }

  forget(attemptId: string): void {
    this.#held.delete(attemptId);
    this.#before.delete(attemptId);
    this.#asked.delete(attemptId);
  }

  lose(selector: LoseSelector): void {
    if ('attemptIds' in selector) {
      for (const attemptId of selector.attemptIds) this.forget(attemptId);
      return;
    }
    const sessions = 'sessions' in selector ? new Set(selector.sessions) : undefined;
    const until = 'expiredAt' in selector ? selector.expiredAt : 0;
    const isLost = (session: string, expiresAt: number) => (sessions ? sessions.has(session) : expiresAt <= until);
    for (const { attemptId, session, expiresAt } of this.#asked.values()) {
      if (isLost(session, expiresAt)) this.#asked.delete(attemptId);
    }
    for (const held of [this.#held, this.#before]) {
      for (const { attemptId, session, state } of held.values()) {
        if (isLost(session, state.state === 'held' ? state.expiresAt : 0)) held.delete(attemptId);
      }
    }
  }

  clear(): void {
    this.#held.clear();
    this.#before.clear();
    this.#asked.clear();
  }
}
