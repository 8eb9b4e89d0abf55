/** What the journal does with settlements that the server cannot take, or does not want. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Journal } from '../../src/client/journal.ts';
import { NoAnswer, type Reply, type Transport } from '../../src/client/transport.ts';
import type { SettlementRequest, SettlementsRequest } from '../../src/protocol/wire.ts';

const settlement = (attempt_id: string): SettlementRequest => ({
  attempt_id,
  call_id: 'c',
  session: 's',
  provider: 'openai',
  model: 'gpt-4.1',
  attribution: {},
  admitted_at: '2026-11-22T00:00:00.000Z',
  end: 'settled',
  status: 'ok',
  measured: true,
  usage: { input_tokens: 1, output_tokens: 1 },
});
const ids = (journal: Journal): string[] => journal.unsent().settlements.map((one) => one.attempt_id);
const away: Transport = async () => {
  throw new NoAnswer('nobody is there');
};

let said: string[];
beforeEach(() => {
  said = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
});
afterEach(() => vi.restoreAllMocks());

describe('a journal that is full', () => {
  const limits = { batch: 3, queued: 6 };

  test('drops its oldest batch, counts what is lost and says so', () => {
    const journal = new Journal(away, limits);
    for (let at = 1; at <= 7; at++) journal.add(settlement(`a${at}`));
    expect(ids(journal)).toEqual(['a4', 'a5', 'a6', 'a7']);
    expect(journal.dropped).toBe(3);
    expect(said.join('')).toMatch(/^spendfuse: 3 settlements are lost: .* and 6 are waiting\. .*reconcile/);
  });

  test('says so once, then at most once a minute', () => {
    const journal = new Journal(away, limits);
    for (let at = 1; at <= 100; at++) journal.add(settlement(`a${at}`));
    expect(said).toHaveLength(1);
    expect(journal.dropped).toBeGreaterThan(90);
  });

  test('keeps to its bound however long the server is away', () => {
    const journal = new Journal(away, limits);
    for (let at = 1; at <= 1000; at++) journal.add(settlement(`a${at}`));
    expect(journal.length).toBeLessThanOrEqual(limits.queued);
    expect(journal.length + journal.dropped).toBe(1000);
    expect(ids(journal).at(-1)).toBe('a1000');
  });

  test('drops nothing that was added while a batch is under way and is taken', async () => {
    let answer = (_: Reply): void => {};
    const journal = new Journal(() => new Promise((resolve) => (answer = resolve)), limits);
    for (let at = 1; at <= 6; at++) journal.add(settlement(`a${at}`));
    const flushed = journal.flush({ timeoutMs: 50 });
    journal.add(settlement('a7')); // The oldest batch, which is under way, makes room.
    answer({ status: 200, body: { results: [] } });
    expect(await flushed).toBe(false);
    expect(ids(journal)).toEqual(['a4', 'a5', 'a6', 'a7']);
  });
});

describe('a settlement that the server calls invalid', () => {
  const invalid = { outcome: 'invalid', detail: 'usage is no object' };

  test('is dropped with one warning, and the others of its batch are done', async () => {
    const sent: string[][] = [];
    const journal = new Journal(async (_method, _path, body) => {
      const { settlements } = body as { settlements: SettlementRequest[] };
      sent.push(settlements.map((one) => one.attempt_id));
      const results = settlements.map(({ attempt_id }) =>
        attempt_id.startsWith('bad') ? { attempt_id, ...invalid } : { attempt_id, outcome: 'settled' },
      );
      return { status: 200, body: { results } };
    });
    for (const id of ['good1', 'bad1', 'bad2']) journal.add(settlement(id));
    expect(await journal.flush({ timeoutMs: 1000 })).toBe(true);
    journal.add(settlement('bad3'));
    expect(await journal.flush({ timeoutMs: 1000 })).toBe(true);
    expect(sent).toEqual([['good1', 'bad1', 'bad2'], ['bad3']]);
    expect(journal.length).toBe(0);
    expect(said).toEqual(['spendfuse: the server dropped a settlement as invalid: usage is no object\n']);
  });

  test.each([400, 422])('goes with its batch where the server reads none of it (%d)', async (status) => {
    const journal = new Journal(async () => ({ status, body: { detail: `cannot read (${status})` } }));
    journal.add(settlement('a1'));
    expect(await journal.flush({ timeoutMs: 1000 })).toBe(true);
    expect(said.join('')).toContain(`dropped a settlement as invalid: cannot read (${status})`);
  });
});

test('a close is told no sooner than what was there before it: attempts under way, before their slice is in', async () => {
  const sent: unknown[] = [];
  const journal = new Journal(
    async (_method, _path, body) => {
      const { settlements, closes = [] } = body as SettlementsRequest;
      sent.push([settlements.map((one) => one.attempt_id), closes.map((one) => one.slice)]);
      return { status: 200, body: { results: [] } };
    },
    { batch: 2, queued: 100 },
  );
  const close = (slice: string) => ({ session: 's', slice, drawn: '1' });
  journal.addClose(close('first'));
  for (let at = 1; at <= 3; at++) journal.add(settlement(`a${at}`));
  journal.addClose(close('second'));
  journal.add(settlement('a4'));
  journal.add(settlement('a5'));
  expect(await journal.flush({ timeoutMs: 1_000 })).toBe(true);
  expect(sent).toEqual([
    [['a1', 'a2'], ['first']],
    [['a3', 'a4'], ['second']],
    [['a5'], []],
  ]);
});

test('a batch that is too large for the server comes again in smaller ones', async () => {
  vi.useFakeTimers();
  const sent: number[] = [];
  const journal = new Journal(
    async (_method, _path, body) => {
      const { settlements } = body as SettlementsRequest;
      sent.push(settlements.length);
      return settlements.length > 3 ? { status: 413, body: {} } : { status: 200, body: { results: [] } };
    },
    { batch: 8, queued: 100 },
  );
  for (let at = 1; at <= 8; at++) journal.add(settlement(`a${at}`));
  await vi.advanceTimersByTimeAsync(60_000);
  vi.useRealTimers();
  expect(journal.length).toBe(0);
  expect(sent.filter((size) => size <= 3).reduce((sum, size) => sum + size, 0)).toBe(8);
  expect(said).toEqual([]);
});

describe('what is known of an attempt besides', () => {
  const evidence = { gateway: 'litellm' };
  const strange = '/evidence is not a known property';

  /** A server that says `detail` of what has evidence. */
  function serverSaying(detail: string) {
    const sent: (string | undefined)[][] = [];
    const transport: Transport = async (_method, _path, body) => {
      const { settlements } = body as SettlementsRequest;
      sent.push(settlements.map((one) => `${one.attempt_id} ${one.evidence?.gateway ?? 'plain'}`));
      const results = settlements.map(({ attempt_id, evidence: known }) =>
        known ? { attempt_id, outcome: 'invalid', detail } : { attempt_id, outcome: 'settled' },
      );
      return { status: 200, body: { results } } as Reply;
    };
    return { sent, journal: new Journal(transport) };
  }

  test('is left out for a server that does not know it yet, and no money with it', async () => {
    const { sent, journal } = serverSaying(strange);
    for (const id of ['a1', 'a2']) journal.add({ ...settlement(id), evidence });
    journal.add(settlement('a3'));
    expect(await journal.flush({ timeoutMs: 5_000 })).toBe(true);
    journal.add({ ...settlement('a4'), evidence });
    expect(await journal.flush({ timeoutMs: 5_000 })).toBe(true);
    expect(sent).toEqual([['a1 litellm', 'a2 litellm', 'a3 plain'], ['a1 plain', 'a2 plain'], ['a4 plain']]);
    expect(said).toEqual([]);
  });

  test('that the server refuses for what it says is left out once', async () => {
    const { sent, journal } = serverSaying('/evidence/reported_cost must be nano-USD');
    journal.add({ ...settlement('a1'), evidence });
    expect(await journal.flush({ timeoutMs: 5_000 })).toBe(true);
    journal.add({ ...settlement('a2'), evidence });
    expect(await journal.flush({ timeoutMs: 5_000 })).toBe(true);
    expect(sent).toEqual([['a1 litellm'], ['a1 plain'], ['a2 litellm'], ['a2 plain']]);
  });

  test('is not blamed for what is wrong with the usage', async () => {
    const { sent, journal } = serverSaying('cached tokens exceed the input');
    journal.add({ ...settlement('a1'), evidence });
    expect(await journal.flush({ timeoutMs: 5_000 })).toBe(true);
    expect([sent, journal.length]).toEqual([[['a1 litellm']], 0]);
    expect(said.join('')).toContain('dropped a settlement as invalid: cached tokens exceed the input');
  });
});
