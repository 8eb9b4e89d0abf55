import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';

const folder = mkdtempSync(join(tmpdir(), 'spendfuse-crash-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the load on the file until `lines` are acknowledged, then kills it; answers all that it acknowledged. */
async function killInMidLoad(path: string, lines: number): Promise<string[]> {
  const script = fileURLToPath(new URL('./support/load.ts', import.meta.url));
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
    if (said.split('\n').length > lines) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  expect(signal).toBe('SIGKILL');
  // The last line may be cut off.
  return said.split('\n').slice(0, -1);
}

test('after kill -9 in mid-load everything acknowledged is there, and nothing is half there', async () => {
  const path = join(folder, 'killed.db');
  const acknowledged = await killInMidLoad(path, 600);
  const ledger = await openSqliteLedger({ path });
  try {
    expect((await ledger.verify()).problems).toEqual([]);
    const ids = (word: string) =>
      acknowledged.filter((line) => line.startsWith(word)).map((line) => line.split(' ')[1]!);
    const holds = await ledger.holds(ids('reserved'));
    expect(holds).not.toContain(undefined);
    const ended = await ledger.holds(ids('settled'));
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
