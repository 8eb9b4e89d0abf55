import type { Labels } from './series.ts';

/** Takes the place of a value that came after the bound was reached. */
export const OTHER_VALUE = 'other';

export interface CardinalityBounds {
  /** Distinct values of one label. */
  valuesPerLabel: number;
  /** Distinct combinations of all labels. */
  combinations: number;
}

export const DEFAULT_BOUNDS: CardinalityBounds = { valuesPerLabel: 200, combinations: 5000 };

/**
 * Keeps labels bounded, whatever callers send: values that come after the bound are `other`, and so is every label of
 * a combination that comes after its bound. Nothing is left out, so sums stay true.
 */
export class LabelGuard {
  readonly #bounds: CardinalityBounds;
  readonly #values = new Map<string, Set<string>>();
  readonly #combinations = new Map<string, Labels>();

  constructor(bounds: CardinalityBounds = DEFAULT_BOUNDS) {
    this.#bounds = bounds;
  }

  admit(labels: Labels): { labels: Labels; isNew: boolean } {
    const bounded: Record<string, string> = {};
    for (const name in labels) bounded[name] = this.#value(name, labels[name] as string);
    const key = Object.values(bounded).join('\u0000');
    const known = this.#combinations.get(key);
    if (known) return { labels: known, isNew: false };
    if (this.#combinations.size >= this.#bounds.combinations) return { labels: everyOther(labels), isNew: false };
    this.#combinations.set(key, bounded);
    return { labels: bounded, isNew: true };
  }

  #value(name: string, value: string): string {
    const values = this.#values.get(name) ?? new Set();
    this.#values.set(name, values);
    if (values.has(value)) return value;
    if (values.size >= this.#bounds.valuesPerLabel) return OTHER_VALUE;
    values.add(value);
    return value;
  }
}

function everyOther(labels: Labels): Labels {
  return Object.fromEntries(Object.keys(labels).map((name) => [name, OTHER_VALUE]));
}
