/** What a run shows besides its verdict. */
import type { Fare, FirstDenial } from './client.ts';
import type { Billed } from './provider.ts';

export interface Figures {
  calls: number;
  /** Of the cap, in percent: when the first call was denied, and at the end. */
  spentAtFirstDenial: number;
  spent: number;
  /** Percent of the cap that stays open. */
  unresolved: number;
  /** By code. */
  denied: Record<string, number>;
  /** Between the call and its arrival at the provider. */
  waitMs: { p50: number; p99: number };
  /** Answers a second, until the first denial. */
  callsPerSecond: number;
  /** Reservations that the server decided, for each answer. */
  reservationsPerCall: number;
}

export interface Observed {
  capNanoUsd: bigint;
  unresolvedNanoUsd: bigint;
  billed: readonly Billed[];
  fares: readonly Fare[];
  denials: readonly FirstDenial[];
  /** Reservations that the server decided. */
  decisions: number;
}

export function figuresOf({ capNanoUsd, unresolvedNanoUsd, billed, fares, denials, decisions }: Observed): Figures {
  const percent = (nanoUsd: bigint) => Number((nanoUsd * 100_000n) / capNanoUsd) / 1_000;
  const first = Math.min(...denials.map(({ at }) => at), Number.POSITIVE_INFINITY);
  const before = billed.filter(({ at }) => at <= first);
  const seconds = before.length > 1 ? (before.at(-1)!.at - before[0]!.at) / 1_000 : Number.NaN;
  const waits = billed.flatMap(({ waitedMs }) => (waitedMs === undefined ? [] : [waitedMs])).sort((a, b) => a - b);
  return {
    calls: billed.length,
    spentAtFirstDenial: percent(costOf(before)),
    spent: percent(costOf(billed)),
    unresolved: percent(unresolvedNanoUsd),
    denied: together(fares.map(({ denied }) => denied)),
    waitMs: { p50: quantile(waits, 0.5), p99: quantile(waits, 0.99) },
    callsPerSecond: before.length / seconds,
    reservationsPerCall: decisions / billed.length,
  };
}

function costOf(billed: readonly Billed[]): bigint {
  return billed.reduce((total, { nanoUsd }) => total + BigInt(nanoUsd), 0n);
}

function together(counts: readonly Record<string, number>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [code, count] of counts.flatMap((one) => Object.entries(one))) sums[code] = (sums[code] ?? 0) + count;
  return sums;
}

/** Of values in ascending order. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
