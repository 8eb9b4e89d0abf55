import { Counter, Gauge, type Registry } from 'prom-client';
import { formatUsd, type NanoUsd } from '../../domain/money.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Series {
  readonly labels: Labels;
  sum: bigint;
}

/** Between the parts of a series' key; no attribution can contain it. */
const SEPARATOR = '\u0000';

/** USD as the nearest double. Only here, at the very end, does money become a float. */
export function usd(amount: NanoUsd): number {
  return Number(formatUsd(amount));
}

/**
 * The series of one metric, summed exactly in integers; a float counter would drift from the ledger. Written into a
 * fresh registry at each scrape, so that what a config no longer knows is gone.
 */
export class Sums {
  readonly #labelNames: readonly string[];
  readonly #series = new Map<string, Series>();

  constructor(labelNames: readonly string[]) {
    this.#labelNames = labelNames;
  }

  /** An amount of 0 brings the series into being, so that its first increase is seen. */
  add(labels: Labels, amount: bigint): void {
    this.series(labels).sum += amount;
  }

  /** The one series of these labels, to add to without looking it up again; at 0 if it is new. */
  series(labels: Labels): Series {
    const key = this.#labelNames.map((name) => labels[name] ?? '').join(SEPARATOR);
    const known = this.#series.get(key);
    if (known) return known;
    const series: Series = { labels, sum: 0n };
    this.#series.set(key, series);
    return series;
  }

  writeCounter(registry: Registry, name: string, help: string, unit: (sum: bigint) => number = Number): void {
    const counter = new Counter({ name, help, labelNames: [...this.#labelNames], registers: [registry] });
    for (const { labels, sum } of this.#series.values()) counter.inc(labels, unit(sum));
  }

  writeGauge(registry: Registry, name: string, help: string, unit: (sum: bigint) => number = Number): void {
    const gauge = new Gauge({ name, help, labelNames: [...this.#labelNames], registers: [registry] });
    for (const { labels, sum } of this.#series.values()) gauge.set(labels, unit(sum));
  }
}
