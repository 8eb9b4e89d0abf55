import type { EpochMs } from '../domain/time.ts';
import type { Hold } from './entries.ts';
import { forgivableSince } from './holds.ts';

const SECOND = 1000;

/**
 * The open holds of a book: by attempt, by session and by the second in which they expire, so that a sweep looks at what
 * it asks for and not at everything that is open.
 */
export class OpenHolds<D> {
  readonly #holds = new Map<string, Hold<D>>();
  readonly #sessions = new Map<string, Set<string>>();
  /** By the second of their expiry. One that has been lost since stays until that second comes. */
  readonly #expiring = new Map<number, Set<string>>();
  /** Those that `forgive` could change, with since when. */
  readonly #forgivable = new Map<string, EpochMs>();
  #earliestForgivable = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#holds.size;
  }

  get(attemptId: string): Hold<D> | undefined {
    return this.#holds.get(attemptId);
  }

  values(): IterableIterator<Hold<D>> {
    return this.#holds.values();
  }

  /** In place of the one of the same attempt. */
  put(hold: Hold<D>): void {
    const { attemptId, session, state } = hold;
    const isNew = !this.#holds.has(attemptId);
    this.#holds.set(attemptId, hold);
    if (isNew) enter(this.#sessions, session, attemptId);
    if (state.state === 'held') {
      if (isNew) enter(this.#expiring, Math.floor(state.expiresAt / SECOND), attemptId);
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

  delete({ attemptId, session }: Hold<D>): void {
    const state = this.#holds.get(attemptId)?.state;
    if (!state) return;
    this.#holds.delete(attemptId);
    this.#forgivable.delete(attemptId);
    leave(this.#sessions, session, attemptId);
    if (state.state === 'held') leave(this.#expiring, Math.floor(state.expiresAt / SECOND), attemptId);
  }

  ofSessions(sessions: readonly string[]): Hold<D>[] {
    const ids = [...new Set(sessions)].flatMap((session) => [...(this.#sessions.get(session) ?? [])]);
    return ids.map((id) => this.#holds.get(id)!);
  }

  /** Those held that expire at the instant or before; they are not told of again, so the caller has to change them. */
  expired(at: EpochMs): Hold<D>[] {
    const expired: Hold<D>[] = [];
    for (const [second, ids] of this.#expiring) {
      if (second * SECOND > at) continue;
      for (const id of ids) {
        const hold = this.#holds.get(id);
        if (hold?.state.state === 'held') {
          if (hold.state.expiresAt > at) continue;
          expired.push(hold);
        }
        ids.delete(id);
      }
      if (ids.size === 0) this.#expiring.delete(second);
    }
    return expired;
  }

  /** Those in which money of `expected` budgets is unresolved since before the instant; told of once, as those. */
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

function enter<K>(index: Map<K, Set<string>>, key: K, id: string): void {
  const ids = index.get(key);
  if (ids) ids.add(id);
  else index.set(key, new Set([id]));
}

function leave<K>(index: Map<K, Set<string>>, key: K, id: string): void {
  const ids = index.get(key);
  ids?.delete(id);
  if (ids?.size === 0) index.delete(key);
}
