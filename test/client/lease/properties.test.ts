/** Whatever happens in whatever order, a session draws no more than it was granted, and tells the truth of it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LeaseAsk, LocalGrant } from '../../../src/client/lease/lease.ts';
import { attempt, routeOver, World } from './fixtures.ts';

const SLOTS = ['a', 'b', 'c'];
const WHO = [{ team: 'x' }, { team: 'y' }];
const VALID_MS = 5_000;

const slots = fc.subarray(SLOTS);
const step = fc.oneof(
  { weight: 40, arbitrary: fc.record({ do: fc.constant('try' as const), who: fc.nat(1), cost: fc.nat(60) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('route' as const), who: fc.nat(1), slots }) },
  { weight: 8, arbitrary: fc.constant({ do: 'ask' as const }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      permille: fc.constantFrom(0, 300, 1_000, 1_000, 4_000),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'lose' as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('putBack' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), slots }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), slots }) },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'all' as const }, { do: 'return' as const }, { do: 'end' as const }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(1_500) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('step' as const), ms: fc.integer({ min: -9_000, max: 9_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sleep' as const), ms: fc.nat(9_000) }) },
  { weight: 4, arbitrary: fc.constant({ do: 'closes' as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What the server knows, and what truly happened. */
class Truth {
  readonly world = new World();
  readonly granted = new Map<string, { amount: bigint; askedAt: number }>();
  readonly drawn = new Map<string, bigint>();
  readonly told = new Map<string, bigint>();
  readonly under: LocalGrant[] = [];
  admitted = 0;
  #asks: { ask: LeaseAsk; at: number }[] = [];
  /** Time that truly passed; no clock shows it. */
  #trueMs = 0;

  do(next: Step): void {
    const { world } = this;
    switch (next.do) {
      case 'try':
        this.#try(WHO[next.who]!, next.cost);
        break;
      case 'route':
        world.routed(routeOver(next.slots), attempt(10, WHO[next.who]!));
        break;
      case 'ask':
        this.#asks.push({ ask: world.ask(), at: this.#trueMs });
        break;
      case 'answer':
        this.#answer(BigInt(next.permille));
        break;
      case 'lose': {
        const lost = this.#asks.shift();
        if (lost) world.lease.unanswered(lost.ask);
        break;
      }
      case 'putBack':
        this.#putBack(next.which);
        break;
      case 'close':
        world.lease.recalled({ close: next.slots }, world.now);
        break;
      case 'forget':
        world.lease.recalled({ forget: next.slots }, world.now);
        break;
      case 'all':
        world.lease.recalled({ all: true }, world.now);
        break;
      case 'return':
        world.lease.returnAll();
        break;
      case 'end':
        this.#tell(world.lease.end());
        break;
      case 'pass':
        this.#trueMs += next.ms;
        world.pass(next.ms);
        break;
      case 'step':
        world.wall += next.ms;
        break;
      case 'sleep':
        this.#trueMs += next.ms;
        world.wall += next.ms;
        break;
      case 'closes':
        this.#tell(world.closes());
        break;
    }
  }

  #try(who: Record<string, string>, cost: number): void {
    const grant = this.world.lease.admit(attempt(cost, who), this.world.now);
    if (!grant) return;
    this.under.push(grant);
    if (grant.draws.length > 0) this.admitted += 1;
    for (const { slice, amountNanoUsd } of grant.draws) {
      expect(this.told.has(slice), `${slice} is closed`).toBe(false);
      expect(this.#trueMs - this.granted.get(slice)!.askedAt).toBeLessThan(VALID_MS);
      this.#draw(slice, amountNanoUsd);
    }
  }

  #draw(slice: string, amount: bigint): void {
    this.drawn.set(slice, (this.drawn.get(slice) ?? 0n) + amount);
    expect(this.drawn.get(slice)! <= this.granted.get(slice)!.amount).toBe(true);
  }

  #answer(permille: bigint): void {
    const asked = this.#asks.shift();
    if (!asked) return;
    for (const { slice, amountNanoUsd } of asked.ask.wants)
      this.granted.set(slice, { amount: (amountNanoUsd * permille) / 1_000n, askedAt: asked.at });
    this.world.answer(asked.ask, (wanted) => (wanted * permille) / 1_000n);
  }

  #putBack(which: number): void {
    const [grant] = this.under.splice(which % Math.max(1, this.under.length), 1);
    if (!grant || !this.world.lease.putBack(grant.draws)) return;
    for (const { slice, amountNanoUsd } of grant.draws) this.#draw(slice, -amountNanoUsd);
  }

  #tell(closed: readonly { slice: string; drawnNanoUsd: bigint }[]): void {
    for (const { slice, drawnNanoUsd } of closed) {
      expect(drawnNanoUsd).toBe(this.drawn.get(slice) ?? 0n);
      this.told.set(slice, drawnNanoUsd);
    }
  }

  /** Every slice that may have been granted is told of. */
  end(): void {
    const asked = this.#asks.map(({ ask }) => ask);
    this.#tell(this.world.lease.end());
    for (const ask of asked) this.world.answer(ask);
    this.#tell(this.world.closes());
    for (const slice of this.granted.keys()) expect(this.told.has(slice), `${slice} is told of`).toBe(true);
  }
}

test('Σ drawn ≤ granted, nothing is drawn after a close or the end of a slice, and every slice is told of', () => {
  let admitted = 0;
  const property = fc.property(fc.array(step, { minLength: 20, maxLength: 200 }), (steps) => {
    const truth = new Truth();
    const start: Step[] = [{ do: 'try', who: 0, cost: 20 }, { do: 'try', who: 1, cost: 50 }, { do: 'ask' }];
    for (const who of WHO) truth.world.routed(routeOver(SLOTS), attempt(10, who));
    for (const next of [...start, { do: 'answer', permille: 4_000 } as const, ...steps]) {
      truth.do(next);
      // A process looks at its clocks more often than they are stepped.
      truth.world.lease.busy(truth.world.now);
    }
    truth.end();
    admitted += truth.admitted;
  });
  fc.assert(property, { numRuns: 1_500 });
  expect(admitted).toBeGreaterThan(10_000);
});
