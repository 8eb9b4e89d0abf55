/** A session that may be frozen is heard of during calls, and falls silent between them. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LeaseKeeper } from '../../src/client/lease/keeper.ts';
import { Session } from '../../src/client/session.ts';
import { RULES } from '../support/stub-server.ts';

const HEARTBEAT_MS = 1_000;
const keeper = { ask: () => ({ wants: [] }), toWire: () => ({}), answered: () => {} } as unknown as LeaseKeeper;

let asked: string[];
let isIdle: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  isIdle = true;
});
afterEach(() => void vi.useRealTimers());

async function opened({ rests }: { rests: boolean }): Promise<Session> {
  const session = new Session({
    decisionTimeoutMs: 250,
    transport: async (method, path) => {
      asked.push(`${method} ${path.replace(/[0-9a-f-]{36}/, ':id')}`);
      return { status: 200, body: { rules: RULES, heartbeat_ms: HEARTBEAT_MS } };
    },
    endpoint: 'http://server',
    attribution: {},
    journalLength: () => 0,
    onRateCards: () => {},
    keeper,
    isIdle: () => isIdle,
    rests,
  });
  await session.ready();
  asked.length = 0;
  return session;
}

const BEAT = 'POST /v1/sessions/:id/heartbeat';
const beats = (count: number) => vi.advanceTimersByTimeAsync(count * HEARTBEAT_MS);

test('where it rests, it beats while a call is under way and not between calls', async () => {
  const session = await opened({ rests: true });
  isIdle = false;
  await beats(2);
  expect(asked).toEqual([BEAT, BEAT]);
  isIdle = true;
  await beats(30);
  expect(asked).toEqual([BEAT, BEAT]);
  isIdle = false;
  session.ready();
  await beats(1);
  expect(asked).toEqual([BEAT, BEAT, BEAT]);
});

test('elsewhere it beats all the time, until it is told to rest', async () => {
  const session = await opened({ rests: false });
  await beats(2);
  expect(asked).toEqual([BEAT, BEAT]);
  expect(session.rest()).toBe(true);
  await beats(30);
  expect(asked).toHaveLength(2);
  session.ready();
  await beats(2);
  expect(asked).toHaveLength(4);
});

test('it does not rest while something is under way', async () => {
  const session = await opened({ rests: false });
  isIdle = false;
  expect(session.rest()).toBe(false);
  await beats(1);
  expect(asked).toEqual([BEAT]);
});
