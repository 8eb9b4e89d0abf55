/** Leases over HTTP with the real enforcer: the whole way on both ledgers, and what no client may break. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { createEnforcer } from '../../src/enforce/create.ts';
import { createMemoryLedger } from '../../src/ledger/memory.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';
import type { HeartbeatReply, ReservationReply, SettlementsReply } from '../../src/protocol/wire.ts';
import { configOf } from '../config/files.ts';
import { memoryLog, NOW, post, reservation, serve, settlement } from './fixtures.ts';

const YAML = `
owners: { support: { backup: platform } }
budgets:
  - { name: team-month, per: [team], owner: support, window: month, limit: 10, hard: block }
  - { name: day, owner: support, window: day, limit: 100, hard: block }
`;
const LEDGERS = {
  memory: async () => createMemoryLedger(),
  sqlite: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spendfuse-leases-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return openSqliteLedger({ path: join(folder, 'ledger.db') });
  },
};

async function start(kind: keyof typeof LEDGERS = 'memory') {
  const ledger = await LEDGERS[kind]();
  let ticks = 0;
  const clocks = { wall: () => NOW + ticks++, monotonicMs: () => ticks };
  const enforcer = await createEnforcer({ config: configOf(YAML), ledger, clocks, sweepEveryMs: 0 });
  onTestFinished(async () => {
    await enforcer.close();
    await ledger.close();
  });
  const { log, lines } = memoryLog('error');
  const { url } = await serve({ enforcer: enforcer as never, log });
  const ask = async <Reply>(path: string, body: unknown): Promise<Reply> => {
    return (await (await post(url + path, body)).json()) as Reply;
  };
  await ask('/v1/sessions', { session: 'session-1', attribution: { team: 'support' } });
  const { route } = await ask<ReservationReply>('/v1/reservations', { ...reservation, route: true });
  await ask(`/v1/reservations/${reservation.attempt_id}/release`, {});
  return { url, ask, ledger, lines, slots: route!.slots.map(({ slot }) => slot) };
}

test.each(['memory', 'sqlite'] as const)('a slice is granted, drawn from, told of and closed (%s)', async (kind) => {
  const { url, ask, ledger, lines, slots } = await start(kind);
  expect(slots).toHaveLength(2);
  const wants = slots.map((slot, index) => ({ slice: `slice-${index}`, slot, amount: '1000000000', at_least: '1' }));
  const { slices } = await ask<HeartbeatReply>('/v1/sessions/session-1/heartbeat', { seq: 1, wants });
  expect(slices).toMatchObject(wants.map(({ slice, amount }) => ({ slice, amount, valid_ms: expect.any(Number) })));
  const late = await post(`${url}/v1/sessions/session-1/heartbeat`, { seq: 1, wants });
  expect([late.status, await late.json()]).toMatchObject([409, { type: '/problems/late-heartbeat' }]);

  const draws = wants.map(({ slice }) => ({ slice, amount: '16640000' }));
  const told = await ask<SettlementsReply>('/v1/settlements', {
    settlements: [{ ...settlement, attempt_id: 'drawn', draws, bound: reservation.bound }],
    closes: wants.map(({ slice }) => ({ session: 'session-1', slice, drawn: '16640000' })),
  });
  expect(told).toEqual({ results: [{ attempt_id: 'drawn', outcome: 'settled', cost: '3584000' }] });
  const accounts = await ledger.accounts(NOW);
  expect(accounts.map(({ spentNanoUsd, heldNanoUsd }) => [spentNanoUsd, heldNanoUsd])).toEqual([
    [3_584_000n, 0n],
    [3_584_000n, 0n],
  ]);
  expect((await ledger.verify()).problems).toEqual([]);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toMatch(/spendfuse_decisions_total\{.*decision="allow",reason="leased"\} 1\n/);
  expect(metrics).toContain('spendfuse_leased_usd{budget="team-month"} 0\n');
  expect(lines).toEqual([]);
});

test('no client breaks the ledger, whatever it says of its slices', async () => {
  const { url, ledger, lines, slots } = await start();
  const name = fc.constantFrom('a', 'b', 'c', 'd', reservation.attempt_id);
  const money = fc.oneof(
    fc.constantFrom('0', '1', '1000000', '999999999999999999'),
    fc.bigInt(0n, 10_000_000_000n).map(String),
  );
  const draw = fc.record({ slice: name, amount: money });
  const told = fc.record(
    {
      attempt_id: fc.constantFrom('x', 'y', 'z', 'a'),
      end: fc.constantFrom('settled', 'released', 'lost', 'open'),
      draws: fc.array(draw, { maxLength: 4 }),
      measured: fc.boolean(),
      bound: fc.record({ input_tokens: fc.nat(), output_tokens: fc.nat() }),
      admitted_at: fc.date({ noInvalidDate: true, min: new Date(0) }).map((date) => date.toISOString()),
    },
    { requiredKeys: ['attempt_id', 'end'] },
  );
  const batch = fc.record({
    settlements: fc.array(
      told.map((more) => ({ ...settlement, ...more })),
      { maxLength: 4 },
    ),
    closes: fc.array(fc.record({ session: fc.constant('session-1'), slice: name, drawn: money }), { maxLength: 3 }),
  });
  const beat = fc.record({
    seq: fc.nat({ max: 50 }),
    wants: fc.array(
      fc.record({ slice: name, slot: fc.constantFrom(...slots, 'none'), amount: money, at_least: money }),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(batch, beat), { minLength: 1, maxLength: 6 }), async (bodies) => {
      for (const body of bodies) {
        const path = 'seq' in body ? '/v1/sessions/session-1/heartbeat' : '/v1/settlements';
        const reply = await post(url + path, body);
        expect([200, 409]).toContain(reply.status);
        await reply.text();
      }
      expect((await ledger.verify()).problems).toEqual([]);
    }),
    { numRuns: 150 },
  );
  for (const { heldNanoUsd, unresolvedNanoUsd } of await ledger.accounts(NOW)) {
    expect(heldNanoUsd >= 0n && unresolvedNanoUsd >= 0n).toBe(true);
  }
  expect(lines).toEqual([]);
});
