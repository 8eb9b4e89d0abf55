/** Has publint and attw judge the tarballs that `npm run pack` wrote. */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tarballs = globSync('dist/packages/*.tgz', { cwd: root });
if (tarballs.length === 0) throw new Error('dist/packages holds no tarball: run `npm run pack` first');

// node16: no resolution from before `exports` (2022) finds its way on the Node versions that `engines` asks for.
// cjs-resolves-to-esm: they all can require() ES modules; test/packaging does.
const ATTW = ['--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm', '--no-definitely-typed'];

for (const tarball of tarballs) {
  run('publint', [tarball, '--strict']);
  run('attw', [tarball, ...ATTW]);
}

function run(tool: string, args: readonly string[]): void {
  const { status, error } = spawnSync(join(root, 'node_modules', '.bin', tool), args, { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exitCode = 1;
}
