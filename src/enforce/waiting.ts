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

export class WaitingRoom {
  readonly #waiters: Waiter[] = [];
  #waking = false;
  #wokenAgain = false;

  get size(): number {
    return this.#waiters.length;
  }

  /** Whether somebody who came earlier waits for one of these instances. */
  isAhead(instances: readonly string[]): boolean {
    return this.#waiters.some((waiter) => sharesAny(waiter.instances, instances));
  }

  add(waiter: Waiter): void {
    this.#waiters.push(waiter);
  }

  leave(waiter: Waiter): void {
    const index = this.#waiters.indexOf(waiter);
    if (index >= 0) this.#waiters.splice(index, 1);
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
      } while (this.#wokenAgain && this.#waiters.length > 0);
    } finally {
      this.#waking = false;
    }
  }

  async #round(): Promise<void> {
    const stuck = new Set<string>();
    for (const waiter of [...this.#waiters]) {
      if (!this.#waiters.includes(waiter)) continue;
      const blocked = waiter.instances.some((instance) => stuck.has(instance));
      if (!blocked && (await waiter.retry())) this.leave(waiter);
      else for (const instance of waiter.instances) stuck.add(instance);
    }
  }
}

function sharesAny(left: readonly string[], right: readonly string[]): boolean {
  return left.some((item) => right.includes(item));
}
