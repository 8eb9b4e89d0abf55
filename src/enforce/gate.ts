/**
 * Lets any number of operations through at a time, or one alone: while a config is swapped, no attempt may be half
 * decided under the old one.
 */
export class Gate {
  #inside = 0;
  #closed: Promise<void> | undefined;
  #empty: (() => void) | undefined;

  async pass<T>(operation: () => Promise<T>): Promise<T> {
    while (this.#closed) await this.#closed;
    this.#inside += 1;
    try {
      return await operation();
    } finally {
      this.#inside -= 1;
      if (this.#inside === 0) this.#empty?.();
    }
  }

  async alone<T>(operation: () => Promise<T>): Promise<T> {
    while (this.#closed) await this.#closed;
    const { promise, resolve: open } = Promise.withResolvers<void>();
    this.#closed = promise;
    try {
      if (this.#inside > 0) await new Promise<void>((resolve) => (this.#empty = resolve));
      return await operation();
    } finally {
      this.#empty = undefined;
      this.#closed = undefined;
      open();
    }
  }
}
