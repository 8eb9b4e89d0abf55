import { expect, test } from 'vitest';
import type { HoldRecord, LoseSelector, ReserveRequest } from '../../src/ledger/ledger.ts';
import { RecentHolds } from '../../src/ledger/recent-holds.ts';

const EXPIRES = 1_000;

function request(attemptId: string, session = 's'): ReserveRequest {
  const said = { callId: 'c', session, digest: 'd', provider: 'openai', model: 'gpt-4.1', attribution: {} };
  return { attemptId, ...said, amountNanoUsd: 1n, demands: [], expiresAt: EXPIRES };
}

function granted({ expiresAt, slice: _, ...asked }: ReserveRequest): HoldRecord {
  return { ...asked, admittedAt: 0, remainderNanoUsd: 0n, state: { state: 'held', expiresAt } };
}

function withHold(attemptId = 'a', session = 's'): RecentHolds {
  const recent = new RecentHolds();
  const asked = request(attemptId, session);
  recent.ask([asked]);
  recent.answer(asked, granted(asked));
  return recent;
}

test('a hold is known once it is granted', () => {
  const recent = new RecentHolds();
  const asked = request('a');
  recent.ask([asked]);
  expect(recent.find('a')).toBeUndefined();
  recent.answer(asked, granted(asked));
  expect(recent.find('a')).toEqual(granted(asked));
});

test('what was not granted is not known', () => {
  const recent = new RecentHolds();
  const asked = request('a');
  recent.ask([asked]);
  recent.answer(asked, undefined);
  expect(recent.find('a')).toBeUndefined();
});

const LOST: [string, LoseSelector, boolean][] = [
  ['its attempt', { attemptIds: ['x', 'a'] }, true],
  ['another attempt', { attemptIds: ['x'] }, false],
  ['its session', { sessions: ['x', 's'] }, true],
  ['another session', { sessions: ['x'] }, false],
  ['what expires with it', { expiredAt: EXPIRES }, true],
  ['what expires before it', { expiredAt: EXPIRES - 1 }, false],
];

test.each(LOST)('losing %s', (_, selector, isForgotten) => {
  const recent = withHold();
  recent.lose(selector);
  expect(recent.find('a') === undefined).toBe(isForgotten);
});

test.each(LOST)('losing %s while the grant is under way', (_, selector, isForgotten) => {
  const recent = new RecentHolds();
  const asked = request('a');
  recent.ask([asked]);
  recent.lose(selector);
  recent.answer(asked, granted(asked));
  expect(recent.find('a') === undefined).toBe(isForgotten);
});

test('what was forgotten while its grant was under way is not known when it is granted', () => {
  const recent = new RecentHolds();
  const asked = request('a');
  recent.ask([asked]);
  recent.forget('a');
  recent.answer(asked, granted(asked));
  expect(recent.find('a')).toBeUndefined();
});

test('the answer to an earlier asking is not the answer to a later one', () => {
  const recent = new RecentHolds();
  const [first, second] = [request('a'), request('a')];
  recent.ask([first]);
  recent.forget('a');
  recent.ask([second]);
  recent.answer(first, granted(first));
  expect(recent.find('a')).toBeUndefined();
});

test('the latest are kept: at the least so many, and at the most twice as many', () => {
  const recent = new RecentHolds(2);
  const ids = ['a', 'b', 'c', 'd', 'e'];
  for (const attemptId of ids) {
    const asked = request(attemptId);
    recent.ask([asked]);
    recent.answer(asked, granted(asked));
  }
  expect(ids.map((attemptId) => recent.find(attemptId)?.attemptId)).toEqual([undefined, undefined, 'c', 'd', 'e']);
});
