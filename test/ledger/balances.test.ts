import { describe, expect, test } from 'vitest';
import { Balances } from '../../src/ledger/balances.ts';
import type { Account } from '../../src/ledger/entries.ts';

const HOUR = 3_600_000;
const bucket = (hour: number) => ({ start: hour * HOUR, end: (hour + 1) * HOUR });

/** Balances over a store that keeps every account ever saved, and counts how often it is asked. */
function overStore() {
  const stored: Account[] = [];
  const fetches: string[] = [];
  const balances = new Balances({ accounts: [], floor: 0, lastId: 0 }, (instance, after, upTo) => {
    fetches.push(instance);
    return stored.filter((a) => a.instance === instance && a.end > after && a.end <= upTo).map((a) => ({ ...a }));
  });
  const save = () => stored.push(...balances.takeChanged().map((account) => ({ ...account })));
  const spend = (instance: string, hour: number, spentNanoUsd: bigint) => {
    const account = balances.obtain({ instance, budget: 'b', window: bucket(hour), since: bucket(hour).start });
    balances.change(account, { spentNanoUsd });
  };
  return { balances, fetches, save, spend };
}

const lastThreeHours = (hour: number) => ({ instance: 'rolling|', window: bucket(hour), since: (hour - 2) * HOUR });

describe('a sweep', () => {
  test('forgets accounts that are over, and fetches them again when one is asked for', () => {
    const { balances, fetches, save, spend } = overStore();
    spend('a', 1, 5n);
    save();
    balances.sweep(10 * HOUR);
    expect([...balances.all()]).toEqual([]);
    expect(balances.find({ instance: 'a', window: bucket(1), since: HOUR })?.spentNanoUsd).toBe(5n);
    expect(fetches).toEqual(['a']);
  });

  test('keeps what no transaction has written yet', () => {
    const { balances, spend } = overStore();
    spend('a', 1, 5n);
    balances.sweep(10 * HOUR);
    expect([...balances.all()]).toHaveLength(1);
  });

  test('keeps what rolling demands look back on, and asks the store for no more', () => {
    const { balances, fetches, save, spend } = overStore();
    for (const hour of [1, 2, 3, 4, 5, 6]) spend('rolling|', hour, 1n);
    save();
    expect(balances.counted(lastThreeHours(6), 6 * HOUR).spentNanoUsd).toBe(3n);
    balances.sweep(6 * HOUR + 1);
    expect([...balances.all()]).toHaveLength(4);
    expect(balances.counted(lastThreeHours(6), 6 * HOUR + 1).spentNanoUsd).toBe(3n);
    expect(fetches).toEqual([]);
  });

  test('does not count an account twice when it reaches further back than memory', () => {
    const { balances, save, spend } = overStore();
    for (const hour of [1, 2, 3]) spend('rolling|', hour, 1n);
    save();
    balances.sweep(3 * HOUR);
    expect(balances.counted(lastThreeHours(3), 3 * HOUR).spentNanoUsd).toBe(3n);
    expect(balances.counted(lastThreeHours(3), 3 * HOUR).spentNanoUsd).toBe(3n);
  });
});
