import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';
import { T0 } from '../conformance/fixtures.ts';
import { attemptsOf, closesOf, DRAWN, SPENT, settlementOf, slicesOf } from './support/leases.ts';

/** Of the acknowledged lines those that begin with the word, without it. */
const said = (lines: readonly string[], word: string): string[] =>
  lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));

const folder = mkdtempSync(join(tmpdir(), 'spendfuse-crash-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the load on the file until `lines` are acknowledged, then kills it; answers all that it acknowledged. */
async function killInMidLoad(path: string, lines: number, load = 'load.ts'): Promise<string[]> {
  const script = fileURLToPath(new URL(`./support/${load}`, import.meta.url));
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (text.split('\n').length > lines) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  expect(signal).toBe('SIGKILL');
  // The last line may be cut off.
  return text.split('\n').slice(0, -1);
}

test('after kill -9 in mid-load everything acknowledged is there, and nothing is half there', async () => {
  const path = join(folder, 'killed.db');
  const acknowledged = await killInMidLoad(path, 600);
  const ledger = await openSqliteLedger({ path });
  try {
    expect((await ledger.verify()).problems).toEqual([]);
    const holds = await ledger.holds(said(acknowledged, 'reserved'));
    expect(holds).not.toContain(undefined);
    const ended = await ledger.holds(said(acknowledged, 'settled'));
    expect(ended.map((hold) => hold?.state.state)).toEqual(ended.map(() => 'settled'));
    const { items } = await ledger.settlements({ limit: 100_000 });
    expect(items.every(({ postings }) => postings.length === 3)).toBe(true);
    const spent = (await ledger.accounts(0)).map(({ spentNanoUsd }) => spentNanoUsd);
    expect(spent).toEqual(spent.map(() => BigInt(items.length) * 7n));
  } finally {
    await ledger.close();
  }
});

test('a killed server leaves no lock behind, and its live holds are still held', async () => {
  const path = join(folder, 'again.db');
  await killInMidLoad(path, 60);
  await killInMidLoad(path, 30);
  const ledger = await openSqliteLedger({ path });
  const open = await ledger.openHolds();
  const held = (await ledger.accounts(0)).map(({ heldNanoUsd }) => heldNanoUsd);
  expect(held).toEqual(held.map(() => BigInt(open.length) * 10n));
  await ledger.close();
});

describe('after kill -9 in the middle of leases', () => {
  test.each([40, 300, 900])(
    'and %i answers, all slices are accounted for, and telling all again settles them',
    async (lines) => {
      const path = join(folder, `leases-${lines}.db`);
      const acknowledged = await killInMidLoad(path, lines, 'lease-load.ts');
      const ledger = await openSqliteLedger({ path });
      try {
        expect((await ledger.verify()).problems).toEqual([]);
        expect(await ledger.holds(said(acknowledged, 'granted').flatMap((n) => slicesOf(Number(n))))).not.toContain(
          undefined,
        );
        const ended = [
          ...said(acknowledged, 'settled'),
          ...said(acknowledged, 'closed').flatMap((n) => slicesOf(Number(n))),
        ];
        const open = new Set((await ledger.openHolds()).map(({ attemptId }) => attemptId));
        expect(ended.filter((id) => open.has(id))).toEqual([]);

        const leases = await grantedLeases(ledger, open, said(acknowledged, 'granted').map(Number));
        await tellAgain(ledger, leases);
        const slices = await ledger.holds(leases.flatMap(slicesOf));
        const money = slices.map((hold) => [hold!.state.state, hold!.slice!.splitNanoUsd, hold!.slice!.freedNanoUsd]);
        expect(money).toEqual(slices.map(() => ['released', DRAWN, 80n - DRAWN]));
        const balances = (await ledger.accounts(0)).map((a) => [a.spentNanoUsd, a.heldNanoUsd, a.unresolvedNanoUsd]);
        expect(balances).toEqual([1, 2, 3].map(() => [BigInt(leases.length) * SPENT, 0n, 0n]));
        expect((await ledger.verify()).problems).toEqual([]);
      } finally {
        await ledger.close();
      }
    },
  );

  /** Those in the ledger, acknowledged or not. */
  async function grantedLeases(ledger: Ledger, open: ReadonlySet<string>, acknowledged: number[]): Promise<number[]> {
    const leases = new Set([...acknowledged, ...[...open].map((id) => Number.parseInt(id, 10))]);
    const { items } = await ledger.settlements({ limit: 100_000 });
    for (const { attemptId } of items) leases.add(Number.parseInt(attemptId, 10));
    return [...leases];
  }

  /** As journals do after an outage: from the end, each word twice. */
  async function tellAgain(ledger: Ledger, leases: readonly number[]): Promise<void> {
    const closes = leases.flatMap(closesOf);
    const settlements = leases.flatMap((lease) => attemptsOf(lease).map((attempt) => settlementOf(attempt, lease)));
    for (let times = 0; times < 2; times += 1) {
      await ledger.closeSlices(closes.reverse(), T0);
      await ledger.settleMany(settlements.reverse(), T0);
    }
  }
});
