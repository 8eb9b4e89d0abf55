import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { claimFolder } from '../../demo/folder.ts';

function emptyFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'spendfuse-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

it('without a folder there is a temporary one, which goes', () => {
  const folder = claimFolder();
  expect(existsSync(folder.path)).toBe(true);
  folder.remove();
  expect(existsSync(folder.path)).toBe(false);
});

it('a folder that was asked for is made, used, and stays', () => {
  const dir = join(emptyFolder(), 'not', 'there', 'yet');
  const folder = claimFolder(dir);
  expect(folder).toMatchObject({ path: dir, ledger: join(dir, 'spendfuse.db'), temporary: false });
  folder.remove();
  expect(existsSync(folder.ledger)).toBe(true);
});

it('the ledger of an earlier run is left alone, and the next runs have folders of their own', () => {
  const dir = emptyFolder();
  writeFileSync(join(dir, 'spendfuse.db'), 'an old ledger');
  const runs = [claimFolder(dir), claimFolder(dir), claimFolder(dir)];
  expect(runs.map(({ path }) => path)).toEqual([join(dir, 'run-2'), join(dir, 'run-3'), join(dir, 'run-4')]);
  expect(readFileSync(join(dir, 'spendfuse.db'), 'utf8')).toBe('an old ledger');
});

it('says so when the folder cannot be made', () => {
  const file = join(emptyFolder(), 'file');
  writeFileSync(file, '');
  expect(() => claimFolder(join(file, 'folder'))).toThrow(/^--dir .*ENOTDIR.*name a folder that can be written$/);
});
