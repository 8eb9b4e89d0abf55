/** Replaces methods and getters so that nobody sees it: name, length and attributes stay. */

// biome-ignore lint/suspicious/noExplicitAny: a patch takes a method of any type and returns one of the same.
export type Patch = (original: any) => (this: any, ...args: any[]) => unknown;

export function replace(holder: object, name: PropertyKey, patch: Patch): void {
  const descriptor = Object.getOwnPropertyDescriptor(holder, name) as PropertyDescriptor;
  const kind = descriptor.get ? 'get' : 'value';
  const original: unknown = descriptor[kind];
  if (typeof original !== 'function') return;
  const method = patch(original);
  Object.defineProperty(method, 'name', { value: original.name, configurable: true });
  Object.defineProperty(method, 'length', { value: original.length, configurable: true });
  Object.defineProperty(holder, name, { ...descriptor, [kind]: method });
}

/**
 * For objects that come by the thousand: replaces once on their classes, and on an object only what it has of its own (a mock,
 * say). Properties on each would make dictionaries of them, slow in all that anybody reads of them.
 */
export function classPatcher(patches: Readonly<Record<PropertyKey, Patch>>): (object: object) => void {
  const names = Reflect.ownKeys(patches);
  const patched = new WeakSet<object>();
  const patchOwn = (holder: object): void => {
    for (const name of names) if (Object.hasOwn(holder, name)) replace(holder, name, patches[name] as Patch);
  };
  return (object) => {
    patchOwn(object);
    let holder = Object.getPrototypeOf(object) as object | null;
    while (holder && holder !== Object.prototype && !patched.has(holder)) {
      patched.add(holder);
      patchOwn(holder);
      holder = Object.getPrototypeOf(holder) as object | null;
    }
  };
}
