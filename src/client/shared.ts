/**
 * What every copy of this package in one process shares: a bundle brings its own copy beside the preloaded one, and
 * the attribution that it sets must reach the hooks of the other.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Attribution } from '../domain/attribution.ts';

/** What the code around a call has said, and what is one piece of work with it. */
export interface Scope {
  /** With what the outer scopes said. */
  attribution?: Attribution;
  outer?: Scope | undefined;
  /** How many are around it. */
  depth: number;
  /** A request that this process is serving: nothing outside it belongs to it. */
  isRequest?: true;
}

export interface Shared {
  scopes: AsyncLocalStorage<Scope>;
  /** Set by `register`; absent where nothing is instrumented. */
  flush?: (options: { timeoutMs: number }) => Promise<boolean>;
}

const KEY = Symbol.for('spendfuse.shared.2');
const holder = globalThis as unknown as Record<symbol, Shared | undefined>;

export const shared: Shared = holder[KEY] ?? { scopes: new AsyncLocalStorage<Scope>() };
if (holder[KEY] === undefined) Object.defineProperty(globalThis, KEY, { value: shared });
