import { describe, expect, test } from 'vitest';
import { noteCreated, settleResults } from '../../src/client/batches.ts';
import type { Client } from '../../src/client/call.ts';
import type { SettlementRequest } from '../../src/protocol/wire.ts';

const CREATED = {
  asked: {
    attemptId: 'creation',
    callId: 'call',
    session: 'session-1',
    provider: 'anthropic',
    model: 'claude-haiku-4-5',
    bound: { inputTokens: 100, outputTokens: 200, batch: true },
    attribution: { team: 'nightly' },
  },
  model: 'claude-haiku-4-5',
  held: true,
  draws: undefined,
  admittedMs: Date.parse('2026-11-22T12:00:00Z'),
  ids: undefined,
  isOver: false,
};
const LATER = Date.parse('2026-11-23T00:30:00Z');

const result = (id: string) => ({
  id,
  model: 'claude-haiku-4-5',
  responseId: `msg_${id}`,
  measured: true,
  usage: { inputTokens: 40, outputTokens: 12, batch: true },
});

function process() {
  const told: SettlementRequest[] = [];
  const journal = { add: (one: SettlementRequest) => told.push(one) };
  const client = { journal, session: { id: 'session-2' } } as unknown as Client;
  const read = (ids: string[], isWhole = true) =>
    settleResults(
      client,
      { batch: 'b1', provider: 'anthropic', attribution: { team: 'reader' }, results: ids.map(result), isWhole },
      LATER,
    );
  return { client, told, read };
}

const brief = ({ end, usage, attribution, admitted_at }: SettlementRequest) =>
  `${end} ${usage.input_tokens}/${usage.output_tokens} ${usage.batch} ${attribution.team} ${admitted_at.slice(0, 10)}`;

describe('results of a batch', () => {
  test('in the process that created it they are its owner’s, of the day it was created, and let go of what was held', () => {
    const { client, told, read } = process();
    noteCreated(client.journal, 'b1', CREATED);
    read(['x', 'y']);
    const [first, second, last] = told;
    expect(told.map(brief)).toEqual([
      'settled 40/12 true nightly 2026-11-22',
      'settled 40/12 true nightly 2026-11-22',
      'settled 0/0 true nightly 2026-11-22',
    ]);
    expect(last).toMatchObject({ attempt_id: 'creation', measured: true, response_id: 'b1' });
    expect([first?.call_id, second?.call_id, last?.call_id]).toEqual(['call', 'call', 'call']);
  });

  test('what was held is let go of once, and not before all results are read', () => {
    const { client, told, read } = process();
    noteCreated(client.journal, 'b1', CREATED);
    read(['x'], false);
    expect(told.map(({ attempt_id }) => attempt_id)).not.toContain('creation');
    read(['x', 'y']);
    read(['x', 'y']);
    expect(told.filter(({ attempt_id }) => attempt_id === 'creation')).toHaveLength(1);
  });

  test('in any other process they are whoever reads them; each has the same id everywhere', () => {
    const here = process();
    const there = process();
    noteCreated(here.client.journal, 'b1', CREATED);
    here.read(['x', 'y']);
    there.read(['y']);
    expect(there.told.map(brief)).toEqual(['settled 40/12 true reader 2026-11-23']);
    expect(there.told[0]?.attempt_id).toBe(here.told[1]?.attempt_id);
    expect(here.told[0]?.attempt_id).not.toBe(here.told[1]?.attempt_id);
    expect(here.told[0]?.attempt_id).toMatch(/^batch-[0-9a-f]{32}$/);
  });
});
