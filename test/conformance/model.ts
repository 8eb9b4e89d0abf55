/**
 * A second, tiny ledger written another way: no projection, every balance is summed from the list of attempts each time.
 * Random operations run on both; outcomes and balances must agree, and no cap may be passed but by recorded overage.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { demand, posting, reserve, reserveOne, settle, settleOne, T0 } from './fixtures.ts';

const HOUR = 3_600_000;
const INSTANCES = ['calendar|a', 'calendar|b', 'rolling|'];
const CAP = 100n;

interface Attempt {
  state: 'held' | 'unresolved' | 'settled' | 'released' | 'written_off';
  amount: bigint;
  hour: number;
  instances: string[];
  cost: bigint;
  remainder: bigint;
}

type Step =
  | { kind: 'reserve'; id: string; amount: bigint; instances: string[] }
  | { kind: 'settle'; id: string; cost: bigint; remainder: bigint }
  | { kind: 'release' | 'lose' | 'writeOff'; id: string }
  | { kind: 'hour' };

const id = fc.integer({ min: 0, max: 11 }).map((n) => `attempt-${n}`);
const amount = fc.integer({ min: 0, max: 60 }).map(BigInt);
const instances = fc.subarray(INSTANCES);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('reserve' as const), id, amount, instances }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('settle' as const), id, cost: amount, remainder: amount }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('release' as const, 'lose' as const, 'writeOff' as const), id }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('hour' as const) }) },
);

const windowOf = (instance: string, hour: number) => {
  const unit = instance === 'rolling|' ? HOUR : 24 * HOUR;
  const start = T0 + Math.floor((hour * HOUR) / unit) * unit;
  return { start, end: start + unit };
};
/** A rolling window of two hours, in buckets of one. */
const sinceOf = (instance: string, hour: number) =>
  instance === 'rolling|' ? T0 + (hour - 1) * HOUR : windowOf(instance, hour).start;

class Model {
  readonly attempts = new Map<string, Attempt>();
  hour = 0;

  counted(instance: string, hour = this.hour): { spent: bigint; unresolved: bigint; held: bigint } {
    const sum = { spent: 0n, unresolved: 0n, held: 0n };
    const since = sinceOf(instance, hour);
    for (const attempt of this.attempts.values()) {
      if (!attempt.instances.includes(instance) || windowOf(instance, attempt.hour).end <= since) continue;
      if (attempt.state === 'held') sum.held += attempt.amount;
      if (attempt.state === 'unresolved') sum.unresolved += attempt.amount;
      if (attempt.state === 'settled') {
        sum.spent += attempt.cost;
        sum.unresolved += attempt.remainder;
      }
    }
    return sum;
  }

  reserve(id: string, amount: bigint, instances: string[]): string {
    const known = this.attempts.get(id);
    // The digest is the same for every reserve, so only its state decides.
    if (known) return known.state === 'held' || known.state === 'unresolved' ? 'granted' : 'conflict';
    const sums = instances.map((instance) => this.counted(instance));
    if (sums.some(({ spent, unresolved }) => spent + unresolved + amount > CAP)) return 'exhausted';
    if (sums.some(({ spent, unresolved, held }) => spent + unresolved + held + amount > CAP)) return 'contended';
    this.attempts.set(id, { state: 'held', amount, hour: this.hour, instances, cost: 0n, remainder: 0n });
    return 'granted';
  }

  settle(id: string, cost: bigint, remainder: bigint): string {
    const known = this.attempts.get(id);
    if (!known) {
      this.attempts.set(id, { state: 'settled', amount: 0n, hour: this.hour, instances: [], cost, remainder: 0n });
      return 'settled';
    }
    if (known.state === 'settled') return 'duplicate or conflict';
    if (known.state === 'released' || known.state === 'written_off') return 'conflict';
    const left = known.amount > cost ? known.amount - cost : 0n;
    this.attempts.set(id, { ...known, state: 'settled', cost, remainder: remainder < left ? remainder : left });
    return 'settled';
  }

