import { expect, test } from 'vitest';
import type { Denial } from '../../src/domain/decision.ts';
import { denialReply } from '../../src/http/denial.ts';

const exhausted: Denial = {
  code: 'exhausted',
  action: 'block',
  budget: 'support-production',
  instance: 'support-production/support',
  limitNanoUsd: 5_000_000_000_000n,
  spentNanoUsd: 4_999_100_000_000n,
  state: 'hard',
  alertId: 'alert-1',
  detail: 'support-production has spent $4,999.10 of $5,000.00',
};

test('an exhausted budget is the documented 402', () => {
  expect(denialReply(exhausted)).toEqual({
    status: 402,
    contentType: 'application/problem+json',
    headers: undefined,
    body: {
      type: '/problems/budget-exceeded',
      title: 'Budget exceeded',
      status: 402,
      detail: 'support-production has spent $4,999.10 of $5,000.00',
      code: 'exhausted',
      budget: 'support-production',
      instance_key: 'support-production/support',
      action: 'block',
      state: 'hard',
      limit: '5000000000000',
      spent: '4999100000000',
      retry_after: null,
      alert_id: 'alert-1',
    },
  });
});

test('a denial that a counted input may turn says so', () => {
  expect(denialReply({ ...exhausted, tighten: true }).body).toMatchObject({ code: 'exhausted', tighten: true });
});

test.each<[string, Partial<Denial>, number, string, number | null, string | undefined]>([
  ['contention', { code: 'contended', retryAfterMs: 2100 }, 429, 'budget-contended', 3, '3'],
  ['contention of unknown length', { code: 'contended' }, 429, 'budget-contended', 1, '1'],
  ['a pause', { action: 'pause', retryAfterMs: 3_600_000 }, 429, 'budget-paused', 3600, '3600'],
  ['a pause of unknown length', { action: 'pause' }, 429, 'budget-paused', 60, '60'],
  ['a block until the window ends', { retryAfterMs: 1500 }, 402, 'budget-exceeded', 2, undefined],
  ['no matching budget', { code: 'unmatched', budget: null }, 402, 'budget-unmatched', null, undefined],
])('%s is answered with its status and Retry-After', (_name, changes, status, kind, retryAfter, header) => {
  const reply = denialReply({ ...exhausted, ...changes });
  expect(reply.status).toBe(status);
  expect(reply.body).toMatchObject({ type: `/problems/${kind}`, status, retry_after: retryAfter });
  expect(reply.headers?.['retry-after']).toBe(header);
});

test('what only a client can say is a bug here', () => {
  expect(() => denialReply({ ...exhausted, code: 'unreachable' })).toThrow('never denies');
});
