/** Compiles src and instrumentations to dist (`--out DIR`: elsewhere) and copies what the compiler leaves behind (SQL migrations). */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, globSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({ options: { out: { type: 'string' } } });
const out = resolve(values.out ?? join(root, 'dist'));
rmSync(join(out, 'src'), { recursive: true, force: true });
rmSync(join(out, 'instrumentations'), { recursive: true, force: true });
const tsc = ['-p', 'tsconfig.build.json', '--outDir', out];
execFileSync(join(root, 'node_modules', '.bin', 'tsc'), tsc, { cwd: root, stdio: 'inherit' });
for (const asset of globSync('src/**/*.sql', { cwd: root })) cpSync(join(root, asset), join(out, asset));
chmodSync(join(out, 'src', 'cli', 'main.js'), 0o755);