  end(kind: 'release' | 'lose' | 'writeOff', id: string): void {
    const known = this.attempts.get(id);
    if (!known) return;
    if (kind === 'release' && known.state === 'held') known.state = 'released';
    else if (kind === 'lose' && known.state === 'held') known.state = 'unresolved';
    else if (kind === 'writeOff' && known.state === 'unresolved') known.state = 'written_off';
    else if (kind === 'writeOff') known.remainder = 0n;
  }

  /** By how much settlements passed what their holds had set aside, of those that count in the account now. */
  overage(instance: string): bigint {
    const since = sinceOf(instance, this.hour);
    let sum = 0n;
    for (const { instances, hour, cost, amount, state } of this.attempts.values()) {
      const counts = instances.includes(instance) && windowOf(instance, hour).end > since;
      if (counts && state === 'settled' && cost > amount) sum += cost - amount;
    }
    return sum;
  }
}

async function apply(ledger: Ledger, model: Model, step: Step): Promise<void> {
  const now = T0 + model.hour * HOUR;
  switch (step.kind) {
    case 'hour':
      model.hour += 1;
      return;
    case 'reserve': {
      const demands = step.instances.map((instance) => {
        const [window, since] = [windowOf(instance, model.hour), sinceOf(instance, model.hour)];
        return demand(step.amount, CAP, { instance, window, since });
      });
      const request = reserve(step.id, demands, { amountNanoUsd: step.amount });
      const said = await reserveOne(ledger, request, now);
      expect(said.outcome).toBe(model.reserve(step.id, step.amount, step.instances));
      return;
    }
    case 'settle': {
      const known = model.attempts.get(step.id);
      const postings = (known?.instances ?? []).map((instance) => {
        const [window, since] = [windowOf(instance, known!.hour), sinceOf(instance, known!.hour)];
        return posting(step.cost, { instance, window, since });
      });
      const more = {
        postings,
        admittedAt: now,
        remainderNanoUsd: step.remainder,
        source: 'estimated',
        digest: `${step.cost}`,
      } as const;
      const said = await settleOne(ledger, settle(step.id, step.cost, more), now);
      const expected = known?.state === 'settled' ? (known.cost === step.cost ? 'duplicate' : 'conflict') : undefined;
      const modelled = model.settle(step.id, step.cost, step.remainder);
      expect(said.outcome).toBe(expected ?? modelled);
      return;
    }
    case 'release':
      await ledger.releaseMany([step.id], now);
      break;
    case 'lose':
      await ledger.lose({ attemptIds: [step.id] }, 'lost', now);
      break;
    case 'writeOff':
      await ledger.writeOff([step.id], 'ops', 'why', now);
  }
  model.end(step.kind, step.id);
}

/** What the ledger's accounts say of an instance now, summed as its windows say. */
async function countedBy(ledger: Ledger, instance: string, hour: number) {
  const since = sinceOf(instance, hour);
  const sum = { spent: 0n, unresolved: 0n, held: 0n };
  for (const account of await ledger.accounts(since)) {
    if (account.instance !== instance) continue;
    sum.spent += account.spentNanoUsd;
    sum.unresolved += account.unresolvedNanoUsd;
    sum.held += account.heldNanoUsd;
  }
  return sum;
}

export function describeModel(open: () => Promise<Ledger>, numRuns: number): void {
  test('agrees with a model of it under random operations, and passes no cap but by recorded overage', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80 }), async (steps) => {
        const ledger = await open();
        try {
          const model = new Model();
          for (const next of steps) await apply(ledger, model, next);
          for (const instance of INSTANCES) {
            const counted = model.counted(instance);
            expect(await countedBy(ledger, instance, model.hour)).toEqual(counted);
            expect(counted.spent + counted.unresolved + counted.held <= CAP + model.overage(instance)).toBe(true);
          }
          expect((await ledger.verify()).problems).toEqual([]);
        } finally {
          await ledger.close();
        }
      }),
      { numRuns },
    );
  });
}
