import { describe, expect, it } from 'vitest';
import { type Evidence, judge, type OpenHold, type Settled } from './judge.ts';
import type { Billed } from './provider.ts';

const billed = (id: string, nanoUsd: number, more: Partial<Billed> = {}): Billed => ({
  id,
  client: 'service-0',
  team: 'red',
  model: 'm',
  mayBreak: false,
  nanoUsd: String(nanoUsd),
  at: 0,
  ...more,
});
const settled = (responseId: string, nanoUsd: number, more: Partial<Settled> = {}): Settled => ({
  attemptId: `of-${responseId}`,
  responseId,
  client: 'service-0',
  measured: true,
  costNanoUsd: BigInt(nanoUsd),
  overageNanoUsd: 0n,
  unknownHold: false,
  ...more,
});
const open = (attemptId: string, state: OpenHold['state'], nanoUsd: number): OpenHold => ({
  attemptId,
  client: 'service-0',
  state,
  openNanoUsd: BigInt(nanoUsd),
});
const cut = { mayBreak: true };

/** A whole answer, one that was cut and estimated, and one of which nothing was seen. */
const RIGHT: Evidence = {
  capsNanoUsd: new Map([
    ['', 100n],
    ['red', 100n],
  ]),
  billed: [billed('a', 40), billed('b', 30, cut), billed('c', 30, cut)],
  settled: [settled('a', 40), settled('b', 25, { measured: false })],
  open: [open('of-b', 'settled', 15), open('of-c', 'unresolved', 50)],
  brokenCalls: 2,
  clientsKilled: false,
  strict: true,
};

describe('the judge of the torture', () => {
  it('finds nothing wrong where nothing is', () => {
    expect(judge(RIGHT)).toEqual({
      providerNanoUsd: 100n,
      settledNanoUsd: 65n,
      unresolvedNanoUsd: 65n,
      overshootNanoUsd: 0n,
      problems: [],
    });
  });

  it.each<[what: string, change: Partial<Evidence>, says: RegExp]>([
    ['a nano-dollar above the cap', { capsNanoUsd: new Map([['', 99n]]) }, /cap of everything is overshot by 1 /],
    ['a nano-dollar above the cap of a team', { capsNanoUsd: new Map([['red', 99n]]) }, /cap of red is overshot by 1 /],
    [
      'a cost that is a nano-dollar off',
      { settled: [settled('a', 41), RIGHT.settled[1]!] },
      /answer a cost 40 and was/,
    ],
    ['an answer settled twice', { settled: [...RIGHT.settled, settled('a', 40)] }, /answer a is settled twice/],
    ['an answer that nobody gave', { settled: [...RIGHT.settled, settled('z', 1)] }, /provider knows no answer/],
    ['an answer that was never settled', { settled: [RIGHT.settled[1]!] }, /answer a to service-0 was never settled/],
    [
      'an estimate above the truth',
      { settled: [settled('a', 40), settled('b', 31, { measured: false })] },
      /answer b cost 30/,
    ],
    [
      'a rest that is too small',
      { open: [open('of-b', 'settled', 4), RIGHT.open[1]!] },
      /answer b cost 30, not between/,
    ],
    [
      'a lost call that is not kept open',
      { open: [RIGHT.open[0]!] },
      /service-0: settled 65, provider 100, unresolved 15/,
    ],
    ['a hold without an owner', { open: [...RIGHT.open, open('d', 'held', 1)] }, /1 holds have no owner/],
    ['more open holds than broken calls', { brokenCalls: 1 }, /2 holds are open, and only 1 calls were broken/],
    [
      'a cost above its hold',
      { settled: [settled('a', 40, { overageNanoUsd: 2n }), RIGHT.settled[1]!] },
      /2 nano-USD more/,
    ],
    [
      'a settlement without a hold',
      { settled: [settled('a', 40, { unknownHold: true }), RIGHT.settled[1]!] },
      /had no hold/,
    ],
  ])('finds %s', (_, change, says) => {
    const { problems } = judge({ ...RIGHT, ...change });
    expect(problems.join('\n')).toMatch(says);
  });

  it('asks less where services were killed: their answers may be unsettled, and stay open', () => {
    const killed = { ...RIGHT, billed: [...RIGHT.billed.slice(1), billed('k', 25)], settled: [RIGHT.settled[1]!] };
    expect(judge({ ...killed, clientsKilled: true, brokenCalls: 0 }).problems).toEqual([]);
    expect(judge(killed).problems).toEqual(['answer k to service-0 was never settled']);
  });

  it('takes overshoot for a figure where holds are not the worst case', () => {
    const over = { ...RIGHT, capsNanoUsd: new Map([['', 90n]]), strict: false };
    expect(judge(over)).toMatchObject({ overshootNanoUsd: 10n, problems: [] });
  });
});
