/**
 * What every ledger must do. A new one is done when this suite passes on it: call `describeLedger` in a test of its own.
 * `open` gives an empty ledger each time; the suite closes it. `modelRuns` is the number of random histories.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import {
  balanceOf,
  DECEMBER,
  demand,
  event,
  NOVEMBER,
  posting,
  reserve,
  reserveOne,
  STATES,
  settle,
  settleOne,
  slice,
  T0,
} from './fixtures.ts';
import { describeHistories } from './histories.ts';
import { describeSlices } from './slices.ts';

const HOUR = 3_600_000;

export function describeLedger(name: string, open: () => Promise<Ledger>, { modelRuns = 100 } = {}): void {
  describe(name, () => {
    let ledger: Ledger;
    beforeEach(async () => {
      ledger = await open();
    });
    afterEach(async () => {
      expect((await ledger.verify()).problems).toEqual([]);
      await ledger.close();
    });

    describe('reserve', () => {
      test.each([
        { amount: 100n, cap: 100n, outcome: 'granted' },
        { amount: 101n, cap: 100n, outcome: 'exhausted' },
        { amount: 0n, cap: 0n, outcome: 'granted' },
        { amount: 999_999_999_999_999_998n, cap: 999_999_999_999_999_999n, outcome: 'granted' },
        { amount: 9_007_199_254_740_993n, cap: 9_007_199_254_740_992n, outcome: 'exhausted' },
      ])('a cap is exact to the nano-dollar: $amount under $cap is $outcome', async ({ amount, cap, outcome }) => {
        expect((await reserveOne(ledger, reserve('a', [demand(amount, cap)]))).outcome).toBe(outcome);
      });

      test('all accounts of an attempt are held, or none is', async () => {
        const wide = demand(10n, 1000n, { instance: 'org|' });
        const narrow = demand(10n, 9n, { instance: 'team|support' });
        const outcome = await reserveOne(ledger, reserve('a', [wide, narrow]));
        expect(outcome).toMatchObject({ outcome: 'exhausted', demand: narrow });
        expect(await balanceOf(ledger, 'org|')).toEqual([0n, 0n, 0n]);
        expect(await ledger.holds(['a'])).toEqual([undefined]);
      });

      test('a request sees the grants of those before it in the same call', async () => {
        const requests = ['a', 'b', 'c'].map((id) => reserve(id, [demand(40n, 100n)]));
        const outcomes = await ledger.reserveMany(requests, T0);
        expect(outcomes.map(({ outcome }) => outcome)).toEqual(['granted', 'granted', 'contended']);
      });

      test('a hundred concurrent reserves never take more than the cap', async () => {
        const ids = Array.from({ length: 100 }, (_, index) => `attempt-${index}`);
        const outcomes = await Promise.all(ids.map((id) => reserveOne(ledger, reserve(id, [demand(7n, 100n)]))));
        expect(outcomes.filter(({ outcome }) => outcome === 'granted')).toHaveLength(14);
        expect(await balanceOf(ledger)).toEqual([0n, 98n, 0n]);
      });

      test.each([
        { spent: 95n, lost: 0n, held: 0n, outcome: 'exhausted' },
        { spent: 0n, lost: 95n, held: 0n, outcome: 'exhausted' },
        { spent: 50n, lost: 45n, held: 0n, outcome: 'exhausted' },
        { spent: 0n, lost: 0n, held: 95n, outcome: 'contended' },
        { spent: 45n, lost: 45n, held: 5n, outcome: 'contended' },
        { spent: 95n, lost: 0n, held: 5n, outcome: 'exhausted' },
      ])('with $spent spent, $lost unresolved, $held held of 100, 10 more are $outcome', async (given) => {
        const { spent, lost, held, outcome } = given;
        await reserveOne(ledger, reserve('lost', [demand(lost, 100n)]));
        await ledger.lose({ attemptIds: ['lost'] }, 'silent', T0);
        await settleOne(ledger, settle('spent', spent));
        await reserveOne(ledger, reserve('held', [demand(held, 100n)]));
        expect(await reserveOne(ledger, reserve('a', [demand(10n, 100n)]))).toEqual({
          outcome,
          demand: demand(10n, 100n),
          balance: { spentNanoUsd: spent, heldNanoUsd: held, unresolvedNanoUsd: lost },
        });
      });

      test('an exhausted account decides over a contended one, wherever it stands', async () => {
        await reserveOne(ledger, reserve('held', [demand(95n, 100n, { instance: 'busy|' })]));
        const demands = [demand(10n, 100n, { instance: 'busy|' }), demand(10n, 9n, { instance: 'small|' })];
        expect(await reserveOne(ledger, reserve('a', demands))).toMatchObject({
          outcome: 'exhausted',
          demand: demands[1],
        });
      });

      test('an attempt without demands is recorded and granted', async () => {
        const outcome = await reserveOne(ledger, reserve('a', [], { amountNanoUsd: 5n, reply: '{"kept":1}' }));
        expect(outcome).toMatchObject({
          outcome: 'granted',
          replayed: false,
          hold: { reply: '{"kept":1}', demands: [] },
        });
        expect(await ledger.openHolds()).toHaveLength(1);
      });

      test('the same attempt again gets the first hold, also while it is unresolved', async () => {
        const request = reserve('a', [demand(10n, 15n)], { reply: 'first' });
        const first = await reserveOne(ledger, request, T0);
        const again = await reserveOne(ledger, request, T0 + 1000);
        expect(again).toEqual({ ...first, replayed: true });
        await ledger.lose({ attemptIds: ['a'] }, 'silent', T0);
        expect(await reserveOne(ledger, request)).toMatchObject({ outcome: 'granted', replayed: true });
        expect(await balanceOf(ledger)).toEqual([0n, 0n, 10n]);
      });

      test('the same attempt with another digest, or after its end, is a conflict', async () => {
        await STATES.held(ledger);
        const other = reserve('a', [demand(10n, 100n)], { digest: 'something else' });
        expect(await reserveOne(ledger, other)).toMatchObject({
          outcome: 'conflict',
          hold: { state: { state: 'held' } },
        });
        await ledger.releaseMany(['a'], T0);
        expect(await reserveOne(ledger, reserve('a', [demand(10n, 100n)]))).toMatchObject({ outcome: 'conflict' });
        expect(await balanceOf(ledger)).toEqual([0n, 0n, 0n]);
      });

      test('denials are not remembered: the same attempt may try again', async () => {
        await reserveOne(ledger, reserve('held', [demand(95n, 100n)]));
        expect((await reserveOne(ledger, reserve('a', [demand(10n, 100n)]))).outcome).toBe('contended');
        await ledger.releaseMany(['held'], T0);
        expect((await reserveOne(ledger, reserve('a', [demand(10n, 100n)]))).outcome).toBe('granted');
      });
    });

    describe('settle', () => {
      test('takes the hold off and posts the true cost', async () => {
        await STATES.held(ledger);
        const outcome = await settleOne(ledger, settle('a', 7n, { responseId: 'resp-1' }), T0 + 5);
        const { digest: _, remainderNanoUsd: __, ...kept } = settle('a', 7n, { responseId: 'resp-1' });
        const booking = { seq: 1, bookedAt: T0 + 5, costNanoUsd: 7n, overageNanoUsd: 0n, unknownHold: false };
        expect(outcome).toEqual({ outcome: 'settled', settlement: { ...kept, ...booking } });
        expect(await balanceOf(ledger)).toEqual([7n, 0n, 0n]);
        expect(await ledger.openHolds()).toEqual([]);
      });

      test('keeps what is known of it beside its usage, and usage is told by what was served', async () => {
        const evidence = {
          gateway: 'litellm',
          gatewayRoute: 'group-1',
          servedProvider: 'anthropic',
          reportedCostNanoUsd: 12_345_678_901_234_567n,
          fallback: { by: 'application', provider: 'openai', model: 'gpt-4.1', attemptId: 'b', reason: '429' },
        } as const;
        const attribution = { provider: 'openai', model: 'gpt-4.1' };
        const served = { provider: 'anthropic', model: 'claude-haiku-4-5' };
        await settleOne(ledger, settle('a', 7n, { ...served, attribution, evidence }));
        await settleOne(ledger, settle('b', 1n, { attribution }));
        const { items } = await ledger.settlements({ limit: 10 });
        expect(items.map((item) => item.evidence)).toEqual([evidence, undefined]);
        const usage = await ledger.usage({
          from: T0,
          to: T0 + 1,
          groupBy: ['served_provider', 'served_model', 'model'],
        });
        expect(usage.map(({ group }) => group)).toEqual([
          { model: 'gpt-4.1', served_provider: 'anthropic', served_model: 'claude-haiku-4-5' },
          { model: 'gpt-4.1', served_provider: 'openai', served_model: 'gpt-4.1' },
        ]);
      });

      test('above the hold posts in full and records the overage', async () => {
        await STATES.held(ledger);
        const outcome = await settleOne(ledger, settle('a', 130n));
        expect(outcome).toMatchObject({ settlement: { costNanoUsd: 130n, overageNanoUsd: 120n } });
        expect(await balanceOf(ledger)).toEqual([130n, 0n, 0n]);
        expect((await reserveOne(ledger, reserve('b', [demand(1n, 100n)]))).outcome).toBe('exhausted');
      });

      test('of an unknown hold is booked and flagged, and its attempt id is taken', async () => {
        const outcome = await settleOne(ledger, settle('stranger', 7n));
        expect(outcome).toMatchObject({ outcome: 'settled', settlement: { unknownHold: true, overageNanoUsd: 0n } });
        expect(await balanceOf(ledger)).toEqual([7n, 0n, 0n]);
        expect((await reserveOne(ledger, reserve('stranger', [demand(1n, 100n)]))).outcome).toBe('conflict');
        expect(await settleOne(ledger, settle('stranger', 7n))).toMatchObject({ outcome: 'duplicate' });
      });

      test('twice returns the first result, and another body is a conflict', async () => {
        await STATES.held(ledger);
        const first = await settleOne(ledger, settle('a', 7n), T0);
        const again = await settleOne(ledger, settle('a', 7n), T0 + 1000);
        expect(again).toEqual({ ...first, outcome: 'duplicate' });
        const other = await settleOne(ledger, settle('a', 8n, { digest: 'other' }));
        expect(other).toEqual({ outcome: 'conflict', reason: 'another settlement of this attempt is booked as 1' });
        expect(await balanceOf(ledger)).toEqual([7n, 0n, 0n]);
      });

      test('twice returns the postings in the order in which they were booked', async () => {
        await settleOne(ledger, settle('first', 1n, { postings: [posting(1n, { instance: 'a|' })] }));
        const postings = ['c|', 'a|', 'b|'].map((instance) => posting(7n, { instance }));
        const first = await settleOne(ledger, settle('a', 7n, { postings }));
        expect(await settleOne(ledger, settle('a', 7n, { postings }))).toEqual({ ...first, outcome: 'duplicate' });
      });

      test('twice in one call books once', async () => {
        const outcomes = await ledger.settleMany([settle('a', 7n), settle('a', 7n)], T0);
        expect(outcomes.map(({ outcome }) => outcome)).toEqual(['settled', 'duplicate']);
        expect(await balanceOf(ledger)).toEqual([7n, 0n, 0n]);
      });

      test('may add accounts and never leaves out one of the hold: that gets the whole cost', async () => {
        await reserveOne(ledger, reserve('a', [demand(10n, 100n), demand(10n, 100n, { instance: 'org|' })]));
        const postings = [posting(7n), posting(3n, { instance: 'soft|' })];
        const outcome = await settleOne(ledger, settle('a', 7n, { postings }));
        expect(outcome).toMatchObject({ settlement: { postings: [...postings, posting(7n, { instance: 'org|' })] } });
        expect(await balanceOf(ledger, 'org|')).toEqual([7n, 0n, 0n]);
        expect(await balanceOf(ledger, 'soft|')).toEqual([3n, 0n, 0n]);
      });

      test('sequence numbers are dense and ascending', async () => {
        const outcomes = await ledger.settleMany([settle('a', 1n), settle('b', 1n)], T0);
        const more = await ledger.settleMany([settle('a', 1n), settle('c', 1n)], T0);
        const seqs = [...outcomes, ...more].map((o) => ('settlement' in o ? o.settlement.seq : 0));
        expect(seqs).toEqual([1, 2, 1, 3]);
      });

      test('late, of an unresolved hold, ends it with the true cost', async () => {
        await STATES.unresolved(ledger);
        expect(await settleOne(ledger, settle('a', 7n))).toMatchObject({ outcome: 'settled' });
        expect(await balanceOf(ledger)).toEqual([7n, 0n, 0n]);
      });

      test.each(['released', 'written off'] as const)(
        'after its hold was %s is booked in full as overage, and the hold stays as it ended',
        async (state) => {
          await reserveOne(ledger, reserve('other', [demand(90n, 100n)]));
          await STATES[state](ledger);
          const [ended] = await ledger.holds(['a']);
          const late = settle('a', 7n, { admittedAt: T0 + 50, postings: [posting(7n, { instance: 'soft|' })] });
          const outcome = await settleOne(ledger, late, T0 + 60);
          expect(outcome).toMatchObject({
            outcome: 'settled',
            settlement: { seq: 1, admittedAt: T0, bookedAt: T0 + 60, overageNanoUsd: 7n, unknownHold: false },
          });
          expect(await balanceOf(ledger)).toEqual([7n, 90n, 0n]);
          expect(await balanceOf(ledger, 'soft|')).toEqual([7n, 0n, 0n]);
          expect(await ledger.holds(['a'])).toEqual([{ ...ended, settledLateAs: 1 }]);
          expect(await settleOne(ledger, late, T0 + 70)).toEqual({ ...outcome, outcome: 'duplicate' });
          expect(await settleOne(ledger, settle('a', 8n, { digest: 'other' }))).toEqual({
            outcome: 'conflict',
            reason: 'another settlement of this attempt is booked as 1',
          });
          expect(await ledger.openHolds()).toMatchObject([{ attemptId: 'other' }]);
        },
      );

      test('estimated after its hold was written off leaves nothing unresolved: somebody has closed it', async () => {
        await STATES['written off'](ledger);
        await settleOne(ledger, settle('a', 7n, { source: 'estimated', remainderNanoUsd: 3n }));
        expect(await balanceOf(ledger)).toEqual([7n, 0n, 0n]);
        expect(await ledger.openHolds()).toEqual([]);
      });

      test('and released in one call, in either order, is booked once', async () => {
        await ledger.reserveMany([reserve('a', [demand(10n, 100n)]), reserve('b', [demand(10n, 100n)])], T0);
        const [first, , , second] = await Promise.all([
          settleOne(ledger, settle('a', 7n)),
          ledger.releaseMany(['a'], T0),
          ledger.releaseMany(['b'], T0),
          settleOne(ledger, settle('b', 7n)),
        ]);
        expect([first, second]).toMatchObject([
          { outcome: 'settled', settlement: { overageNanoUsd: 0n } },
          { outcome: 'settled', settlement: { overageNanoUsd: 7n } },
        ]);
        expect(await balanceOf(ledger)).toEqual([14n, 0n, 0n]);
      });

      test('estimated leaves the remainder unresolved until it is written off', async () => {
        await STATES['settled with a remainder'](ledger);
        expect(await balanceOf(ledger)).toEqual([7n, 0n, 2n]);
        expect(await ledger.openHolds()).toMatchObject([{ attemptId: 'a', remainderNanoUsd: 2n }]);
        await ledger.writeOff(['a'], 'ops', 'reconciled', T0 + 9);
        const [hold] = await ledger.holds(['a']);
        const remainderClosed = { amountNanoUsd: 2n, at: T0 + 9, by: 'ops', reason: 'reconciled' };
        expect(hold).toMatchObject({
          remainderNanoUsd: 0n,
          remainderClosed,
          state: { state: 'settled', estimated: true },
        });
        expect(await balanceOf(ledger)).toEqual([7n, 0n, 0n]);
        expect(await ledger.openHolds()).toEqual([]);
      });

      test.each([
        { cost: 7n, remainder: 100n, unresolved: 3n },
        { cost: 10n, remainder: 5n, unresolved: 0n },
        { cost: 12n, remainder: 5n, unresolved: 0n },
        { cost: 0n, remainder: 10n, unresolved: 10n },
      ])('a remainder of $remainder after a cost of $cost is at most what is left of the hold', async (given) => {
        await STATES.held(ledger);
        const { cost, remainder, unresolved } = given;
        await settleOne(ledger, settle('a', cost, { source: 'estimated', remainderNanoUsd: remainder }));
        expect(await balanceOf(ledger)).toEqual([cost, 0n, unresolved]);
        expect(await ledger.holds(['a'])).toMatchObject([{ remainderNanoUsd: unresolved }]);
      });

      test('an account never passes one billion USD: the settlement is refused with a reason', async () => {
        await settleOne(ledger, settle('a', 999_999_999_999_999_999n));
        const outcome = await settleOne(ledger, settle('b', 1n));
        expect(outcome).toMatchObject({
          outcome: 'conflict',
          reason: expect.stringContaining('more than an account may hold'),
        });
      });
    });

    describe('each hold ends once', () => {
      const transitions = {
        none: ['granted', 'settled', 'unknown', 0, 'unknown'],
        held: ['granted', 'settled', 'released', 1, 'conflict'],
        unresolved: ['granted', 'settled', 'conflict', 0, 'released'],
        settled: ['conflict', 'duplicate', 'conflict', 0, 'conflict'],
        'settled with a remainder': ['conflict', 'duplicate', 'conflict', 0, 'released'],
        'settled with a remainder, written off': ['conflict', 'duplicate', 'conflict', 0, 'already_released'],
        released: ['conflict', 'settled', 'already_released', 0, 'conflict'],
        'released and settled late': ['conflict', 'duplicate', 'already_released', 0, 'conflict'],
        'written off': ['conflict', 'settled', 'conflict', 0, 'already_released'],
        'written off and settled late': ['conflict', 'duplicate', 'conflict', 0, 'already_released'],
      } as const;

      const operations = [
        async () => (await reserveOne(ledger, reserve('a', [demand(10n, 100n)]))).outcome,
        async () => (await settleOne(ledger, settle('a', 7n))).outcome,
        async () => (await ledger.releaseMany(['a'], T0))[0]!.outcome,
        async () => (await ledger.lose({ attemptIds: ['a'] }, 'silent', T0)).length,
        async () => (await ledger.writeOff(['a'], 'ops', 'why', T0))[0]!.outcome,
      ];
      const names = ['reserve', 'settle', 'release', 'lose', 'writeOff'];
      const cases = Object.entries(transitions).flatMap(([state, expected]) => {
        return expected.map((outcome, index) => ({
          state: state as keyof typeof STATES,
          operation: names[index]!,
          outcome,
          index,
        }));
      });

      test.each(cases)('$operation of a hold that is $state: $outcome', async ({ state, outcome, index }) => {
        await STATES[state](ledger);
        const before = await balanceOf(ledger);
        const said = await operations[index]!();
        expect(said).toBe(outcome);
        if (['conflict', 'duplicate', 'unknown', 'already_released', 0].includes(said)) {
          expect(await balanceOf(ledger)).toEqual(before);
        }
      });

      test('released, written off and lost say when, by whom and why', async () => {
        await STATES.released(ledger);
        await reserveOne(ledger, reserve('b', [demand(10n, 100n)]));
        const [lost] = await ledger.lose({ attemptIds: ['b', 'b', 'a', 'nobody'] }, 'session silent', T0 + 1);
        expect(lost).toMatchObject({
          attemptId: 'b',
          state: { state: 'unresolved', since: T0 + 1, reason: 'session silent' },
        });
        await ledger.writeOff(['b'], 'ops', 'provider says no', T0 + 2);
        expect(await ledger.holds(['a', 'b', 'nobody'])).toMatchObject([
          { state: { state: 'released', at: T0 } },
          { state: { state: 'written_off', at: T0 + 2, by: 'ops', reason: 'provider says no' } },
          undefined,
        ]);
      });

      test.each([
        { selector: { sessions: ['one'] }, lost: ['a', 'b'] },
        { selector: { expiredAt: T0 + 20 }, lost: ['a', 'c'] },
        { selector: { attemptIds: ['c'] }, lost: ['c'] },
        { selector: { sessions: ['nobody'] }, lost: [] },
      ])('losing $selector changes $lost', async ({ selector, lost }) => {
        await ledger.reserveMany(
          [
            reserve('a', [demand(1n, 100n)], { session: 'one', expiresAt: T0 + 10 }),
            reserve('b', [demand(2n, 100n)], { session: 'one', expiresAt: T0 + 30 }),
            reserve('c', [demand(4n, 100n)], { session: 'two', expiresAt: T0 + 20 }),
          ],
          T0,
        );
        const changed = await ledger.lose(selector, 'gone', T0);
        expect(changed.map(({ attemptId }) => attemptId)).toEqual(lost);
        expect((await balanceOf(ledger))[2]).toBe(changed.reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0n));
      });
    });

    describeSlices(() => ledger);

    test('holds that expire are lost each in its time, slices too, whatever was looked for before', async () => {
      const expiring = (id: string, ms: number) => reserve(id, [demand(1n, 100n)], { expiresAt: T0 + ms });
      const slow = { ...slice('slice', 5n), expiresAt: T0 + 30 };
      await ledger.reserveMany([expiring('c', 40), expiring('a', 10), slow, expiring('b', 20)], T0);
      const lost: string[][] = [];
      for (const ms of [5, 10, 15, 30, 30, 40]) {
        const changed = await ledger.lose({ expiredAt: T0 + ms }, 'too long', T0 + ms);
        lost.push(changed.map(({ attemptId }) => attemptId).sort());
      }
      expect(lost).toEqual([[], ['a'], [], ['b', 'slice'], [], ['c']]);
      expect(await balanceOf(ledger)).toEqual([0n, 0n, 8n]);
    });

    describe('windows', () => {
      const bucket = (hour: number) => ({ start: T0 + hour * HOUR, end: T0 + (hour + 1) * HOUR });
      /** A budget of 100 over three hours, at the start of an hour. */
      const rolling = (hour: number, amount: bigint) =>
        demand(amount, 100n, { instance: 'rolling|', window: bucket(hour), since: T0 + (hour - 2) * HOUR });

      test('a rolling budget counts every sub-bucket that ends after its start', async () => {
        for (const hour of [0, 1, 2]) {
          const { capNanoUsd: _, ...account } = rolling(hour, 30n);
          await settleOne(ledger, settle(`spent-${hour}`, 30n, { postings: [account] }), T0 + hour * HOUR);
        }
        const full = await reserveOne(ledger, reserve('a', [rolling(2, 11n)]), T0 + 2 * HOUR);
        expect(full).toMatchObject({ outcome: 'exhausted', balance: { spentNanoUsd: 90n } });
        const later = await reserveOne(ledger, reserve('a', [rolling(3, 40n)]), T0 + 3 * HOUR);
        expect(later.outcome).toBe('granted');
        expect((await reserveOne(ledger, reserve('b', [rolling(4, 31n)]), T0 + 4 * HOUR)).outcome).toBe('contended');
      });

      test('windows of another width, left by an earlier definition, do not count in a rolling one', async () => {
        await settleOne(ledger, settle('month', 99n, { postings: [posting(99n, { instance: 'rolling|' })] }));
        expect((await reserveOne(ledger, reserve('a', [rolling(0, 100n)]))).outcome).toBe('granted');
      });

      test('a new window starts at zero, and a late settlement posts to the window of its admission', async () => {
        const late = DECEMBER.start + 5;
        await reserveOne(ledger, reserve('a', [demand(100n, 100n)]));
        const december = demand(100n, 100n, { window: DECEMBER });
        expect((await reserveOne(ledger, reserve('b', [december]), late)).outcome).toBe('granted');
        const outcome = await settleOne(ledger, settle('a', 60n, { admittedAt: late }), late);
        expect(outcome).toMatchObject({ settlement: { admittedAt: T0, bookedAt: late } });
        expect(await balanceOf(ledger)).toEqual([60n, 0n, 0n]);
        expect(await balanceOf(ledger, undefined, DECEMBER)).toEqual([0n, 100n, 0n]);
      });

      test('accounts are those whose window ends after the instant', async () => {
        await settleOne(ledger, settle('a', 1n, { postings: [posting(1n), posting(1n, { window: DECEMBER })] }));
        const windows = async (after: number) => (await ledger.accounts(after)).map(({ window }) => window);
        expect(await windows(0)).toEqual([NOVEMBER, DECEMBER]);
        expect(await windows(NOVEMBER.end - 1)).toEqual([NOVEMBER, DECEMBER]);
        expect(await windows(NOVEMBER.end)).toEqual([DECEMBER]);
      });

      test('time never goes back: an earlier now is lifted to the latest', async () => {
        expect(await ledger.latestTime()).toBe(0);
        await settleOne(ledger, settle('a', 1n), T0 + 1000);
        const outcome = await reserveOne(ledger, reserve('b', [demand(1n, 100n)]), T0);
        expect(outcome).toMatchObject({ hold: { admittedAt: T0 + 1000 } });
        expect(await ledger.latestTime()).toBe(T0 + 1000);
      });
    });

    describe('changed definitions', () => {
      const added = { ...posting(7n, { instance: 'new|' }), seq: 1 };

      test('backfill adds history to a new account once', async () => {
        await settleOne(ledger, settle('a', 7n));
        expect(await ledger.backfill([added, added], T0)).toBe(1);
        expect(await ledger.backfill([added], T0)).toBe(0);
        expect(await balanceOf(ledger, 'new|')).toEqual([7n, 0n, 0n]);
      });

      test('backfill leaves alone what the settlement posted itself, and the settlement as it was', async () => {
        const first = await settleOne(ledger, settle('a', 7n));
        expect(await ledger.backfill([{ ...posting(7n), seq: 1 }, added], T0)).toBe(1);
        expect(await balanceOf(ledger)).toEqual([7n, 0n, 0n]);
        expect(await settleOne(ledger, settle('a', 7n))).toEqual({ ...first, outcome: 'duplicate' });
      });

      test('backfill of a settlement that does not exist throws and changes nothing', async () => {
        await settleOne(ledger, settle('a', 7n));
        const wrong = ledger.backfill([added, { ...added, seq: 2 }], T0);
        await expect(wrong).rejects.toThrow(new RangeError('there is no settlement 2 to backfill from'));
        expect(await balanceOf(ledger, 'new|')).toEqual([0n, 0n, 0n]);
      });

      test('adopt lets a new account see live and unresolved holds, without asking for room, once', async () => {
        await STATES.held(ledger);
        await reserveOne(ledger, reserve('b', [demand(5n, 100n)]));
        await ledger.lose({ attemptIds: ['b'] }, 'silent', T0);
        await settleOne(ledger, settle('gone', 1n));
        const share = (attemptId: string, amount: bigint) => {
          return { attemptId, demand: demand(amount, 1n, { instance: 'new|' }) };
        };
        const shares = [share('a', 10n), share('b', 5n), share('gone', 1n), share('nobody', 1n)];
        expect(await ledger.adopt(shares, T0)).toBe(2);
        expect(await ledger.adopt(shares, T0)).toBe(0);
        expect(await balanceOf(ledger, 'new|')).toEqual([0n, 10n, 5n]);
        await ledger.releaseMany(['a'], T0);
        await settleOne(ledger, settle('b', 3n));
        expect(await balanceOf(ledger, 'new|')).toEqual([3n, 0n, 0n]);
      });

      describe('adopt of a settled hold with a remainder', () => {
        const adopted = (more: Parameters<typeof demand>[2] = {}, amount = 2n) => [
          { attemptId: 'a', demand: demand(amount, 1n, { instance: 'new|', ...more }) },
        ];
        beforeEach(() => STATES['settled with a remainder'](ledger));

        test('lets a new account see the remainder as unresolved, once, beside its backfilled cost', async () => {
          expect(await ledger.adopt(adopted(), T0)).toBe(1);
          expect(await ledger.adopt(adopted(), T0)).toBe(0);
          expect(await balanceOf(ledger, 'new|')).toEqual([0n, 0n, 2n]);
          expect(await ledger.backfill([added], T0)).toBe(1);
          expect(await balanceOf(ledger, 'new|')).toEqual([7n, 0n, 2n]);
          expect(await balanceOf(ledger)).toEqual([7n, 0n, 2n]);
        });

        test('never shows more than the remainder, and a smaller share where the demand is smaller', async () => {
          await ledger.adopt(adopted({}, 10n), T0);
          await ledger.adopt(adopted({ instance: 'narrow|' }, 1n), T0);
          expect(await balanceOf(ledger, 'new|')).toEqual([0n, 0n, 2n]);
          expect(await balanceOf(ledger, 'narrow|')).toEqual([0n, 0n, 1n]);
        });

        test('is freed there too when it is written off', async () => {
          await ledger.adopt(adopted(), T0);
          expect(await ledger.writeOff(['a'], 'ops', 'why', T0)).toEqual([{ outcome: 'released' }]);
          expect(await balanceOf(ledger, 'new|')).toEqual([0n, 0n, 0n]);
          expect(await ledger.adopt(adopted({ instance: 'newer|' }), T0)).toBe(0);
        });

        test('is forgiven in an expected budget and stays in a strict one', async () => {
          await ledger.adopt(adopted({ expected: true }), T0);
          expect(await ledger.forgive(T0, T0)).toBe(0);
          expect(await ledger.forgive(T0 + 1, T0 + 1)).toBe(1);
          expect(await balanceOf(ledger, 'new|')).toEqual([0n, 0n, 0n]);
          expect(await balanceOf(ledger)).toEqual([7n, 0n, 2n]);
          // Another expected budget finds it forgiven already.
          expect(await ledger.adopt(adopted({ instance: 'newer|', expected: true }), T0 + 2)).toBe(1);
          expect(await balanceOf(ledger, 'newer|')).toEqual([0n, 0n, 0n]);
          expect(await ledger.forgive(T0 + 9, T0 + 9)).toBe(0);
          await ledger.writeOff(['a'], 'ops', 'why', T0 + 9);
          expect(await balanceOf(ledger)).toEqual([7n, 0n, 0n]);
        });

        test('works where no budget held anything of it', async () => {
          await reserveOne(ledger, reserve('free', [], { amountNanoUsd: 10n }));
          await settleOne(ledger, settle('free', 4n, { source: 'estimated', remainderNanoUsd: 6n, postings: [] }));
          const demands = [{ attemptId: 'free', demand: demand(6n, 1n, { instance: 'new|' }) }];
          expect(await ledger.adopt(demands, T0)).toBe(1);
          expect(await balanceOf(ledger, 'new|')).toEqual([0n, 0n, 6n]);
          await ledger.writeOff(['free'], 'ops', 'why', T0);
          expect(await balanceOf(ledger, 'new|')).toEqual([0n, 0n, 0n]);
        });
      });

      test('revisions are kept in order, and a hash already there as it is', async () => {
        const first = { hash: 'r1', at: T0, by: 'start' };
        for (const revision of [first, { hash: 'r2', at: T0 + 1, by: 'reload' }, { ...first, by: 'again' }]) {
          await ledger.recordRevision(revision);
        }
        expect(await ledger.revisions()).toEqual([first, { hash: 'r2', at: T0 + 1, by: 'reload' }]);
      });
    });

    describe('alert events', () => {
      test('are kept once, whichever call brings them', async () => {
        const first = await ledger.recordEvents([event('e1'), event('e2'), event('e1')], T0);
        expect(first).toEqual([event('e1'), event('e2')]);
        expect(await ledger.recordEvents([event('e2', { spentNanoUsd: 1n }), event('e3')], T0)).toEqual([event('e3')]);
        expect(await ledger.events({ limit: 10 })).toEqual({ items: [event('e1'), event('e2'), event('e3')] });
      });

      test('are live until their window is over', async () => {
        const december = event('e2', { window: DECEMBER, action: 'block', attemptId: 'a' });
        await ledger.recordEvents([event('e1'), december], T0);
        expect(await ledger.liveEvents(NOVEMBER.end)).toEqual([december]);
        expect(await ledger.liveEvents(NOVEMBER.end - 1)).toHaveLength(2);
      });
    });

    describe('reading', () => {
      const services = ['chat', 'chat', 'search', 'batch', 'chat'];
      beforeEach(async () => {
        const requests = services.map((service, index) => {
          const attribution = index === 3 ? { team: 'data' } : { team: 'support', service };
          return settle(`a${index}`, BigInt(index + 1), { attribution, admittedAt: T0 + index });
        });
        requests[2] = {
          ...requests[2]!,
          source: 'estimated',
          receipt: { ...requests[2]!.receipt, status: 'unpriced' },
        };
        await ledger.settleMany(requests, T0 + 10);
      });

      test('settlements come in pages, in order, whole', async () => {
        const seqs: number[] = [];
        const sizes: number[] = [];
        let cursor: string | undefined;
        do {
          const page = await ledger.settlements({ limit: 2, ...(cursor ? { cursor } : {}) });
          seqs.push(...page.items.map(({ seq }) => seq));
          sizes.push(page.items.length);
          cursor = page.next;
        } while (cursor);
        expect({ seqs, sizes }).toEqual({ seqs: [1, 2, 3, 4, 5], sizes: [2, 2, 1] });
        const { items } = await ledger.settlements({ limit: 1 });
        const {
          digest: _,
          remainderNanoUsd: __,
          ...kept
        } = settle('a0', 1n, { attribution: { team: 'support', service: 'chat' } });
        const booking = { seq: 1, bookedAt: T0 + 10, costNanoUsd: 1n, overageNanoUsd: 0n, unknownHold: true };
        expect(items[0]).toEqual({ ...kept, ...booking });
      });

      test('settlements are chosen by the time of admission, half-open', async () => {
        const { items, next } = await ledger.settlements({ from: T0 + 1, to: T0 + 4, limit: 3 });
        expect(items.map(({ seq }) => seq)).toEqual([2, 3, 4]);
        expect(next).toBeUndefined();
      });

      test('events come in pages', async () => {
        await ledger.recordEvents([event('e1'), event('e2'), event('e3')], T0);
        const first = await ledger.events({ limit: 2 });
        const second = await ledger.events({ limit: 2, cursor: first.next! });
        expect([first, second].map(({ items }) => items.map(({ id }) => id))).toEqual([['e1', 'e2'], ['e3']]);
        expect(second.next).toBeUndefined();
      });

      test.each([
        {
          groupBy: ['team', 'service'] as const,
          rows: [
            [{ team: 'support', service: 'chat' }, 8n, 3, 0, 0],
            [{ team: 'data' }, 4n, 1, 0, 0],
            [{ team: 'support', service: 'search' }, 3n, 1, 1, 1],
          ],
        },
        {
          groupBy: ['team'] as const,
          rows: [
            [{ team: 'support' }, 11n, 4, 1, 1],
            [{ team: 'data' }, 4n, 1, 0, 0],
          ],
        },
        { groupBy: [] as const, rows: [[{}, 15n, 5, 1, 1]] },
        { groupBy: ['customer'] as const, rows: [[{}, 15n, 5, 1, 1]] },
      ])('usage by $groupBy sums cost, calls and tokens, dearest first', async ({ groupBy, rows }) => {
        const usage = await ledger.usage({ from: T0, to: T0 + 5, groupBy });
        const shown = usage.map((row) => [
          row.group,
          row.costNanoUsd,
          row.calls,
          row.unpricedCalls,
          row.estimatedCalls,
        ]);
        expect(shown).toEqual(rows);
        const [calls, tokens] = [usage[0]!.calls, usage[0]!];
        expect([tokens.inputTokens, tokens.cachedReadTokens, tokens.cacheWriteTokens]).toEqual([
          1200 * calls,
          1024 * calls,
          0,
        ]);
        expect([tokens.outputTokens, tokens.reasoningTokens]).toEqual([340 * calls, 0]);
      });

      test('usage is half-open in time, and nothing in an empty interval', async () => {
        expect(await ledger.usage({ from: T0 + 1, to: T0 + 3, groupBy: [] })).toMatchObject([
          { costNanoUsd: 5n, calls: 2 },
        ]);
        expect(await ledger.usage({ from: T0 + 5, to: T0 + 5, groupBy: ['team'] })).toEqual([]);
        expect(await ledger.usage({ from: T0 + 100, to: T0 + 200, groupBy: [] })).toEqual([]);
      });

      test('verify counts what it has recomputed', async () => {
        expect(await ledger.verify()).toEqual({ settlements: 5, holds: 5, accounts: 1, problems: [] });
      });
    });

    describe("a caller's bug throws and changes nothing", () => {
      test.each<{ bug: string; call: () => Promise<unknown>; says: string }>([
        {
          bug: 'a negative amount',
          call: () => reserveOne(ledger, reserve('a', [demand(-1n, 1n)])),
          says: 'a: amount -1 is negative',
        },
        {
          bug: 'an absurd amount',
          call: () => settleOne(ledger, settle('a', 10n ** 18n)),
          says: 'a: amount 1000000000000000000 is not below 1000000000000000000',
        },
        {
          bug: 'no attempt id',
          call: () => reserveOne(ledger, reserve('', [])),
          says: 'an attempt id has 1 to 256 characters, not 0',
        },
        {
          bug: 'a broken time',
          call: () => ledger.releaseMany(['a'], Number.NaN),
          says: 'now NaN is not a whole millisecond',
        },
        {
          bug: 'half a token',
          call: () => settleOne(ledger, settle('a', 1n, { usage: { inputTokens: 0.5, outputTokens: 1 } })),
          says: 'a: inputTokens 0.5 is not a count',
        },
        {
          bug: 'one account twice',
          call: () => reserveOne(ledger, reserve('a', [demand(1n, 9n), demand(2n, 9n)])),
          says: 'a: names the same account twice',
        },
        {
          bug: 'an empty window',
          call: () => settleOne(ledger, settle('a', 1n, { postings: [posting(1n, { window: { start: 5, end: 5 } })] })),
          says: 'a: the window of account team-month|support is empty',
        },
        {
          bug: 'a foreign cursor',
          call: () => ledger.events({ limit: 1, cursor: 'x' }),
          says: '"x" is not a cursor of this ledger',
        },
        {
          bug: 'a limit of nothing',
          call: () => ledger.settlements({ limit: 0 }),
          says: 'limit 0 is not a positive whole number',
        },
        {
          bug: 'an unknown dimension',
          call: () => ledger.usage({ from: 0, to: 1, groupBy: ["x') --" as 'team'] }),
          says: `"x') --" is no dimension; use organization`,
        },
      ])('$bug', async ({ call, says }) => {
        const failed = await call().catch((error: unknown) => error);
        expect(failed).toBeInstanceOf(RangeError);
        expect((failed as Error).message).toContain(says);
        expect(await ledger.verify()).toEqual({ settlements: 0, holds: 0, accounts: 0, problems: [] });
      });
    });

    test('a closed ledger answers that it is unavailable', async () => {
      const closed = await open();
      await closed.close();
      await closed.close();
      await expect(closed.latestTime()).rejects.toThrow('the ledger is closed');
      await expect(reserveOne(closed, reserve('a', []))).rejects.toMatchObject({ name: 'LedgerUnavailable' });
    });

    describeHistories(open, modelRuns);
  });
}
