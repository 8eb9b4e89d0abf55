/**
 * Who asks for one attempt right now. The same attempt may be asked for on two connections at once, by a client that gave
 * up on the first: a hold granted to somebody who has gone is given back only when nobody else was told that it is theirs,
 * or is about to be.
 */
export class Asking {
  readonly #attempts = new Map<string, { asking: number; told: boolean }>();

  enter(attemptId: string): void {
    const entry = this.#attempts.get(attemptId);
    if (entry) entry.asking += 1;
    else this.#attempts.set(attemptId, { asking: 1, told: false });
  }

  /** A caller that is still there was told that the hold is theirs. */
  told(attemptId: string): void {
    const entry = this.#attempts.get(attemptId);
    if (entry) entry.told = true;
  }

  /** Answers whether the hold is nobody's: nobody asks for it any more, and nobody was told of it. */
  leave(attemptId: string): boolean {
    const entry = this.#attempts.get(attemptId);
    if (!entry) return true;
    entry.asking -= 1;
    if (entry.asking > 0) return false;
    this.#attempts.delete(attemptId);
    return !entry.told;
  }
}
