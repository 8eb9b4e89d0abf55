import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { Reloader } from '../../src/cli/reload.ts';
import type { Config } from '../../src/config/config.ts';
import { createEnforcer } from '../../src/enforce/create.ts';
import { breakable } from '../enforce/broken-ledger.ts';
import { configOf } from '../enforce/world.ts';

const yaml = (limit: number) =>
  `owners: { team: {} }\nbudgets: [{ name: cap, owner: team, window: month, limit: ${limit}, hard: block }]\n`;
const TOKENS = 'tokens: [{ name: a, role: client, secret_env: A }]\n';

async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'spendfuse-reload-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'budgets.yaml');
  const { ledger, fail, heal } = breakable();
  const enforcer = await createEnforcer({ config: configOf(yaml(1).split('\n')[1] ?? ''), ledger, sweepEveryMs: 0 });
  const seen = { tokens: [] as unknown[], reloads: [] as boolean[], lines: [] as string[] };
  let open = true;
  const reloader = new Reloader({
    path,
    enforcer,
    server: {
      setTokens(tokens) {
        if (!tokens && !open) throw new Error('refusing to listen on 0.0.0.0 without tokens');
        seen.tokens.push(tokens);
      },
      configReloaded: (successful) => seen.reloads.push(successful),
    },
    tokensOf: (config: Config) => (config.tokens.length > 0 ? () => undefined : undefined),
    log: pino({ level: 'error' }, { write: (line: string) => void seen.lines.push(JSON.parse(line).msg) }),
    retryMs: 0,
  });
  onTestFinished(() => reloader.stop());
  const write = (text: string) => {
    writeFileSync(path, text);
    return reloader.reload();
  };
  const limit = () => enforcer.config().budgets[0]!.limitNanoUsd / 1_000_000_000n;
  return { write, limit, seen, fail, heal, reloader, enforcer, close: () => (open = false) };
}

test('a changed config comes in force', async () => {
  const { write, limit, seen } = await start();
  await write(yaml(5));
  expect(limit()).toBe(5n);
  expect(seen.reloads).toEqual([true]);
});

test.each([
  ['is broken', 'budgets: ['],
  ['is empty', ''],
  ['has a mistake', yaml(-1)],
])('a config that %s leaves the old one in force', async (_, text) => {
  const { write, limit, seen } = await start();
  await write(text);
  expect(limit()).toBe(1n);
  expect(seen).toMatchObject({ tokens: [], reloads: [false] });
  expect(seen.lines).toEqual([expect.stringContaining('is not in force, the old one stays: ')]);
});

test('what the ledger cannot take now is tried again until it can, without another change', async () => {
  const { write, limit, seen, fail, heal, enforcer } = await start();
  fail('recordRevision');
  await write(yaml(5));
  expect(limit()).toBe(1n);
  expect(seen.lines[0]).toContain('the old one stays for now: ledger x: the disk is full');
  heal();
  const inForce = Promise.withResolvers<void>();
  const poll = setInterval(() => enforcer.config().budgets[0]!.limitNanoUsd > 1_000_000_000n && inForce.resolve(), 1);
  await inForce.promise;
  clearInterval(poll);
  expect(limit()).toBe(5n);
});

test('tokens and budgets change together or not at all', async () => {
  const { write, limit, seen, close, fail, heal } = await start();
  close();
  await write(yaml(5));
  expect({ limit: limit(), tokens: seen.tokens }).toEqual({ limit: 1n, tokens: [] });
  fail('accounts');
  await write(TOKENS + yaml(6)).catch(() => {});
  heal();
  expect(limit()).toBe(1n);
});

test('changes that come at once end with the last one', async () => {
  const { write, limit } = await start();
  await Promise.all([write(yaml(2)), write(yaml(3)), write(yaml(4))]);
  expect(limit()).toBe(4n);
});

test('changed secrets come in force without a change of the config', async () => {
  const { seen, reloader, write } = await start();
  await write(yaml(5));
  await reloader.rotate();
  expect(seen.tokens).toHaveLength(2);
  expect(seen.reloads).toEqual([true]);
});
