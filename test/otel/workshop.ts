/**
 * A folder like a service's own: `spendfuse` built from the source as it is now, under its own name, beside the packages
 * that the service has installed. So `--import spendfuse/register` is what a user writes, and what a user gets.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';

export const ROOT = join(import.meta.dirname, '..', '..');

/** `only`: the packages that are installed; all of the repository's by default. */
export async function buildService(only?: readonly string[]): Promise<string> {
  const compiled = await dist();
  const folder = mkdtempSync(join(tmpdir(), 'spendfuse-otel-'));
  const own = join(folder, 'node_modules', 'spendfuse');
  mkdirSync(own, { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(own, 'package.json'));
  cpSync(compiled, join(own, 'dist'), { recursive: true });
  for (const name of only ?? installed()) link(name, folder);
  cpSync(join(import.meta.dirname, 'apps'), folder, { recursive: true });
  return folder;
}

const out = mkdtempSync(join(tmpdir(), 'spendfuse-otel-dist-'));
let built: Promise<string> | undefined;

/** Built once for each test file. */
function dist(): Promise<string> {
  const build = ['scripts/build.ts', '--out', out];
  built ??= promisify(execFile)(process.execPath, build, { cwd: ROOT }).then(() => out);
  return built;
}

afterAll(() => remove(out));

export function remove(folder: string | undefined): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

function installed(): string[] {
  const names = readdirSync(join(ROOT, 'node_modules')).filter((name) => !name.startsWith('.'));
  return names.flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(ROOT, 'node_modules', name)).map((each) => `${name}/${each}`) : [name],
  );
}

function link(name: string, folder: string): void {
  const at = join(folder, 'node_modules', name);
  mkdirSync(dirname(at), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules', name), at);
}
