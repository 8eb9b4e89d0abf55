/** Compiles src and instrumentations to dist and copies what the compiler leaves behind (SQL migrations). */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, globSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
rmSync(join(root, 'dist', 'src'), { recursive: true, force: true });
rmSync(join(root, 'dist', 'instrumentations'), { recursive: true, force: true });
execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
for (const asset of globSync('src/**/*.sql', { cwd: root })) cpSync(join(root, asset), join(root, 'dist', asset));
chmodSync(join(root, 'dist', 'src', 'cli', 'main.js'), 0o755);
