import { describe, expect, test } from 'vitest';
import { encodeDemands, encodeDraws, encodePostings } from '../../src/ledger/codec.ts';
import { reserveOp, settleOp } from '../../src/ledger/convert.ts';
import type { Call, Reply } from '../../src/ledger/sqlite/core.ts';
import { decodeCalls, decodeReplies, encodeCalls, encodeReplies } from '../../src/ledger/sqlite/message.ts';
import { usageSums } from '../../src/ledger/totals.ts';
import { demand, posting, reserve, settle } from '../conformance/fixtures.ts';

const NOW = 1_750_000_000_123;
const AWKWARD = [
  'plain',
  'two\nlines',
  'a "quote" and a \\',
  'naïve 漢字 😀',
  'half of a pair \ud83d',
  '\u0000',
  '\u2028',
];

function reserveText(attemptId: string, change: object = {}) {
  const op = reserveOp(
    { ...reserve(attemptId, [demand(3n, 9n), demand(4n, 9n, { instance: 'b|' })]), ...change },
    JSON.stringify,
  );
  return { ...op, demands: encodeDemands(op.demands) };
}

function settleText(attemptId: string, split?: { draws: string; holdNanoUsd: bigint }) {
  const request = settle(attemptId, 7n, { postings: [posting(7n)] });
  const op = settleOp(request, JSON.stringify, { body: JSON.stringify({ attemptId }), sums: usageSums(request) });
  const text = { ...op, postings: encodePostings(op.postings) };
  return split ? { ...text, split } : text;
}

const call = (id: number, name: Call['name'], ...args: unknown[]): Call => ({ id, name, args });
const decoded = (calls: readonly Call[]) => decodeCalls(structuredClone(encodeCalls(calls)));

describe('calls to the thread of the ledger', () => {
  test.each(AWKWARD)('come through with any text in them: %j', (text) => {
    const reserving = reserveText(text, { session: text, model: text, reply: text, attribution: { customer: text } });
    const calls = [call(1, 'reserve', [reserving], NOW), call(2, 'settle', [settleText(text)], NOW)];
    expect(decoded(calls)).toEqual(calls);
  });

  test('come through with slices, splits and amounts beyond a double', () => {
    const slice = { validUntil: NOW + 1_000 };
    const draws = encodeDraws([{ slice: 's', amountNanoUsd: 10n ** 17n + 1n }]);
    const calls = [
      call(1, 'reserve', [reserveText('a', { slice, amountNanoUsd: 10n ** 17n + 1n })], NOW),
      call(2, 'settle', [settleText('b', { draws, holdNanoUsd: 10n ** 17n + 3n }), settleText('c')], NOW),
    ];
    expect(decoded(calls)).toEqual(calls);
  });

  test('keep their order among those that are sent as they are', () => {
    const calls = [
      call(1, 'release', ['x'], NOW),
      call(2, 'reserve', [reserveText('a'), reserveText('b')], NOW),
      call(3, 'reserve', [], NOW),
      call(4, 'lose', { sessions: ['s'] }, 'silent', NOW),
      call(5, 'settle', [settleText('a')], NOW),
    ];
    expect(decoded(calls)).toEqual(calls);
  });
});

describe('replies of the thread of the ledger', () => {
  const booking = { seq: 4, bookedAt: NOW, admittedAt: NOW - 1, overageNanoUsd: 10n ** 17n + 1n, unknownHold: true };
  const granted = { outcome: 'granted', admittedAt: NOW };
  const replies: Reply[] = [
    { id: 1, value: [granted, granted] },
    { id: 2, value: [{ outcome: 'settled', booking }] },
    { id: 3, value: [{ outcome: 'settled', booking, postings: [posting(1n)] }] },
    { id: 4, value: [granted, { outcome: 'contended', demand: 0, balance: { spentNanoUsd: 1n } }] },
    { id: 5, value: [undefined, { attemptId: 'a' }] },
    { id: 6, value: [] },
    { id: 7, value: NOW },
    { id: 8, failure: { name: 'RangeError', message: 'no' } },
  ];

  test('come through, plain ones and others', () => {
    const back = decodeReplies(structuredClone(encodeReplies(2, replies)));
    expect(back.toSorted((a, b) => a.id - b.id)).toEqual(replies);
  });

  test('say how many messages were taken, also without a reply', () => {
    expect(encodeReplies(3, [])).toEqual({ taken: 3, plain: '', replies: [] });
  });
});
