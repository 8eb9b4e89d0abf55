import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatFinding } from '../../src/config/finding.ts';
import { nearest } from '../../src/config/nearest.ts';
import { bucketOf } from '../../src/config/shape-window.ts';
import { FINGERPRINT_PATTERN, fingerprint } from '../../src/domain/fingerprint.ts';

it('a finding reads as one line with place, budget and mend', () => {
  const finding = { file: 'budgets.yaml', line: 14, budget: 'search', code: 'value', severity: 'error' as const };
  const told = { ...finding, message: 'soft threshold 120% exceeds the limit', mend: 'use at most 100%' };
  expect(formatFinding(told)).toBe(
    'budgets.yaml:14 budget "search": soft threshold 120% exceeds the limit; use at most 100%',
  );
});

describe('the nearest name', () => {
  it.each([
    ['teem', 'team'],
    ['tema', 'team'],
    ['Enviroment', 'environment'],
    ['budget', 'budgets'],
    ['zzzz', undefined],
    ['x'.repeat(100), undefined],
  ])('of %s is %s', (word, expected) => {
    expect(nearest(word, ['team', 'environment', 'budgets', 'workflow'])).toBe(expected);
  });
});

it('a fingerprint is fp: and the first half of the SHA-256 of the key', () => {
  const digest = createHash('sha256').update('sk-test').digest('hex');
  expect(fingerprint('sk-test')).toBe(`fp:${digest.slice(0, 32)}`);
  expect(fingerprint('sk-test')).toMatch(FINGERPRINT_PATTERN);
  expect('fp:9f2c').not.toMatch(FINGERPRINT_PATTERN);
});

it('sub-buckets divide a rolling window into 24 or more equal parts', () => {
  for (const minutes of [1, 2, 7, 60, 61, 90, 1440, 1441, 10_080, 43_200, 527_040]) {
    const duration = minutes * 60_000;
    expect(duration % bucketOf(duration)).toBe(0);
    expect(duration / bucketOf(duration)).toBeGreaterThanOrEqual(24);
  }
});
