/** A lease, a server that grants from nothing but a number, and a clock that the test moves. */

import { type Closed, type Instant, Lease, type LeaseAsk, type LeaseLimits } from '../../../src/client/lease/lease.ts';
import type { Attempted } from '../../../src/client/lease/routes.ts';
import type { Attribution } from '../../../src/domain/attribution.ts';
import { serialiseCard } from '../../../src/pricing/card.ts';
import type { WireRoute, WireSlice } from '../../../src/protocol/wire.ts';
import { handMade } from '../../pricing/support.ts';

/** One nano-USD an input token, nothing for output: an attempt costs at the most what its input says. */
const CARD = handMade({ input_mtok: '0.001', output_mtok: '0' });

export const routeOver = (slots: readonly string[], more: Partial<WireRoute> = {}): WireRoute => ({
  slots: slots.map((slot) => ({ slot })),
  decision: 'allow',
  valid_ms: 10_000,
  card: { provider: 'acme', model: 'm-1', catalogue: 'test', card: serialiseCard(CARD) },
  ...more,
});

export const attempt = (costNanoUsd: number, attribution: Attribution = TEAM): Attempted => ({
  attribution,
  provider: 'acme',
  model: 'm-1',
  bound: { inputTokens: costNanoUsd, outputTokens: 0 },
});
export const TEAM: Attribution = { team: 'support' };

export class World {
  readonly lease: Lease;
  wall = Date.parse('2026-11-22T12:00:00Z');
  monotonicMs = 1_000;
  validMs = 5_000;
  readonly closed: Closed[] = [];
  #ids = 0;

  constructor(limits?: Partial<LeaseLimits>) {
    this.lease = new Lease(() => `s${++this.#ids}`, limits);
  }

  get now(): Instant {
    return { wall: this.wall, monotonicMs: this.monotonicMs };
  }

  pass(ms: number): void {
    this.wall += ms;
    this.monotonicMs += ms;
  }

  /** True: admitted here. */
  try(costNanoUsd: number, attribution?: Attribution): boolean {
    return this.lease.admit(attempt(costNanoUsd, attribution), this.now) !== undefined;
  }

  routed(route: WireRoute | undefined, what = attempt(10)): void {
    this.lease.routed(what, route, this.now);
  }

  ask(): LeaseAsk {
    return this.lease.ask(this.now);
  }

  /** Grants what is asked for, or what `grant` says of it. */
  answer(ask: LeaseAsk, grant: (wanted: bigint) => bigint | undefined = (wanted) => wanted): void {
    const slices = ask.wants.flatMap(({ slice, amountNanoUsd }): WireSlice[] => {
      const amount = grant(amountNanoUsd);
      return amount === undefined ? [] : [{ slice, amount: amount.toString(), valid_ms: this.validMs }];
    });
    this.lease.answered(ask, slices, this.now);
  }

  closes(): Closed[] {
    const closed = this.lease.closes(this.now);
    this.closed.push(...closed);
    return closed;
  }

  /** A route over the slots, two attempts that had to ask, and a slice of `granted` for each slot. */
  warm(slots: readonly string[] = ['org'], granted?: bigint): void {
    this.routed(routeOver(slots));
    this.try(10);
    this.answer(this.ask(), granted === undefined ? undefined : () => granted);
  }
}
