/** The routes of a session, found by who an attempt is for and what it asks. */
import { type Attribution, DIMENSIONS } from '../../domain/attribution.ts';
import type { UsageBound } from '../../domain/usage.ts';
import type { Route } from './route.ts';

/** What an attempt is known by before it is sent. */
export interface Attempted {
  attribution: Readonly<Attribution>;
  provider: string;
  model: string;
  bound: UsageBound;
}

/** Attributions met as the same object again, which saves writing their key. */
const MAX_KNOWN = 8_192;
/** Providers and models met with one of them. */
const MAX_OF_ONE = 64;

interface Entry {
  provider: string;
  model: string;
  key: string;
}

export class Routes {
  readonly #max: number;
  readonly #byKey = new Map<string, Route>();
  #known = new Map<Readonly<Attribution>, Entry[]>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#byKey.size;
  }

  find({ attribution, provider, model }: Attempted): Route | undefined {
    return this.#byKey.get(this.keyOf(attribution, provider, model));
  }

  keyOf(attribution: Readonly<Attribution>, provider: string, model: string): string {
    const entries = this.#known.get(attribution);
    if (entries) {
      for (const entry of entries) if (entry.model === model && entry.provider === provider) return entry.key;
    }
    const key = signatureKey(attribution, provider, model);
    const entry = { provider, model, key };
    if (entries && entries.length < MAX_OF_ONE) entries.push(entry);
    else {
      if (this.#known.size >= MAX_KNOWN) this.#known = new Map();
      this.#known.set(attribution, [entry]);
    }
    return key;
  }

  /** False when there is no room for one more. */
  put(key: string, route: Route): boolean {
    if (this.#byKey.size >= this.#max && !this.#byKey.has(key)) return false;
    this.#byKey.set(key, route);
    return true;
  }

  get(key: string): Route | undefined {
    return this.#byKey.get(key);
  }

  /** Drops those that `drop` says, and answers them. */
  drop(drop: (route: Route) => boolean): Route[] {
    const dropped: Route[] = [];
    for (const [key, route] of this.#byKey) {
      if (!drop(route)) continue;
      this.#byKey.delete(key);
      dropped.push(route);
    }
    return dropped;
  }
}

/** Values may hold anything, so each is written with its length. */
function signatureKey(attribution: Readonly<Attribution>, provider: string, model: string): string {
  let key = `${provider.length}:${provider}${model.length}:${model}`;
  for (let at = 0; at < DIMENSIONS.length; at += 1) {
    const value = attribution[DIMENSIONS[at]!];
    if (value !== undefined) key += `;${at}:${value.length}:${value}`;
  }
  return key;
}
