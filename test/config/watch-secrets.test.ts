import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Config, TokenEntry } from '../../src/config/config.ts';
import { watchSecrets } from '../../src/config/watch-secrets.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spendfuse-secrets-'));
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

function watched(...names: string[]) {
  const tokens = names.map((name): TokenEntry => {
    return { name, role: 'client', secret: { file: join(folder, name) }, pins: {} };
  });
  const config = { tokens };
  const seen = { changes: 0 };
  const stop = watchSecrets(
    () => config as unknown as Config,
    () => {
      seen.changes += 1;
    },
    10,
  );
  return { seen, stop, config, pass: (looks: number) => vi.advanceTimersByTime(10 * looks) };
}

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

test('a secret that is written anew is told once', () => {
  write('a', 'one');
  const { seen, pass, stop } = watched('a');
  pass(3);
  expect(seen.changes).toBe(0);
  write('a', 'two');
  pass(5);
  expect(seen.changes).toBe(1);
  stop();
});

test('a file that is only touched is no change', () => {
  write('a', 'one');
  const { seen, pass, stop } = watched('a');
  write('a', 'one');
  pass(3);
  expect(seen.changes).toBe(0);
  stop();
});

test('a link that is swapped, as mounted secrets are, is a change', () => {
  write('one', 'one');
  write('two', 'two');
  symlinkSync(join(folder, 'one'), join(folder, 'a'));
  const { seen, pass, stop } = watched('a');
  symlinkSync(join(folder, 'two'), join(folder, 'next'));
  renameSync(join(folder, 'next'), join(folder, 'a'));
  pass(3);
  expect(seen.changes).toBe(1);
  stop();
});

test('one that is still being written is told when it is whole', () => {
  write('a', 'one');
  const { seen, pass, stop } = watched('a');
  for (const text of ['t', 'tw', 'two']) {
    write('a', text);
    pass(1);
  }
  expect(seen.changes).toBe(0);
  pass(1);
  expect(seen.changes).toBe(1);
  stop();
});

test('a token that came with the config is not told again', () => {
  write('a', 'one');
  write('b', 'one');
  const { seen, pass, stop, config } = watched('a');
  config.tokens.push({ ...config.tokens[0]!, name: 'b', secret: { file: join(folder, 'b') } });
  pass(3);
  expect(seen.changes).toBe(0);
  stop();
});
