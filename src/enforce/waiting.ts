/**
 * Who waits for live holds to end. First come, first served per account: an attempt waits behind every earlier one
 * that shares an account with it, so that a small one cannot starve a large one, and overtakes those that share none.
 */
export interface Waiter {
  /** Keys of the instances it demands. */
  instances: readonly string[];
  /** Tries again; answers whether it is done waiting (granted, or denied for good). Must not throw. */
  retry(): Promise<boolean>;
}

/** Whoever waits costs a connection and a look at every round: beyond these, the answer is to come again. */
const PLACES = 4_096;

export class WaitingRoom {
  readonly #waiters = new Set<Waiter>();
  readonly #places: number;
  #waking = false;
  #wokenAgain = false;

  constructor(places = PLACES) {
    this.#places = places;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** Whoever comes now is better told to come again. */
  get isFull(): boolean {
    return this.#waiters.size >= this.#places;
  }

  /** Whether somebody who came earlier waits for one of these instances. */
  isAhead(instances: readonly string[]): boolean {
    for (const waiter of this.#waiters) if (sharesAny(waiter.instances, instances)) return true;
    return false;
  }

  add(waiter: Waiter): void {
    this.#waiters.add(waiter);
  }

  leave(waiter: Waiter): void {
    this.#waiters.delete(waiter);
  }

  /** Something was freed: everybody who may go, in order of arrival. One round at a time. */
  async wake(): Promise<void> {
    if (this.#waking) {
      this.#wokenAgain = true;
      return;
    }
    this.#waking = true;
    try {
      do {
        this.#wokenAgain = false;
        await this.#round();
      } while (this.#wokenAgain && this.#waiters.size > 0);
    } finally {
      this.#waking = false;
    }
  }

  async #round(): Promise<void> {
    const stuck = new Set<string>();
    for (const waiter of [...this.#waiters]) {
      if (!this.#waiters.has(waiter)) continue;
      const blocked = waiter.instances.some((instance) => stuck.has(instance));
      if (!blocked && (await waiter.retry())) this.leave(waiter);
      else for (const instance of waiter.instances) stuck.add(instance);
    }
  }
}

function sharesAny(left: readonly string[], right: readonly string[]): boolean {
  return left.some((item) => right.includes(item));
}
