import type { EpochMs } from '../domain/time.ts';
import type { Hold } from './entries.ts';
import { forgivableSince } from './holds.ts';

/**
 * The open holds of a book: by attempt, by session, and with lower bounds of the instants that sweeps ask for, so that a
 * sweep which finds nothing looks at nothing, however many are open.
 */
export class OpenHolds<D> {
  readonly #holds = new Map<string, Hold<D>>();
  readonly #sessions = new Map<string, Set<string>>();
  /** Those that `forgive` could change, with since when. */
  readonly #forgivable = new Map<string, EpochMs>();
  #earliestExpiry = Number.POSITIVE_INFINITY;
  #earliestForgivable = Number.POSITIVE_INFINITY;

  get(attemptId: string): Hold<D> | undefined {
    return this.#holds.get(attemptId);
  }

  values(): IterableIterator<Hold<D>> {
    return this.#holds.values();
  }

  /** In place of the one of the same attempt. */
  put(hold: Hold<D>): void {
    const { attemptId, session, state } = hold;
    if (!this.#holds.has(attemptId)) this.#enter(session, attemptId);
    this.#holds.set(attemptId, hold);
    if (state.state === 'held') {
      if (state.expiresAt < this.#earliestExpiry) this.#earliestExpiry = state.expiresAt;
      return;
    }
    const since = forgivableSince(hold);
    if (since === undefined) {
      this.#forgivable.delete(attemptId);
      return;
    }
    this.#forgivable.set(attemptId, since);
    if (since < this.#earliestForgivable) this.#earliestForgivable = since;
  }

  #enter(session: string, attemptId: string): void {
    const ids = this.#sessions.get(session);
    if (ids) ids.add(attemptId);
    else this.#sessions.set(session, new Set([attemptId]));
  }

  delete({ attemptId, session }: Hold<D>): void {
    if (!this.#holds.delete(attemptId)) return;
    this.#forgivable.delete(attemptId);
    const ids = this.#sessions.get(session);
    ids?.delete(attemptId);
    if (ids?.size === 0) this.#sessions.delete(session);
  }

  ofSessions(sessions: readonly string[]): Hold<D>[] {
    const ids = [...new Set(sessions)].flatMap((session) => [...(this.#sessions.get(session) ?? [])]);
    return ids.map((id) => this.#holds.get(id)!);
  }

  /** Those held that expire at the instant or before; they are not told of again, so the caller has to change them. */
  expired(at: EpochMs): Hold<D>[] {
    if (at < this.#earliestExpiry) return [];
    const expired: Hold<D>[] = [];
    let earliest = Number.POSITIVE_INFINITY;
    for (const hold of this.#holds.values()) {
      if (hold.state.state !== 'held') continue;
      if (hold.state.expiresAt <= at) expired.push(hold);
      else if (hold.state.expiresAt < earliest) earliest = hold.state.expiresAt;
    }
    this.#earliestExpiry = earliest;
    return expired;
  }

  /** Those in which money of `expected` budgets is unresolved since before the instant; told of once, as `expired`. */
  forgivable(before: EpochMs): Hold<D>[] {
    if (this.#earliestForgivable >= before) return [];
    const found: Hold<D>[] = [];
    let earliest = Number.POSITIVE_INFINITY;
    for (const [attemptId, since] of this.#forgivable) {
      if (since < before) found.push(this.#holds.get(attemptId)!);
      else if (since < earliest) earliest = since;
    }
    this.#earliestForgivable = earliest;
    return found;
  }
}
