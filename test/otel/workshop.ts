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
  const folder = mkdtempSync(join(tmpdir(), 'spendfuse-otel-'));
  const own = join(folder, 'node_modules', 'spendfuse');
  mkdirSync(own, { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(own, 'package.json'));
  cpSync(await dist(), join(own, 'dist'), { recursive: true });
  for (const name of only ?? installed()) link(name, folder);
  cpSync(join(import.meta.dirname, 'apps'), folder, { recursive: true });
  return folder;
}

let built: Promise<string> | undefined;

/** Built once for each test file. */
function dist(): Promise<string> {
  built ??= build(mkdtempSync(join(tmpdir(), 'spendfuse-otel-dist-')));
  return built;
}

async function build(out: string): Promise<string> {
  await promisify(execFile)(process.execPath, ['scripts/build.ts', '--out', out], { cwd: ROOT });
  return out;
}

afterAll(async () => remove(await built));

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
