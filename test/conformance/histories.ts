/**
 * Random histories on a ledger and on its model. After every step outcomes and balances agree, no cap is passed but by
 * recorded overage, every balance is the sum of what open holds have set aside, no slice grows and nothing ends twice.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HoldRecord, Ledger } from '../../src/ledger/ledger.ts';
import { demand, reserve, reserveOne, settle, settleOne, slice, split, T0 } from './fixtures.ts';
import { type Account, ADOPTED, accountAt, CAP, type Draws, EXPECTED, HOUR, INSTANCES, Model } from './model.ts';

type Step =
  | { kind: 'reserve'; id: string; amount: bigint; instances: string[] }
  | { kind: 'slice'; id: string; amount: bigint; instance: string }
  | { kind: 'settle'; id: string; cost: bigint; remainder: bigint }
  | { kind: 'settleDrawn'; id: string; cost: bigint; remainder: bigint; amount: bigint; slices: string[] }
  | { kind: 'split'; id: string; amount: bigint; slices: string[] }
  | { kind: 'close'; id: string; drawn: bigint }
  | { kind: 'adopt'; id: string; amount: bigint }
  | { kind: 'release' | 'lose' | 'writeOff'; id: string }
  | { kind: 'forgive'; early: boolean }
  | { kind: 'loseAll' | 'loseExpired' | 'hour' };

const attempt = fc.integer({ min: 0, max: 11 }).map((n) => `attempt-${n}`);
const sliceId = fc.integer({ min: 0, max: 5 }).map((n) => `slice-${n}`);
const either = fc.oneof(attempt, sliceId);
const amount = fc.integer({ min: 0, max: 60 }).map(BigInt);
const small = fc.integer({ min: 0, max: 15 }).map(BigInt);
const drawn = { amount: small, slices: fc.array(sliceId, { minLength: 1, maxLength: 3 }) };

const kind = <K extends Step['kind']>(...kinds: K[]) => fc.constantFrom(...kinds);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: kind('reserve'), id: attempt, amount, instances: fc.subarray(INSTANCES) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: kind('slice'), id: sliceId, amount, instance: fc.constantFrom(...INSTANCES) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: kind('settle'), id: attempt, cost: amount, remainder: amount }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: kind('settleDrawn'), id: attempt, cost: small, remainder: small, ...drawn }),
  },
  { weight: 4, arbitrary: fc.record({ kind: kind('split'), id: attempt, ...drawn }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('close'), id: sliceId, drawn: amount }) },
  { weight: 4, arbitrary: fc.record({ kind: kind('release', 'lose', 'writeOff'), id: either }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('adopt'), id: either, amount }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('forgive'), early: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('loseAll', 'loseExpired', 'hour') }) },
);

const expiryOf = (now: number) => ({ attempts: now + HOUR / 2, slices: now + HOUR });

const demandOn = (account: Account, amount: bigint) =>
  demand(amount, CAP, { ...account, ...(account.instance === EXPECTED && { expected: true as const }) });

/** An expected budget holds half of the worst case. */
const drawsOn = (model: Model, slices: readonly string[], amount: bigint): Draws =>
  slices.map((id) => [id, model.slices.get(id)?.account.instance === EXPECTED ? amount / 2n : amount]);

const asDraws = (draws: Draws) => draws.map(([slice, amountNanoUsd]) => ({ slice, amountNanoUsd }));

