import type { DurationMs } from '../domain/time.ts';

/** Longer than a request takes to be read; what is asked for by then is not asked for any more. */
const GIVEN_UP_MS: DurationMs = 60_000;

/**
 * Who asks for one attempt right now. The same attempt may be asked for on two connections at once, by a client that gave
 * up on the first: a hold granted to somebody who has gone is given back only when nobody else was told that it is theirs,
 * or is about to be.
 */
export class Asking {
  readonly #attempts = new Map<string, { asking: number; granted: boolean; told: boolean }>();
  /** Released not long ago, oldest first: the word that it is given up may overtake the question. */
  readonly #givenUp = new Map<string, DurationMs>();

  enter(attemptId: string): void {
    const entry = this.#attempts.get(attemptId);
    if (entry) entry.asking += 1;
    else this.#attempts.set(attemptId, { asking: 1, granted: false, told: false });
  }

  /** One of them was granted the hold just now; to all others it is a replay. */
  granted(attemptId: string): void {
    const entry = this.#attempts.get(attemptId);
    if (entry) entry.granted = true;
  }

  /** A caller that is still there was told that the hold is theirs. */
  told(attemptId: string): void {
    const entry = this.#attempts.get(attemptId);
    if (entry) entry.told = true;
  }

  /** Answers whether a hold is nobody's: it was granted while they asked, nobody asks any more, and nobody was told. */
  leave(attemptId: string): boolean {
    const entry = this.#attempts.get(attemptId);
    if (!entry) return false;
    entry.asking -= 1;
    if (entry.asking > 0) return false;
    this.#attempts.delete(attemptId);
    return entry.granted && !entry.told;
  }

  /** Nobody wants this attempt any more, whether or not it was asked for yet. */
  giveUp(attemptId: string, nowMs: DurationMs): void {
    for (const [id, since] of this.#givenUp) {
      if (nowMs - since < GIVEN_UP_MS) break;
      this.#givenUp.delete(id);
    }
    this.#givenUp.set(attemptId, nowMs);
  }

  isGivenUp(attemptId: string): boolean {
    return this.#givenUp.has(attemptId);
  }
}
