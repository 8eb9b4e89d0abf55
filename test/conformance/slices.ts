/** What every ledger must do with slices, the attempts that drew from them, and unresolved money of expected budgets. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import {
  balanceOf,
  DECEMBER,
  demand,
  holdOf,
  NOVEMBER,
  posting,
  reserve,
  reserveOne,
  settle,
  settleDrawn,
  settleOne,
  slice,
  split,
  T0,
} from './fixtures.ts';

/** The same ones each time; the model shuffles at random. */
const SHUFFLES = { numRuns: 12, seed: 3 };

export function describeSlices(current: () => Ledger): void {
  const grant = async (id: string, amount: bigint, terms = {}) => {
    const outcome = await reserveOne(current(), slice(id, amount, terms));
    expect(outcome.outcome).toBe('granted');
  };
  const close = async (id: string, drawnNanoUsd: bigint, now = T0) =>
    (await current().closeSlices([{ slice: id, drawnNanoUsd }], now))[0]!.outcome;
  const splitOne = async (request: Parameters<Ledger['splitMany']>[0][number], now = T0) =>
    (await current().splitMany([request], now))[0]!;
  /** Held now, split, freed; and its state. */
  const moneyOf = async (id: string) => {
    const { amountNanoUsd, slice, state } = await holdOf(current(), id);
    return [amountNanoUsd, slice!.splitNanoUsd, slice!.freedNanoUsd, state.state];
  };

  describe('a slice', () => {
    test('is granted, replayed and refused like any hold', async () => {
      const first = await reserveOne(current(), slice('s', 60n, {}, 100n));
      expect(first).toMatchObject({
        outcome: 'granted',
        hold: {
          amountNanoUsd: 60n,
          slice: { validUntil: T0 + 5_000, grantedNanoUsd: 60n, splitNanoUsd: 0n, freedNanoUsd: 0n },
          state: { state: 'held', expiresAt: T0 + 30_000 },
        },
      });
      const again = await reserveOne(current(), slice('s', 60n, {}, 100n), T0 + 1);
      expect(again).toEqual({ ...first, replayed: true });
      const other = { ...slice('s', 60n), digest: 'other' };
      expect((await reserveOne(current(), other)).outcome).toBe('conflict');
      expect((await reserveOne(current(), slice('t', 41n, {}, 100n))).outcome).toBe('contended');
      expect((await reserveOne(current(), slice('t', 101n, {}, 100n))).outcome).toBe('exhausted');
      expect(await balanceOf(current())).toEqual([0n, 60n, 0n]);
    });

    test('is among the open holds until it has ended', async () => {
      await grant('s', 60n);
      expect(await current().openHolds()).toEqual([await holdOf(current(), 's')]);
      await close('s', 0n);
      expect(await current().openHolds()).toEqual([]);
    });

    test('is no attempt: it is not settled, adopts nothing, and its id is taken', async () => {
      await grant('s', 60n);
      expect(await settleOne(current(), settle('s', 1n))).toEqual({
        outcome: 'conflict',
        reason: 'it is a slice, not an attempt',
      });
      const adopted = { attemptId: 's', demand: demand(60n, 100n, { instance: 'new|' }) };
      expect(await current().adopt([adopted], T0)).toBe(0);
      expect(await splitOne(split('s', { s: 1n }))).toMatchObject({ outcome: 'known', hold: { slice: {} } });
      expect(await balanceOf(current())).toEqual([0n, 60n, 0n]);
    });

    test.each([
      { what: 'no demand', demands: [] },
      { what: 'two demands', demands: [demand(5n, 9n), demand(5n, 9n, { instance: 'org|' })] },
      { what: 'another amount', demands: [demand(4n, 9n)] },
    ])('with $what is a bug of the caller', async ({ demands }) => {
      const request = reserve('s', demands, { amountNanoUsd: 5n, slice: { validUntil: T0 } });
      await expect(current().reserveMany([request], T0)).rejects.toThrow(
        new RangeError('s: a slice has one demand, of its whole amount'),
      );
    });
  });

  describe('splitting an attempt off its slices', () => {
    test('moves what it drew to a hold of its own, which is settled like any', async () => {
      await grant('s', 60n);
      await grant('o', 30n, { instance: 'org|', expected: true });
      const outcome = await splitOne(split('a', { s: 10n, o: 8n }), T0 + 9);
      const demands = [demand(10n, 1000n), demand(8n, 1000n, { instance: 'org|', expected: true })];
      const state = { state: 'held', expiresAt: T0 + 600_000 };
      expect(outcome).toMatchObject({ outcome: 'split', hold: { amountNanoUsd: 10n, demands, state } });
      expect(outcome.hold.slice).toBeUndefined();
      expect(await holdOf(current(), 'a')).toEqual(outcome.hold);
      expect(await moneyOf('s')).toEqual([50n, 10n, 0n, 'held']);
      expect(await balanceOf(current())).toEqual([0n, 60n, 0n]);
      expect(await balanceOf(current(), 'org|')).toEqual([0n, 30n, 0n]);
      expect(await settleOne(current(), settle('a', 7n))).toMatchObject({
        settlement: {
          unknownHold: false,
          overageNanoUsd: 0n,
          postings: [posting(7n), posting(7n, { instance: 'org|' })],
        },
      });
      expect(await balanceOf(current())).toEqual([7n, 50n, 0n]);
    });

    test.each(['held', 'unresolved', 'settled', 'released'])('happens once: it is known while %s', async (state) => {
      await grant('s', 60n);
      await splitOne(split('a', { s: 10n }));
      if (state === 'unresolved') await current().lose({ attemptIds: ['a'] }, 'silent', T0);
      if (state === 'settled') await settleOne(current(), settle('a', 7n));
      if (state === 'released') await current().releaseMany(['a'], T0);
      const before = [await balanceOf(current()), await moneyOf('s')];
      expect(await splitOne(split('a', { s: 20n }))).toMatchObject({ outcome: 'known', hold: { state: { state } } });
      expect([await balanceOf(current()), await moneyOf('s')]).toEqual(before);
    });

    test('takes at most what a slice holds, skips what is unknown, and names what is missing as no part of it', async () => {
      await grant('s', 15n);
      const [first, second, third] = await current().splitMany(
        [split('a', { s: 10n }), split('b', { s: 10n }), split('c', { s: 10n, nobody: 3n })],
        T0,
      );
      expect(first!.hold).toMatchObject({ amountNanoUsd: 10n, demands: [demand(10n, 1000n)] });
      expect(second!.hold).toMatchObject({ amountNanoUsd: 5n, demands: [demand(5n, 1000n)] });
      expect(third!.hold).toMatchObject({ amountNanoUsd: 0n, demands: [demand(0n, 1000n)] });
      expect(await balanceOf(current())).toEqual([0n, 15n, 0n]);
      expect(await settleOne(current(), settle('b', 9n))).toMatchObject({ settlement: { overageNanoUsd: 4n } });
    });

    test('a hundred at once never take more than the slice holds', async () => {
      await grant('s', 70n);
      const settling = Array.from({ length: 100 }, (_, index) => {
        if (index % 3 === 0) return splitOne(split(`a${index}`, { s: 1n }));
        return settleOne(current(), settleDrawn(`a${index}`, 1n, { s: 1n }));
      });
      await Promise.all(settling);
      expect(await moneyOf('s')).toEqual([0n, 70n, 0n, 'held']);
      const { items } = await current().settlements({ limit: 100 });
      const overage = items.reduce((sum, { overageNanoUsd }) => sum + overageNanoUsd, 0n);
      const [spent, held] = await balanceOf(current());
      expect(spent! + held!).toBe(70n + overage);
    });

    test('of two draws on one account makes one demand', async () => {
      await grant('s', 10n);
      await grant('t', 10n);
      const draws = ['s', 't', 's', 's'].map((slice) => ({ slice, amountNanoUsd: 4n }));
      const { hold } = await splitOne(split('a', {}, { draws, amountNanoUsd: 20n }));
      expect(hold).toMatchObject({ amountNanoUsd: 18n, demands: [demand(14n, 1000n)] });
      expect([await moneyOf('s'), await moneyOf('t')]).toEqual([
        [0n, 10n, 0n, 'held'],
        [6n, 4n, 0n, 'held'],
      ]);
      expect(await balanceOf(current())).toEqual([0n, 20n, 0n]);
    });

    test('from a slice of unknown fate makes a hold of unknown fate, on all its accounts', async () => {
      await grant('s', 60n);
      await grant('o', 60n, { instance: 'org|' });
      await current().lose({ attemptIds: ['s'] }, 'silent', T0);
      const { hold } = await splitOne(split('a', { s: 10n, o: 10n }), T0 + 3);
      expect(hold.state).toEqual({ state: 'unresolved', since: T0 + 3, reason: 'silent' });
      expect(await balanceOf(current())).toEqual([0n, 0n, 60n]);
      expect(await balanceOf(current(), 'org|')).toEqual([0n, 50n, 10n]);
    });

    test.each([
      { said: T0 - 9, from: 'of the grant', admittedAt: T0 + 2 },
      { said: T0 + 3, from: 'that the client says', admittedAt: T0 + 3 },
      { said: T0 + 9_999, from: 'of the end of its validity', admittedAt: T0 + 5_000 },
      { said: DECEMBER.start, from: 'of the end of its validity', admittedAt: T0 + 5_000 },
    ])('said to be admitted at $said has the time $from', async ({ said, admittedAt }) => {
      await reserveOne(current(), slice('s', 60n), T0);
      await reserveOne(current(), slice('o', 60n, { instance: 'org|' }), T0 + 2);
      const drawn = { s: 10n, o: 10n };
      const { hold } = await splitOne(split('a', drawn, { admittedAt: said }), DECEMBER.start + 1);
      expect(hold.admittedAt).toBe(admittedAt);
      const settled = await settleOne(current(), settleDrawn('b', 7n, drawn, { admittedAt: said }));
      expect(settled).toMatchObject({ settlement: { admittedAt } });
    });

    test('is never admitted after now, nor after the window of its slice', async () => {
      await grant('s', 60n);
      expect((await splitOne(split('a', { s: 1n }, { admittedAt: T0 + 900 }), T0 + 8)).hold.admittedAt).toBe(T0 + 8);
      const edge = { ...slice('e', 60n), slice: { validUntil: NOVEMBER.end } };
      await reserveOne(current(), edge, NOVEMBER.end - 5);
      const late = split('b', { e: 1n }, { admittedAt: NOVEMBER.end });
      expect((await splitOne(late, NOVEMBER.end + 5)).hold.admittedAt).toBe(NOVEMBER.end - 1);
    });
  });

  describe('settling an attempt that drew from slices', () => {
    test('splits and ends it in one step, on the accounts of its slices', async () => {
      await grant('s', 60n);
      await grant('o', 60n, { instance: 'org|' });
      const request = settleDrawn('a', 7n, { s: 10n, o: 10n });
      const first = await settleOne(current(), request, T0 + 5);
      const postings = [posting(7n), posting(7n, { instance: 'org|' })];
      expect(first).toMatchObject({
        outcome: 'settled',
        settlement: { postings, overageNanoUsd: 0n, unknownHold: false, bookedAt: T0 + 5 },
      });
      expect(first).not.toHaveProperty('settlement.split');
      expect(await balanceOf(current())).toEqual([7n, 50n, 0n]);
      expect(await balanceOf(current(), 'org|')).toEqual([7n, 50n, 0n]);
      expect(await settleOne(current(), request, T0 + 6)).toEqual({ ...first, outcome: 'duplicate' });
      expect(await moneyOf('s')).toEqual([50n, 10n, 0n, 'held']);
      expect(await holdOf(current(), 'a')).toMatchObject({ amountNanoUsd: 10n, state: { state: 'settled' } });
    });

    test('leaves the slices alone where the attempt has a hold', async () => {
      await grant('s', 60n);
      await splitOne(split('a', { s: 10n }));
      await settleOne(current(), settleDrawn('a', 7n, { s: 10n }));
      expect(await moneyOf('s')).toEqual([50n, 10n, 0n, 'held']);
      expect(await balanceOf(current())).toEqual([7n, 50n, 0n]);
    });

    test('above the worst case posts in full and records the overage', async () => {
      await grant('s', 60n);
      const outcome = await settleOne(current(), settleDrawn('a', 25n, { s: 10n }));
      expect(outcome).toMatchObject({ settlement: { overageNanoUsd: 15n } });
      expect(await balanceOf(current())).toEqual([25n, 50n, 0n]);
    });

    test('as estimated leaves the remainder on what it drew', async () => {
      await grant('s', 60n);
      const estimate = { source: 'estimated', remainderNanoUsd: 9n } as const;
      await settleOne(current(), settleDrawn('a', 7n, { s: 10n }, estimate));
      expect(await balanceOf(current())).toEqual([7n, 50n, 3n]);
      expect(await holdOf(current(), 'a')).toMatchObject({ remainderNanoUsd: 3n });
    });

    test('of unknown slices is booked and flagged as any stranger', async () => {
      const outcome = await settleOne(current(), settleDrawn('a', 7n, { nobody: 10n }));
      expect(outcome).toMatchObject({ settlement: { unknownHold: true, overageNanoUsd: 0n, admittedAt: T0 } });
      expect(await balanceOf(current())).toEqual([7n, 0n, 0n]);
    });

    test.each(['at once', 'split off before'])(
      'of a slice that was written off, %s, posts to its account, with what was missing as overage',
      async (way) => {
        await grant('s', 60n);
        await current().lose({ sessions: ['session-1'] }, 'silent', T0);
        await current().writeOff(['s'], 'ops', 'gone', T0);
        expect(await moneyOf('s')).toEqual([0n, 0n, 60n, 'written_off']);
        if (way === 'split off before') await splitOne(split('a', { s: 10n }));
        const outcome = await settleOne(current(), settleDrawn('a', 7n, { s: 10n }, { postings: [] }));
        expect(outcome).toMatchObject({
          settlement: { postings: [posting(7n)], unknownHold: false, overageNanoUsd: 7n },
        });
        expect(await balanceOf(current())).toEqual([7n, 0n, 0n]);
      },
    );
  });

  describe('closing a slice', () => {
    test('frees what was not drawn, and keeps what was until the attempts are told of', async () => {
      await grant('s', 60n);
      expect(await close('s', 25n)).toBe('released');
      expect(await balanceOf(current())).toEqual([0n, 25n, 0n]);
      await settleOne(current(), settleDrawn('a', 7n, { s: 10n }));
      expect(await balanceOf(current())).toEqual([7n, 15n, 0n]);
      await splitOne(split('b', { s: 15n }));
      expect(await moneyOf('s')).toEqual([0n, 25n, 35n, 'released']);
      expect(await balanceOf(current())).toEqual([7n, 15n, 0n]);
    });

    test.each([
      { what: 'an unknown slice', id: 'nobody', outcome: 'unknown' },
      { what: 'an attempt', id: 'a', outcome: 'conflict' },
      { what: 'a slice that has ended', id: 'ended', outcome: 'already_released' },
    ])('of $what: $outcome', async ({ id, outcome }) => {
      await reserveOne(current(), reserve('a', [demand(10n, 100n)]));
      await grant('ended', 5n);
      await close('ended', 0n);
      expect(await close(id, 1n)).toBe(outcome);
      expect(await balanceOf(current())).toEqual([0n, 10n, 0n]);
    });

    test('twice changes nothing; of two sums the larger counts, but what was given back stays so', async () => {
      await grant('s', 60n);
      expect([await close('s', 20n), await close('s', 20n), await close('s', 15n)]).toEqual([
        'released',
        'already_released',
        'already_released',
      ]);
      expect(await moneyOf('s')).toEqual([20n, 0n, 40n, 'held']);
      expect(await close('s', 90n)).toBe('released');
      expect(await moneyOf('s')).toEqual([20n, 0n, 40n, 'held']);
      expect((await holdOf(current(), 's')).slice?.drawnNanoUsd).toBe(90n);
    });

    test('of unknown fate frees unresolved money, and ends when all that was drawn is told of', async () => {
      await grant('s', 60n);
      await current().lose({ expiredAt: T0 + 30_000 }, 'silent', T0);
      expect(await balanceOf(current())).toEqual([0n, 0n, 60n]);
      await close('s', 10n);
      expect(await balanceOf(current())).toEqual([0n, 0n, 10n]);
      await settleOne(current(), settleDrawn('a', 7n, { s: 10n }));
      expect(await moneyOf('s')).toEqual([0n, 10n, 50n, 'released']);
      expect(await balanceOf(current())).toEqual([7n, 0n, 0n]);
    });

    test('is not needed once it is lost with nothing in it', async () => {
      await grant('s', 10n);
      await splitOne(split('a', { s: 10n }));
      const lost = await current().lose({ attemptIds: ['s'] }, 'silent', T0 + 1);
      expect(lost).toMatchObject([{ attemptId: 's', state: { state: 'released', at: T0 + 1 } }]);
      expect(await close('s', 10n)).toBe('already_released');
    });

    test('in any order, and told twice, comes to the same as in the order of events', async () => {
      const attempts = [1, 2, 3, 4].map((n) => ({ id: `attempt-${n}`, drawn: BigInt(n * 3), cost: BigInt(n) }));
      const total = attempts.reduce((sum, { drawn }) => sum + drawn, 0n);
      const words = [
        ...attempts.map(({ id, drawn, cost }, index) => async (run: string) => {
          const draws = { [`${run} s`]: drawn, [`${run} o`]: drawn };
          if (index === 0) await splitOne(split(`${run} ${id}`, draws));
          await settleOne(current(), settleDrawn(`${run} ${id}`, cost, draws, { postings: [] }));
        }),
        (run: string) => close(`${run} s`, total),
        (run: string) => close(`${run} o`, total),
      ];
      const all = words.map((_, index) => index);
      const orders = fc.sample(fc.shuffledSubarray([...all, ...all, ...all], { minLength: all.length * 3 }), SHUFFLES);
      for (const [index, order] of orders.entries()) {
        const run = `run ${index}`;
        for (const [id, amount] of [
          ['s', 60n],
          ['o', 31n],
        ] as const) {
          await grant(`${run} ${id}`, amount, { instance: `${run} ${id}|` });
        }
        for (const word of order) await words[word]!(run);
        expect(await moneyOf(`${run} s`)).toEqual([0n, total, 60n - total, 'released']);
        expect(await moneyOf(`${run} o`)).toEqual([0n, total, 31n - total, 'released']);
        expect(await balanceOf(current(), `${run} s|`)).toEqual([10n, 0n, 0n]);
        expect(await balanceOf(current(), `${run} o|`)).toEqual([10n, 0n, 0n]);
      }
    });
  });

  describe('forgiving', () => {
    const mixed = () => [demand(10n, 100n), demand(10n, 100n, { instance: 'soft|', expected: true })];

    test('frees expected demands that are unresolved for long, once, and leaves strict ones', async () => {
      await reserveOne(current(), reserve('a', mixed()));
      await reserveOne(current(), reserve('strict', [demand(5n, 100n)]));
      await current().lose({ sessions: ['session-1'] }, 'silent', T0);
      expect(await current().forgive(T0, T0 + 9)).toBe(0);
      expect(await current().forgive(T0 + 1, T0 + 9)).toBe(1);
      expect(await current().forgive(T0 + 1, T0 + 9)).toBe(0);
      expect(await balanceOf(current())).toEqual([0n, 0n, 15n]);
      expect(await balanceOf(current(), 'soft|')).toEqual([0n, 0n, 0n]);
      expect(await holdOf(current(), 'a')).toMatchObject({ forgivenAt: T0 + 9, state: { state: 'unresolved' } });
    });

    test('leaves a late settlement to post in full, and frees nothing twice', async () => {
      await reserveOne(current(), reserve('a', mixed()));
      await current().lose({ attemptIds: ['a'] }, 'silent', T0);
      await current().forgive(T0 + 1, T0 + 9);
      const late = { source: 'estimated', remainderNanoUsd: 2n } as const;
      expect(await settleOne(current(), settle('a', 7n, late))).toMatchObject({ settlement: { overageNanoUsd: 0n } });
      expect(await balanceOf(current())).toEqual([7n, 0n, 2n]);
      expect(await balanceOf(current(), 'soft|')).toEqual([7n, 0n, 0n]);
    });

    test('an operator may still write off what is left', async () => {
      await reserveOne(current(), reserve('a', mixed()));
      await current().lose({ attemptIds: ['a'] }, 'silent', T0);
      await current().forgive(T0 + 1, T0 + 9);
      expect(await current().writeOff(['a'], 'ops', 'gone', T0 + 9)).toEqual([{ outcome: 'released' }]);
      expect(await balanceOf(current())).toEqual([0n, 0n, 0n]);
      expect(await balanceOf(current(), 'soft|')).toEqual([0n, 0n, 0n]);
    });

    test('frees the expected share of what an estimate left, by when it was booked', async () => {
      await reserveOne(current(), reserve('a', mixed()));
      await reserveOne(current(), reserve('b', mixed().slice(1)));
      const estimate = { source: 'estimated', remainderNanoUsd: 2n } as const;
      await current().settleMany([settle('a', 7n, estimate), settle('b', 7n, estimate)], T0 + 5);
      expect(await balanceOf(current(), 'soft|')).toEqual([14n, 0n, 4n]);
      expect(await current().forgive(T0 + 5, T0 + 9)).toBe(0);
      expect(await current().forgive(T0 + 6, T0 + 9)).toBe(2);
      expect(await balanceOf(current())).toEqual([14n, 0n, 2n]);
      expect(await balanceOf(current(), 'soft|')).toEqual([14n, 0n, 0n]);
      expect(await current().openHolds()).toMatchObject([{ attemptId: 'a', remainderNanoUsd: 2n, forgivenAt: T0 + 9 }]);
    });

    test('ends an unresolved slice of an expected budget; attempts told of later post in full', async () => {
      await grant('o', 60n, { instance: 'soft|', expected: true });
      await current().lose({ attemptIds: ['o'] }, 'silent', T0);
      expect(await current().forgive(T0 + 1, T0 + 9)).toBe(1);
      expect(await moneyOf('o')).toEqual([0n, 0n, 60n, 'released']);
      const outcome = await settleOne(current(), settleDrawn('a', 7n, { o: 10n }));
      expect(outcome).toMatchObject({ settlement: { unknownHold: false, overageNanoUsd: 0n } });
      expect(await balanceOf(current(), 'soft|')).toEqual([7n, 0n, 0n]);
    });

    test('goes on to what became unresolved later', async () => {
      for (const [index, id] of ['a', 'b', 'c'].entries()) {
        await reserveOne(current(), reserve(id, mixed()));
        await current().lose({ attemptIds: [id] }, 'silent', T0 + index * 10);
      }
      const changed = [];
      for (const before of [5, 5, 15, 25, 25]) changed.push(await current().forgive(T0 + before, T0 + 99));
      expect(changed).toEqual([1, 0, 1, 1, 0]);
    });

    test('lets a demand adopted afterwards count no more than those before', async () => {
      await reserveOne(current(), reserve('a', mixed()));
      await current().lose({ attemptIds: ['a'] }, 'silent', T0);
      await current().forgive(T0 + 1, T0 + 9);
      const adopted = demand(10n, 100n, { instance: 'new|', expected: true });
      expect(await current().adopt([{ attemptId: 'a', demand: adopted }], T0 + 9)).toBe(1);
      expect(await balanceOf(current(), 'new|')).toEqual([0n, 0n, 0n]);
    });
  });
}
