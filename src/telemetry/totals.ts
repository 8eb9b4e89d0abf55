/**
 * Sums that are only looked at when metrics are collected. A counter of the metrics API would hash all attributes of each
 * measurement; here a call adds to a number that it finds by what it is.
 */
import type { Attributes, ObservableResult } from '@opentelemetry/api';

export interface Total {
  readonly attributes: Attributes;
  value: number;
}

/** As many as an SDK keeps of one metric. */
const MAX_TOTALS = 2000;
const OVERFLOW: Attributes = { 'otel.metric.overflow': true };

export class Totals {
  readonly #byKey = new Map<string, Total>();
  readonly #perUnit: number;
  #overflow: Total | undefined;

  /** What is added is told divided by `perUnit`. */
  constructor(perUnit = 1) {
    this.#perUnit = perUnit;
  }

  /** The same key, the same total; the attributes are asked for the first time only. */
  of(key: string, attributes: () => Attributes): Total {
    const known = this.#byKey.get(key);
    if (known) return known;
    if (this.#byKey.size >= MAX_TOTALS) {
      this.#overflow ??= { attributes: OVERFLOW, value: 0 };
      return this.#overflow;
    }
    const total = { attributes: attributes(), value: 0 };
    this.#byKey.set(key, total);
    return total;
  }

  observe(result: ObservableResult): void {
    for (const { attributes, value } of this.#byKey.values()) result.observe(value / this.#perUnit, attributes);
    if (this.#overflow) result.observe(this.#overflow.value / this.#perUnit, this.#overflow.attributes);
  }
}
