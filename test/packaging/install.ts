/** Packs the source as it is now, and installs tarballs as a user would: with npm, into an empty folder. */
import { execFile } from 'node:child_process';
import { globSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const run = promisify(execFile);

export interface Tarballs {
  client: string;
  server: string;
}

/** Builds into `dir`, so that it is never an old dist that is tested. */
export async function packInto(dir: string): Promise<Tarballs> {
  const [dist, out] = [join(dir, 'dist'), join(dir, 'packages')];
  await run(process.execPath, ['scripts/build.ts', '--out', dist], { cwd: ROOT });
  await run(process.execPath, ['scripts/pack.ts', '--dist', dist, '--out', out], { cwd: ROOT });
  const tarball = (pattern: string): string => join(out, globSync(pattern, { cwd: out })[0] ?? pattern);
  return { client: tarball('spendfuse-[0-9]*.tgz'), server: tarball('spendfuse-server-*.tgz') };
}

/** Answers the folder that holds node_modules. */
export async function install(dir: string, packages: readonly string[]): Promise<string> {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'package.json'), '{ "private": true }\n');
  const flags = ['--no-audit', '--no-fund', '--omit=dev', '--prefer-offline', '--loglevel=error'];
  await run('npm', ['install', ...flags, ...packages], { cwd: dir });
  return dir;
}

/** Bytes that a folder takes on disk. */
export function bytesOnDisk(dir: string): number {
  return globSync('**/*', { cwd: dir }).reduce((sum, file) => sum + lstatSync(join(dir, file)).blocks * 512, 0);
}

/** Names of the packages in a folder's node_modules, sorted. */
export function installedPackages(dir: string): string[] {
  return globSync('node_modules/{@*/*,[!@.]*}', { cwd: dir })
    .map((path) => path.slice('node_modules/'.length))
    .sort();
}
