import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { type ConfigWatch, watchConfig } from '../../src/config/watch.ts';

let folder: string;
let watch: ConfigWatch;
let fired: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spendfuse-watch-'));
  fired = 0;
});
afterEach(() => {
  watch.stop();
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

/** Watches without a clock: the tests poll by hand, twice for a change to count. */
function start(name: string, knownHash?: string) {
  watch = watchConfig(join(folder, name), () => fired++, { intervalMs: 3_600_000, ...(knownHash && { knownHash }) });
}
function settle(): number {
  watch.poll();
  watch.poll();
  return fired;
}

describe('a change of content', () => {
  it('fires once', () => {
    write('budgets.yaml', 'currency: USD\n');
    start('budgets.yaml');
    write('budgets.yaml', 'currency: USD # changed\n');
    expect(settle()).toBe(1);
    expect(settle()).toBe(1);
  });

  it('waits until a file is written to its end', () => {
    write('budgets.yaml', 'a: 1\n');
    start('budgets.yaml');
    write('budgets.yaml', 'a: ');
    watch.poll();
    write('budgets.yaml', 'a: 2\n');
    watch.poll();
    expect(fired).toBe(0);
    watch.poll();
    expect(fired).toBe(1);
  });

  it('is none when a file is touched, rewritten or changed back', () => {
    write('budgets.yaml', 'currency: USD\n');
    start('budgets.yaml');
    utimesSync(join(folder, 'budgets.yaml'), 1, 1);
    write('budgets.yaml', 'currency: USD\n');
    expect(settle()).toBe(0);
    write('budgets.yaml', 'currency: EUR\n');
    watch.poll();
    write('budgets.yaml', 'currency: USD\n');
    expect(settle()).toBe(0);
  });

  it('is seen in included files, and when one comes or goes', () => {
    mkdirSync(join(folder, 'teams'));
    write('budgets.yaml', 'include: teams/*.yaml\n');
    start('budgets.yaml');
    write('teams/a.yaml', 'owners: { a: }\n');
    expect(settle()).toBe(1);
    write('teams/a.yaml', 'owners: { b: }\n');
    expect(settle()).toBe(2);
    rmSync(join(folder, 'teams/a.yaml'));
    expect(settle()).toBe(3);
  });

  it('is seen through the links that a ConfigMap swaps', () => {
    for (const [version, text] of [
      ['v1', 'currency: USD\n'],
      ['v2', 'currency: USD\nunmatched: deny\n'],
      ['v3', 'currency: USD\nunmatched: deny\n'],
    ] as const) {
      mkdirSync(join(folder, version));
      write(`${version}/budgets.yaml`, text);
    }
    const swap = (version: string) => {
      symlinkSync(version, join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    swap('v1');
    symlinkSync('..data/budgets.yaml', join(folder, 'budgets.yaml'));
    start('.');
    swap('v2');
    expect(settle()).toBe(1);
    swap('v3');
    expect(settle()).toBe(1);
  });

  it('between loading and watching is not missed', () => {
    write('budgets.yaml', 'currency: USD\n');
    const loaded = loadConfig({ path: join(folder, 'budgets.yaml') });
    write('budgets.yaml', 'currency: USD\nunmatched: deny\n');
    start('budgets.yaml', loaded.ok ? loaded.config.hash : '');
    expect(settle()).toBe(1);
  });

  it('is told when the file goes away, and when it is back', () => {
    write('budgets.yaml', 'currency: USD\n');
    start('budgets.yaml');
    rmSync(join(folder, 'budgets.yaml'));
    expect(settle()).toBe(1);
    write('budgets.yaml', 'currency: USD\n');
    expect(settle()).toBe(2);
  });
});

it('looks by itself at its interval', async () => {
  write('budgets.yaml', 'a: 1\n');
  await new Promise<void>((changed) => {
    watch = watchConfig(join(folder, 'budgets.yaml'), changed, { intervalMs: 5 });
    write('budgets.yaml', 'a: 2\n');
  });
  watch.stop();
});