async function apply(ledger: Ledger, model: Model, step: Step): Promise<void> {
  const { now } = model;
  const expiry = expiryOf(now);
  switch (step.kind) {
    case 'hour':
      model.hour += 1;
      return;
    case 'reserve': {
      const demands = step.instances.map((instance) => demandOn(accountAt(instance, model.hour), step.amount));
      const request = reserve(step.id, demands, { amountNanoUsd: step.amount, expiresAt: expiry.attempts });
      const said = await reserveOne(ledger, request, now);
      expect(said.outcome).toBe(model.reserve(step.id, step.amount, step.instances, expiry.attempts));
      return;
    }
    case 'slice': {
      const demands = [demandOn(accountAt(step.instance, model.hour), step.amount)];
      const request = { ...slice(step.id, step.amount), demands, expiresAt: expiry.slices };
      const said = await reserveOne(ledger, { ...request, slice: { validUntil: now + 5_000 } }, now);
      expect(said.outcome).toBe(model.slice(step.id, step.amount, step.instance, expiry.slices));
      return;
    }
    case 'split': {
      const draws = drawsOn(model, step.slices, step.amount);
      const more = { amountNanoUsd: step.amount, draws: asDraws(draws), admittedAt: now, expiresAt: expiry.attempts };
      const [said] = await ledger.splitMany([split(step.id, {}, more)], now);
      expect(said!.outcome).toBe(model.split(step.id, step.amount, draws, expiry.attempts));
      expect(said!.hold.amountNanoUsd).toBe(model.attempts.get(step.id)!.amount);
      return;
    }
    case 'settle':
    case 'settleDrawn': {
      const drawn =
        step.kind === 'settleDrawn'
          ? { amount: step.amount, draws: drawsOn(model, step.slices, step.amount) }
          : undefined;
      const request = settle(step.id, step.cost, {
        postings: [],
        admittedAt: now,
        remainderNanoUsd: step.remainder,
        source: 'estimated',
        digest: `${step.cost}`,
        ...(drawn && { split: { draws: asDraws(drawn.draws), holdNanoUsd: drawn.amount } }),
      });
      const said = await settleOne(ledger, request, now);
      expect(said.outcome).toBe(model.settle(step.id, step.cost, step.remainder, drawn));
      if ('settlement' in said) expect(said.settlement.overageNanoUsd).toBe(model.attempts.get(step.id)!.overage);
      return;
    }
    case 'close': {
      const [said] = await ledger.closeSlices([{ slice: step.id, drawnNanoUsd: step.drawn }], now);
      expect(said!.outcome).toBe(model.close(step.id, step.drawn));
      return;
    }
    case 'adopt': {
      const adopted = { attemptId: step.id, demand: demandOn(accountAt(ADOPTED, model.hour), step.amount) };
      expect(await ledger.adopt([adopted], now)).toBe(model.adopt(step.id, step.amount));
      return;
    }
    case 'forgive': {
      const before = step.early ? now + 1 : now;
      expect(await ledger.forgive(before, now)).toBe(model.forgive(before));
      return;
    }
    case 'release':
      await ledger.releaseMany([step.id], now);
      return model.release(step.id);
    case 'writeOff':
      await ledger.writeOff([step.id], 'ops', 'why', now);
      return model.writeOff(step.id);
    case 'lose':
      await ledger.lose({ attemptIds: [step.id] }, 'lost', now);
      return model.lose((id) => id === step.id);
    case 'loseAll':
      await ledger.lose({ sessions: ['session-1'] }, 'lost', now);
      return model.lose(() => true);
    case 'loseExpired':
      await ledger.lose({ expiredAt: now }, 'lost', now);
      return model.lose((_, { expiresAt }) => expiresAt <= now);
  }
}

/** What must be so after every step, whatever the steps were. */
class Invariants {
  readonly #ledger: Ledger;
  readonly #last = new Map<string, HoldRecord>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  async check(model: Model): Promise<void> {
    await this.#balances(model);
    await this.#sums();
    await this.#lives([...model.attempts.keys(), ...model.slices.keys()]);
  }

  /** As the model says, and under the cap but for recorded overage. */
  async #balances(model: Model): Promise<void> {
    const accounts = await this.#ledger.accounts(0);
    for (const instance of [...INSTANCES, ADOPTED]) {
      const { since } = accountAt(instance, model.hour);
      const live = accounts.filter((account) => account.instance === instance && account.window.end > since);
      const counted = model.counted(instance);
      expect({
        spent: live.reduce((sum, { spentNanoUsd }) => sum + spentNanoUsd, 0n),
        unresolved: live.reduce((sum, { unresolvedNanoUsd }) => sum + unresolvedNanoUsd, 0n),
        held: live.reduce((sum, { heldNanoUsd }) => sum + heldNanoUsd, 0n),
      }).toEqual(counted);
      if (instance === EXPECTED || instance === ADOPTED) continue;
      expect(counted.spent + counted.unresolved + counted.held).toBeLessThanOrEqual(CAP + model.overage(instance));
    }
  }

  /** What is held on an account is what the live holds in hand say, one by one. */
  async #sums(): Promise<void> {
    const held = new Map<string, bigint>();
    for (const { state, demands } of await this.#ledger.openHolds()) {
      for (const { instance, window, amountNanoUsd } of state.state === 'held' ? demands : []) {
        const key = `${instance} ${window.start}`;
        held.set(key, (held.get(key) ?? 0n) + amountNanoUsd);
      }
    }
    for (const { instance, window, heldNanoUsd } of await this.#ledger.accounts(0)) {
      expect(heldNanoUsd).toBe(held.get(`${instance} ${window.start}`) ?? 0n);
    }
  }

  async #lives(ids: readonly string[]): Promise<void> {
    for (const hold of await this.#ledger.holds(ids)) {
      const before = this.#last.get(hold!.attemptId);
      this.#last.set(hold!.attemptId, hold!);
      if (hold!.slice) {
        const { grantedNanoUsd, splitNanoUsd, freedNanoUsd } = hold!.slice;
        expect(hold!.amountNanoUsd + splitNanoUsd + freedNanoUsd).toBe(grantedNanoUsd);
        expect(hold!.amountNanoUsd).toBeLessThanOrEqual(before?.amountNanoUsd ?? grantedNanoUsd);
      }
      // Of one that ended without a settlement it may still come, once.
      if (before?.settledLateAs !== undefined) expect(hold!.settledLateAs).toBe(before.settledLateAs);
      const ended = before && before.state.state !== 'held' && before.state.state !== 'unresolved';
      if (ended) expect(hold!.state).toEqual(before.state);
    }
  }
}

