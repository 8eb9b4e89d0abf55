/** Things under way, put in and taken out once for each call: without the hashing and the rebuilding of a Set. */
export class Bag<T extends Bagged> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  add(item: T): void {
    item.inBag = this.#items.length;
    this.#items.push(item);
  }

  /** Nothing happens to what is not in it. */
  delete(item: T): void {
    const { inBag } = item;
    if (inBag < 0) return;
    const last = this.#items.pop()!;
    if (last !== item) {
      this.#items[inBag] = last;
      last.inBag = inBag;
    }
    item.inBag = NOT_IN_BAG;
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** As it is now, in no order. */
  all(): T[] {
    return [...this.#items];
  }

  /** Takes everything out. */
  empty(): T[] {
    const items = this.#items.splice(0);
    for (const item of items) item.inBag = NOT_IN_BAG;
    return items;
  }
}

export const NOT_IN_BAG = -1;

/** What can be in one bag at a time. */
export interface Bagged {
  /** Its place in the bag; the bag's own. */
  inBag: number;
}
