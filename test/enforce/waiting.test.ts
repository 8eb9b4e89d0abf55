import { expect, test } from 'vitest';
import { type Line, type Waiter, WaitingRoom } from '../../src/enforce/waiting.ts';

const line = (account: string, capNanoUsd = 100n, aside?: string): Line => ({
  account,
  capNanoUsd,
  ...(aside !== undefined && { aside }),
});

function waiter(name: string, accounts: string[], room: Record<string, number>, served: string[], amount = 1): Waiter {
  return {
    lines: () => accounts.map((account) => line(account)),
    retry: async () => {
      await Promise.resolve();
      if (accounts.some((account) => (room[account] ?? 0) < amount)) return false;
      for (const account of accounts) room[account] = (room[account] ?? 0) - amount;
      served.push(name);
      return true;
    },
  };
}

test('waiters are served in the order they came', async () => {
  const served: string[] = [];
  const room = { a: 2 };
  const waiting = new WaitingRoom();
  for (const name of ['first', 'second', 'third']) waiting.add(waiter(name, ['a'], room, served));
  await waiting.wake();
  expect(served).toEqual(['first', 'second']);
  expect(waiting.size).toBe(1);
});

test('a small attempt does not starve a large one that came before it', async () => {
  const served: string[] = [];
  const room = { a: 1 };
  const waiting = new WaitingRoom();
  waiting.add(waiter('large', ['a'], room, served, 5));
  waiting.add(waiter('small', ['a'], room, served, 1));
  await waiting.wake();
  expect(served).toEqual([]);
  room.a = 6;
  await waiting.wake();
  expect(served).toEqual(['large', 'small']);
});

test('an attempt overtakes those with which it shares no account', async () => {
  const served: string[] = [];
  const room = { a: 0, b: 1 };
  const waiting = new WaitingRoom();
  waiting.add(waiter('on a', ['a'], room, served));
  waiting.add(waiter('on b', ['b'], room, served));
  await waiting.wake();
  expect(served).toEqual(['on b']);
});

test('one who shares an account with a stuck waiter holds its other accounts for itself', async () => {
  const served: string[] = [];
  const room = { a: 0, b: 1 };
  const waiting = new WaitingRoom();
  waiting.add(waiter('on a', ['a'], room, served));
  waiting.add(waiter('on a and b', ['a', 'b'], room, served));
  waiting.add(waiter('on b', ['b'], room, served));
  await waiting.wake();
  expect(served).toEqual([]);
  expect(waiting.isAhead([line('b')])).toBe(true);
  expect(waiting.isAhead([line('c')])).toBe(false);
});

test('waking while a round runs starts another round, never two at once', async () => {
  let running = 0;
  let most = 0;
  let tries = 0;
  const waiting = new WaitingRoom();
  waiting.add({
    lines: () => [line('a')],
    retry: async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      tries += 1;
      return tries === 2;
    },
  });
  await Promise.all([waiting.wake(), waiting.wake(), waiting.wake()]);
  expect(most).toBe(1);
  expect(tries).toBe(2);
  expect(waiting.size).toBe(0);
});

test('who leaves is not served', async () => {
  const served: string[] = [];
  const waiting = new WaitingRoom();
  const leaver = waiter('leaver', ['a'], { a: 1 }, served);
  waiting.add(leaver);
  waiting.leave(leaver);
  await waiting.wake();
  expect(served).toEqual([]);
});

/** Records who is tried; a try waits until it is told how it ends. */
function scripted(waiting: WaitingRoom) {
  const tried: string[] = [];
  const answers = new Map<string, (done: boolean) => void>();
  return {
    tried,
    add: (name: string, ...lines: Line[]) => {
      let standsIn: readonly Line[] = lines;
      const retry = () => {
        tried.push(name);
        return new Promise<boolean>((resolve) => answers.set(name, resolve));
      };
      waiting.add({ lines: () => standsIn, retry });
      return (next: readonly Line[]) => {
        standsIn = next;
      };
    },
    answer: async (name: string, done: boolean) => {
      answers.get(name)!(done);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test('a higher cap overtakes who is stuck below a lower one, and not the other way round', () => {
  const waiting = new WaitingRoom();
  const { add, tried } = scripted(waiting);
  add('batch', line('team', 80n));
  expect(waiting.isAhead([line('team', 100n)])).toBe(false);
  expect(waiting.isAhead([line('team', 80n)])).toBe(true);
  add('production', line('team', 100n));
  expect(waiting.isAhead([line('team', 80n)])).toBe(true);
  void waiting.wake();
  expect(tried).toEqual(['batch', 'production']);
});

test('who is stuck on the share of its token is in the way of nobody but that token', () => {
  const waiting = new WaitingRoom();
  const { add, tried } = scripted(waiting);
  add('ci', line('team', 100n, 'ci'));
  expect(waiting.isAhead([line('team')])).toBe(false);
  expect(waiting.isAhead([line('team', 100n, 'web')])).toBe(false);
  expect(waiting.isAhead([line('team', 100n, 'ci')])).toBe(true);
  expect(waiting.waitedFor()).toEqual(new Set());
  add('any', line('team'));
  expect(waiting.isAhead([line('team', 100n, 'web')])).toBe(true);
  expect(waiting.waitedFor()).toEqual(new Set(['team']));
  void waiting.wake();
  expect(tried).toEqual(['ci', 'any']);
});

test('a slow try in one account holds up no other', async () => {
  const waiting = new WaitingRoom();
  const { add, tried, answer } = scripted(waiting);
  add('slow', line('a'));
  add('first', line('b'));
  add('second', line('b'));
  void waiting.wake();
  await answer('first', true);
  expect(tried).toEqual(['slow', 'first', 'second']);
});

test('only the accounts in which something was freed are looked at', async () => {
  const waiting = new WaitingRoom();
  const { add, tried } = scripted(waiting);
  add('on a', line('a'));
  add('on b', line('b'));
  void waiting.wake(['b', 'c']);
  expect(tried).toEqual(['on b']);
});

test('who changes its line keeps its turn, so that two never wait for each other', async () => {
  const waiting = new WaitingRoom();
  const { add, tried, answer } = scripted(waiting);
  const move = add('older', line('a'));
  add('younger', line('b'), line('a'));
  add('youngest', line('c'));
  void waiting.wake(['a']);
  move([line('c'), line('b')]);
  await answer('older', false);
  expect(tried).toEqual(['older']);
  void waiting.wake(['b']);
  expect(tried).toEqual(['older', 'older']);
  await answer('older', true);
  expect(tried).toEqual(['older', 'older', 'youngest', 'younger']);
});

test('a long line is served in its order', async () => {
  const served: string[] = [];
  const names = Array.from({ length: 2_000 }, (_, index) => String(index));
  const waiting = new WaitingRoom();
  const room = { a: names.length };
  for (const name of names) waiting.add(waiter(name, ['a'], room, served));
  await waiting.wake();
  expect(served).toEqual(names);
  expect([waiting.size, waiting.isAhead([line('a')])]).toEqual([0, false]);
});
