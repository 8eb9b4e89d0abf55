/**
 * What every copy of this package in one process shares: a bundle brings its own copy beside the preloaded one, and
 * the attribution that it sets must reach the hooks of the other.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Attribution } from '../domain/attribution.ts';

export interface Shared {
  attribution: AsyncLocalStorage<Attribution>;
  /** Set by `register`; absent where nothing is instrumented. */
  flush?: (options: { timeoutMs: number }) => Promise<boolean>;
}

const KEY = Symbol.for('spendfuse.shared.1');
const holder = globalThis as unknown as Record<symbol, Shared | undefined>;

export const shared: Shared = holder[KEY] ?? { attribution: new AsyncLocalStorage<Attribution>() };
if (holder[KEY] === undefined) Object.defineProperty(globalThis, KEY, { value: shared });