export function describeHistories(open: () => Promise<Ledger>, numRuns: number): void {
  describe('under random operations', () => {
    test('agrees with a model of it after every step, and passes no cap but by recorded overage', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80 }), async (steps) => {
          const ledger = await open();
          try {
            const model = new Model();
            const invariants = new Invariants(ledger);
            for (const next of steps) {
              await apply(ledger, model, next);
              await invariants.check(model);
            }
            expect((await ledger.verify()).problems).toEqual([]);
          } finally {
            await ledger.close();
          }
        }),
        { numRuns },
      );
    });

    test('what is told of slices comes to the same in any order, told twice, split first or settled at once', async () => {
      await fc.assert(
        fc.asyncProperty(lives, async ({ attempts, spare, lost, told }) => {
          const ledger = await open();
          try {
            const straight = await tell(ledger, 'straight', { attempts, spare, lost }, words(attempts.length));
            const mixed = await tell(ledger, 'mixed', { attempts, spare, lost }, told);
            expect(mixed).toEqual(straight);
            expect((await ledger.verify()).problems).toEqual([]);
          } finally {
            await ledger.close();
          }
        }),
        { numRuns },
      );
    });
  });
}

interface Lives {
  /** What each drew of both slices, what it cost, and whether it is split off before it is settled. */
  attempts: { drawn: bigint; cost: bigint; open: boolean }[];
  /** What nobody drew. */
  spare: bigint;
  /** The slices' session was lost before anything was told. */
  lost: boolean;
}
type Word = { settle: number } | { split: number } | { close: 's' | 'o' };

const words = (attempts: number): Word[] => [
  ...Array.from({ length: attempts }, (_, settle) => ({ settle })),
  { close: 's' },
  { close: 'o' },
];

/** Every word at least once, in any order, and whatever else may be said before, between and after. */
const lives = fc
  .record({
    attempts: fc.array(fc.record({ drawn: small, cost: small, open: fc.boolean() }), { minLength: 1, maxLength: 6 }),
    spare: small,
    lost: fc.boolean(),
  })
  .chain(({ attempts, spare, lost }) => {
    const needed = words(attempts.length);
    const more = [...needed, ...attempts.map((_, split): Word => ({ split }))];
    const told = fc
      .array(fc.constantFrom(...more), { maxLength: 12 })
      .chain((extra) => fc.shuffledSubarray([...needed, ...extra], { minLength: needed.length + extra.length }));
    return fc.record({ attempts: fc.constant(attempts), spare: fc.constant(spare), lost: fc.constant(lost), told });
  });

/** Tells the words on slices and accounts of this name; answers all that came of it, without the name. */
async function tell(ledger: Ledger, name: string, { attempts, spare, lost }: Lives, told: readonly Word[]) {
  const total = attempts.reduce((sum, { drawn }) => sum + drawn, 0n);
  const slices = [`${name} s`, `${name} o`];
  for (const id of slices) {
    const request = slice(id, total + spare, { instance: `${id}|` });
    expect((await reserveOne(ledger, request)).outcome).toBe('granted');
  }
  if (lost) await ledger.lose({ attemptIds: slices }, 'silent', T0);
  const splitOff = (index: number) => {
    const { drawn } = attempts[index]!;
    return ledger.splitMany([split(`${name} ${index}`, { [slices[0]!]: drawn, [slices[1]!]: drawn })], T0);
  };
  for (const word of told) {
    if ('close' in word) await ledger.closeSlices([{ slice: `${name} ${word.close}`, drawnNanoUsd: total }], T0);
    else if ('split' in word) await splitOff(word.split);
    else {
      const { cost, drawn, open } = attempts[word.settle]!;
      if (open) await splitOff(word.settle);
      const draws = slices.map((id) => ({ slice: id, amountNanoUsd: drawn }));
      const more = { postings: [], split: { draws, holdNanoUsd: drawn } };
      await settleOne(ledger, settle(`${name} ${word.settle}`, cost, more));
    }
  }
  const holds = await ledger.holds([...slices, ...attempts.map((_, index) => `${name} ${index}`)]);
  const { items } = await ledger.settlements({ limit: 100 });
  const settled = items.filter(({ attemptId }) => attemptId.startsWith(name));
  const results = {
    holds: holds.map((hold) => ({ ...hold, digest: '' })),
    accounts: (await ledger.accounts(0)).filter(({ instance }) => instance.startsWith(name)),
    settlements: settled.map(({ seq: _, ...rest }) => rest).sort((a, b) => (a.attemptId < b.attemptId ? -1 : 1)),
  };
  // One that was lost and is all split has ended: a close that comes after is not written down any more.
  const text = JSON.stringify(results, (key, value) => {
    if (key === 'drawnNanoUsd') return undefined;
    return typeof value === 'bigint' ? `${value}n` : value;
  });
  return JSON.parse(text.replaceAll(`${name} `, ''));
}
