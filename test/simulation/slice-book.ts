import type { HoldRecord } from '../../src/ledger/ledger.ts';
import type { TrueAttempt } from './attempt.ts';

/** A slice as the judge knows it: what was granted, and every attempt that truly drew from it. */
export interface KnownSlice {
  id: string;
  /** The ledger's name of the account, and its window. */
  instance: string;
  windowStart: number;
  grantedNanoUsd: bigint;
  drawnNanoUsd: bigint;
  /** Ledger time. */
  grantedAt: number;
  /** From when it was granted. */
  validMs: number;
  /** Virtual time. */
  grantedAtMs: number;
  drawers: Set<TrueAttempt>;
}

export class SliceBook {
  readonly #slices = new Map<string, KnownSlice>();

  granted({ attemptId, demands, amountNanoUsd, admittedAt, slice }: HoldRecord, now: number, nowMs: number): void {
    const { instance, window } = demands[0]!;
    this.#slices.set(attemptId, {
      id: attemptId,
      instance,
      windowStart: window.start,
      grantedNanoUsd: amountNanoUsd,
      drawnNanoUsd: 0n,
      grantedAt: admittedAt,
      // By the clock of the server that granted it: ledger time may be ahead.
      validMs: slice!.validUntil - now,
      grantedAtMs: nowMs,
      drawers: new Set(),
    });
  }

  /** Adds an attempt's draws, or takes them off again; answers the slices. */
  change(attempt: TrueAttempt, sign: 1n | -1n): KnownSlice[] {
    return (attempt.draws ?? []).flatMap(({ slice, amountNanoUsd }) => {
      const known = this.#slices.get(slice);
      if (!known) return [];
      known.drawnNanoUsd += sign * amountNanoUsd;
      if (sign > 0n) known.drawers.add(attempt);
      else known.drawers.delete(attempt);
      return known;
    });
  }

  of(attempt: TrueAttempt): KnownSlice[] {
    return (attempt.draws ?? []).flatMap(({ slice }) => this.#slices.get(slice) ?? []);
  }

  /** The one of an instance that an attempt drew from. */
  ofKey(attempt: TrueAttempt, key: string): KnownSlice | undefined {
    return this.of(attempt).find(({ instance }) => instance.startsWith(`${key}@`));
  }
}
