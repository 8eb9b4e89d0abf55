import { expect, test } from 'vitest';
import { type Waiter, WaitingRoom } from '../../src/enforce/waiting.ts';

function waiter(name: string, instances: string[], room: Record<string, number>, served: string[], amount = 1): Waiter {
  return {
    instances,
    retry: async () => {
      await Promise.resolve();
      if (instances.some((instance) => (room[instance] ?? 0) < amount)) return false;
      for (const instance of instances) room[instance] = (room[instance] ?? 0) - amount;
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
  expect(waiting.isAhead(['b'])).toBe(true);
  expect(waiting.isAhead(['c'])).toBe(false);
});

test('waking while a round runs starts another round, never two at once', async () => {
  let running = 0;
  let most = 0;
  let tries = 0;
  const waiting = new WaitingRoom();
  waiting.add({
    instances: ['a'],
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
