/**
 * Packs what `npm run build` made into the two packages, as tarballs in dist/packages. Each holds just the files that its
 * entry points reach. `--dist DIR` packs another build, `--out DIR` puts the tarballs elsewhere.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { manifestOf, type RootManifest, unusedDependencies } from './pack/manifest.ts';
import { PACKAGES, type PackageSpec } from './pack/packages.ts';
import { type Needed, walk } from './pack/walk.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({ options: { dist: { type: 'string' }, out: { type: 'string' } } });
const dist = resolve(values.dist ?? join(root, 'dist'));
const out = resolve(values.out ?? join(root, 'dist', 'packages'));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as RootManifest;

const needed = await Promise.all(PACKAGES.map((spec) => walk(dist, spec.entries, { types: !spec.bin })));
const unused = unusedDependencies(manifest, needed);
if (unused.length > 0) throw new Error(`package.json declares ${unused.join(', ')}, which no package imports`);
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
for (const [index, spec] of PACKAGES.entries()) pack(spec, needed[index]!);

function pack(spec: PackageSpec, needs: Needed): void {
  const stage = mkdtempSync(join(tmpdir(), 'spendfuse-pack-'));
  try {
    for (const file of needs.files) cpSync(join(dist, file), join(stage, 'dist', file));
    for (const file of ['README.md', 'LICENSE', ...spec.extras]) cpSync(join(root, file), join(stage, file));
    writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifestOf(spec, manifest, needs), null, 2)}\n`);
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', out];
    const [packed] = JSON.parse(execFileSync('npm', args, { cwd: stage, encoding: 'utf8' })) as [Packed];
    const kilobytes = Math.round(packed.unpackedSize / 1000);
    console.log(`${join(out, packed.filename)}: ${packed.entryCount} files, ${kilobytes} kB unpacked`);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

interface Packed {
  filename: string;
  entryCount: number;
  unpackedSize: number;
}
