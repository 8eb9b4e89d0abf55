import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Attribution } from '../../src/domain/attribution.ts';
import type { Threshold } from '../../src/domain/budget.ts';
import type { Denial } from '../../src/domain/decision.ts';
import { amountAt, capOf, stateOf, strictest, wholeCapOf } from '../../src/domain/evaluate.ts';
import { MAX_NANO_USD } from '../../src/domain/money.ts';
import { instance, threshold, usd } from './fixtures.ts';

const batch = { workflow: ['batch'] };
const block = (percent: number, when?: Threshold['when']) =>
  threshold(percent, { action: 'block', ...(when && { when }) });
const pause = (percent: number, when?: Threshold['when']) =>
  threshold(percent, { action: 'pause', ...(when && { when }) });
const downgrade = (percent: number) => threshold(percent, { action: 'downgrade', maxOutputTokens: 512 });

describe('the cap of an attempt', () => {
  test.each<[string, Threshold[], Attribution, string | undefined, string | undefined]>([
    ['is none without a stopping threshold', [threshold(50), downgrade(90)], {}, undefined, undefined],
    ['is the stopping threshold', [threshold(50), block(100)], {}, '100', 'block'],
    ['is the lowest, in whatever order', [block(100), pause(80), pause(95)], {}, '80', 'pause'],
    [
      'is the conditional one for whom it is meant',
      [pause(80, batch), block(100)],
      { workflow: 'batch' },
      '80',
      'pause',
    ],
    ['is not the conditional one for others', [pause(80, batch), block(100)], { workflow: 'chat' }, '100', 'block'],
    ['is not the conditional one for who says nothing', [pause(80, batch)], {}, undefined, undefined],
    ['is the stricter of two at one share', [pause(90), block(90)], {}, '90', 'block'],
    ['is the stricter of two at one share, the other way', [block(90), pause(90)], {}, '90', 'block'],
  ])('%s', (_, thresholds, attribution, amount, action) => {
    const cap = capOf(instance({ thresholds }), attribution);
    expect(cap?.capNanoUsd).toBe(amount === undefined ? undefined : usd(amount));
    expect(cap?.threshold.action).toBe(action);
  });

  it('is none in a shadow budget, whose gauges still show one', () => {
    const shadow = instance({ thresholds: [block(100)], shadow: true });
    expect(capOf(shadow, {})).toBeUndefined();
    expect(wholeCapOf(shadow)?.capNanoUsd).toBe(usd('100'));
  });

  it('is rounded down to a whole nano-USD, and never above the limit', () => {
    expect(amountAt(333n, 9000)).toBe(299n);
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: MAX_NANO_USD }), fc.integer({ min: 1, max: 10_000 }), (limit, share) => {
        const amount = amountAt(limit, share);
        expect(amount * 10_000n).toBeLessThanOrEqual(limit * BigInt(share));
        expect((amount + 1n) * 10_000n).toBeGreaterThan(limit * BigInt(share));
      }),
    );
  });
});

describe('the state of an instance', () => {
  const usual = [threshold(50), threshold(75), block(100)];
  test.each<[string, Threshold[], string, boolean, string]>([
    ['begins ok', usual, '0', false, 'ok'],
    ['is ok below the first threshold', usual, '49.999999999', false, 'ok'],
    ['is soft at it', usual, '50', false, 'soft'],
    ['is soft with 1 % of headroom', usual, '99', false, 'soft'],
    ['is hard with less', usual, '99.000000001', false, 'hard'],
    ['is hard at the cap', usual, '100', false, 'hard'],
    ['is hard above it', usual, '250', false, 'hard'],
    ['is hard after a denial at 90 %', usual, '90', true, 'hard'],
    ['is not hard when less is spent by now', usual, '89.99', true, 'soft'],
    ['is hard at a cap below the limit', [block(80)], '80', false, 'hard'],
    ['takes the headroom from the cap, and 1 % of the limit', [block(80)], '79', false, 'ok'],
    ['is hard by headroom to a lower cap', [block(80)], '79.5', false, 'hard'],
    ['is soft at a conditional cap', [pause(80, batch), block(100)], '85', false, 'soft'],
    ['is hard above a conditional cap that denied', [pause(80, batch), block(100)], '91', true, 'hard'],
    ['is at most soft without a cap', [threshold(50), downgrade(90)], '500', false, 'soft'],
    ['is ok without any threshold', [], '500', false, 'ok'],
    ['is never ok again by an adjustment alone above a threshold', usual, '74', false, 'soft'],
    ['is ok when adjustments leave less than nothing', usual, '-1', false, 'ok'],
  ])('%s', (_, thresholds, spent, deniedWhileNearCap, state) => {
    const now = { spentNanoUsd: usd(spent), deniedWhileNearCap };
    expect(stateOf(instance({ thresholds }), now)).toBe(state);
    expect(stateOf(instance({ thresholds, shadow: true }), now)).toBe(state);
  });

  it('is hard from the start under a limit of zero that stops, and ok under one that only tells', () => {
    const now = { spentNanoUsd: 0n, deniedWhileNearCap: false };
    expect(stateOf(instance({ limitNanoUsd: 0n, thresholds: [block(100)] }), now)).toBe('hard');
    expect(stateOf(instance({ limitNanoUsd: 0n, thresholds: [threshold(50)] }), now)).toBe('ok');
  });

  it('never gets milder as more is spent', () => {
    const shares = fc.array(fc.tuple(fc.integer({ min: 1, max: 100 }), fc.constantFrom('block', 'pause', undefined)));
    const spent = fc.bigInt({ min: 0n, max: usd('120') });
    const order = ['ok', 'soft', 'hard'];
    fc.assert(
      fc.property(shares, spent, spent, fc.boolean(), (list, one, other, deniedWhileNearCap) => {
        const thresholds = list.map(([percent, action]) => threshold(percent, action && { action }));
        const [less, more] = [one, other].sort((a, b) => (a < b ? -1 : 1));
        const rank = (spentNanoUsd: bigint) =>
          order.indexOf(stateOf(instance({ thresholds }), { spentNanoUsd, deniedWhileNearCap }));
        expect(rank(less!)).toBeLessThanOrEqual(rank(more!));
      }),
    );
  });
});

describe('the strictest denial', () => {
  const denial = (budget: string, action: Denial['action'], code: Denial['code'] = 'exhausted'): Denial => ({
    budget,
    action,
    code,
    detail: '',
  });
  test.each<[string, Denial[], string | undefined]>([
    ['is none when nobody denies', [], undefined],
    ['blocks before it pauses', [denial('a', 'pause'), denial('b', 'block'), denial('c', 'pause')], 'b'],
    ['is the first of equals', [denial('a', 'pause'), denial('b', 'pause')], 'a'],
    ['is one that waiting cannot mend', [denial('a', 'block', 'contended'), denial('b', 'pause')], 'b'],
  ])('%s', (_, denials, budget) => {
    expect(strictest(denials)?.budget).toBe(budget);
  });
});
