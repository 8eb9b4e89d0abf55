import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HeldShare, heldOf } from '../../src/domain/held-share.ts';
import { habitOf, Learned } from '../../src/enforce/learned.ts';

const HOUR = 3_600_000;
const P99 = 9_900;

/** Learns costs as shares of a worst case of a million, one a second. */
function learnedFrom(costs: readonly number[], worst = 1_000_000n, learned = new Learned(), from = 0): Learned {
  for (const [index, cost] of costs.entries()) learned.learn('k', worst, BigInt(cost), from + index * 1_000);
  return learned;
}

const many = (count: number, cost: number) => Array.from({ length: count }, () => cost);

describe('of what attempts have cost', () => {
  it('nothing is known before 200 of them, less what the older have lost of their weight', () => {
    expect(learnedFrom(many(199, 50_000)).share('k', P99, 0)).toBeUndefined();
    expect(learnedFrom(many(205, 50_000)).share('k', P99, 200_000)).toBeDefined();
    expect(learnedFrom(many(500, 50_000)).share('somebody else', P99, 0)).toBeUndefined();
  });

  it('a percentile that so few cannot show is not known, however often they agree', () => {
    expect(learnedFrom(many(900, 50_000)).share('k', 9_990, 900_000)).toBeUndefined();
    expect(learnedFrom(many(1_200, 50_000)).share('k', 9_990, 1_200_000)).toBeDefined();
  });

  it('the share is known to a tenth, upwards', () => {
    const { ppm, atLeastNanoUsd } = learnedFrom(many(300, 50_000)).share('k', P99, 300_000)!;
    expect(ppm).toBeGreaterThanOrEqual(50_000);
    expect(ppm).toBeLessThanOrEqual(55_001);
    expect(Number(atLeastNanoUsd)).toBeGreaterThanOrEqual(50_000);
    expect(Number(atLeastNanoUsd)).toBeLessThanOrEqual(55_001);
  });

  it('one that needs all of it in a hundred is below p95 and above p99', () => {
    const costs = Array.from({ length: 1_000 }, (_, index) => (index % 50 === 0 ? 999_999 : 50_000));
    const learned = learnedFrom(costs);
    expect(learned.share('k', 9_500, 1_000_000)?.ppm).toBeLessThan(60_000n);
    expect(learned.share('k', P99, 1_000_000)).toBeUndefined();
  });

  it('at least so many of the next attempts cost no more than is held', () => {
    const cost = fc.integer({ min: 1, max: 900_000 });
    const property = fc.property(fc.array(cost, { minLength: 400, maxLength: 400 }), (costs) => {
      for (const basisPoints of [5_000, 9_000, 9_900]) {
        const share = learnedFrom(costs).share('k', basisPoints, 400_000);
        const held = heldOf(1_000_000n, share);
        const enough = costs.filter((each) => BigInt(each) <= held).length;
        // Weights of the newest are a little larger, hence one in a hundred.
        expect(enough / costs.length).toBeGreaterThanOrEqual(basisPoints / 10_000 - 0.01);
      }
    });
    fc.assert(property, { numRuns: 30 });
  });

  it('the old counts for less: half after a day, and soon too few are left', () => {
    const learned = learnedFrom(many(300, 50_000));
    expect(learned.share('k', P99, 10 * HOUR)).toBeDefined();
    expect(learned.share('k', P99, 24 * HOUR)).toBeUndefined();
  });

  it('a change shows within some hundred of thousands', () => {
    const learned = learnedFrom(many(5_000, 50_000));
    learnedFrom(many(100, 400_000), 1_000_000n, learned, 5_000_000);
    expect(learned.share('k', P99, 5_100_000)?.ppm).toBeGreaterThanOrEqual(400_000n);
  });

  it('time that goes back, costs above the worst case and worst cases of nothing do no harm', () => {
    const learned = learnedFrom(many(300, 50_000), 1_000_000n, new Learned(), 1e9);
    learned.learn('k', 0n, 5n, 5);
    learned.learn('k', 1_000n, 9_000_000_000_000_000n, 5);
    learned.learn('k', 10n ** 18n, 0n, 5);
    expect(learned.share('k', P99, 0)?.ppm).toBeLessThan(60_000n);
  });

  it('years of it change no figure', () => {
    const learned = new Learned();
    for (let day = 0; day < 4_000; day += 1) learned.learn('k', 1_000_000n, 50_000n, day * HOUR);
    expect(
      learnedFrom(many(300, 50_000), 1_000_000n, learned, 4_000 * HOUR).share('k', P99, 4_001 * HOUR)?.ppm,
    ).toBeLessThan(55_001);
  });

  it('only so many habits are kept: those not heard of for longest go', () => {
    const learned = new Learned();
    for (let key = 0; key < 1_500; key += 1) learned.learn(String(key), 10n, 1n, 0);
    expect(learned.size).toBe(1_000);
  });

  it('a habit is that of a service and its workflow with a model', () => {
    const of = (workflow: string, customer: string) =>
      habitOf({ provider: 'openai', model: 'm', service: 's', workflow, customer });
    expect(of('chat', 'a')).toBe(of('chat', 'b'));
    expect(of('chat', 'a')).not.toBe(of('batch', 'a'));
  });
});

describe('what is held of a worst case', () => {
  const share: HeldShare = { ppm: 50_000n, atLeastNanoUsd: 40n };
  it.each([
    ['all of it while nothing is known', 1_000n, undefined, 1_000n],
    ['its share, rounded up', 10_001n, share, 501n],
    ['never less than such attempts cost', 100n, share, 40n],
    ['never more than itself', 30n, share, 30n],
  ])('%s', (_, worst, known, held) => {
    expect(heldOf(worst, known)).toBe(held);
  });
});
