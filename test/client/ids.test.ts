import { expect, test } from 'vitest';
import { uuidv7 } from '../../src/client/ids.ts';

/** More than are made at once. */
const MANY = 5_000;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('ids are UUIDs of version 7 that nobody has seen before', () => {
  const ids = Array.from({ length: MANY }, () => uuidv7(1_790_000_000_000));
  expect(ids.filter((id) => !UUID_V7.test(id))).toEqual([]);
  expect(new Set(ids).size).toBe(MANY);
});

test('they begin with their time, so they sort by it', () => {
  const times = [0, 1, 1_790_000_000_000, 1_790_000_000_001, 2 ** 48 - 1];
  const ids = times.map((time) => uuidv7(time));
  expect(ids.map((id) => Number.parseInt(id.slice(0, 13).replace('-', ''), 16))).toEqual(times);
  expect([...ids].sort()).toEqual(ids);
});

test('every digit after that is random, but for what the variant leaves', () => {
  const ids = Array.from({ length: MANY }, () => uuidv7(0).slice(15).replaceAll('-', ''));
  const digits = Array.from({ length: 19 }, (_, at) => new Set(ids.map((id) => id[at])).size);
  expect(digits).toEqual([16, 16, 16, 4, ...Array(15).fill(16)]);
});
