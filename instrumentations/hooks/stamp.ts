/**
 * What we know of an object that is not ours, kept in a private field put on it: invisible, and gone with the object. A WeakMap
 * would say the same, but its entries cost a call's objects several times as much, most of it in garbage collection.
 */
class Returned {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: so that the field of the class below lands on this object.
    return object;
  }
}

export interface Stamps<T> {
  put(object: object, value: T): void;
  /** Undefined for what is no object, too: a method may be called on anything. */
  of(object: unknown): T | undefined;
}

/** Each kind of knowledge is a field of its own. An object that cannot be extended is kept in a WeakMap after all. */
export function stamps<T>(): Stamps<T> {
  const rigid = new WeakMap<object, T>();
  class Stamp extends Returned {
    #value: T;

    constructor(object: object, value: T) {
      super(object);
      this.#value = value;
    }

    static put(object: object, value: T): void {
      if (#value in object) object.#value = value;
      else if (Object.isExtensible(object)) new Stamp(object, value);
      else rigid.set(object, value);
    }

    static of(object: unknown): T | undefined {
      if (typeof object !== 'object' || object === null) return undefined;
      return #value in object ? object.#value : rigid.get(object);
    }
  }
  return Stamp;
}
