/**
 * What a package needs, found by following its compiled entry points: esbuild reads the JavaScript (static and dynamic
 * imports), a pattern reads the declarations, which hold types only.
 */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

export interface Needed {
  /** Below dist, sorted. */
  files: readonly string[];
  /** Names of npm packages → the file that imports it, for error messages. */
  packages: ReadonlyMap<string, string>;
}

/** With `types`, the declarations that an importer's compiler reads come along. */
export async function walk(dist: string, entries: readonly string[], { types }: { types: boolean }): Promise<Needed> {
  const files = new Set<string>();
  const packages = new Map<string, string>();
  let open: readonly string[] = entries;
  while (open.length > 0) {
    const found = await scripts(dist, open);
    for (const [file, imported] of found) {
      files.add(file);
      for (const name of imported) packages.set(name, file);
    }
    // A worker's file is a string to the parser; it is one more entry, with imports of its own.
    const pointedAt = [...found.keys()].flatMap((file) => besideImports(dist, file)).filter((file) => !files.has(file));
    for (const file of pointedAt) files.add(file);
    open = pointedAt.filter((file) => file.endsWith('.js'));
  }
  const declared = types ? declarations(dist, entries) : [];
  for (const [file, imported] of declared) {
    files.add(file);
    for (const name of imported) packages.set(name, file);
  }
  return { files: [...files].sort(), packages };
}

/** Each file that the entries import, with the npm packages that it names. */
async function scripts(dist: string, entries: readonly string[]): Promise<Map<string, string[]>> {
  const { metafile } = await build({
    absWorkingDir: dist,
    entryPoints: [...entries],
    outdir: 'unused',
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
  const imported = ([file, input]: [string, (typeof metafile.inputs)[string]]): [string, string[]] => [
    file,
    [...input.imports.filter(({ external }) => external).map(({ path }) => path), ...required(dist, file)].flatMap(
      (path) => packageOf(path) ?? [],
    ),
  ];
  return new Map(Object.entries(metafile.inputs).map(imported));
}

/** Packages that a module loads by a `require` of its own making, which is a function like any other to the parser. */
function required(dist: string, file: string): string[] {
  const text = readFileSync(join(dist, file), 'utf8');
  if (!text.includes('createRequire')) return [];
  return [...text.matchAll(/\brequire\(\s*['"]([^.'"][^'"]*)['"]\s*\)/g)].map(([, path = '']) => path);
}

/** Files and folders that a module names relative to its own address: workers, migrations. */
function besideImports(dist: string, file: string): string[] {
  const text = readFileSync(join(dist, file), 'utf8');
  if (!text.includes('import.meta.url')) return [];
  for (const [, path = ''] of text.matchAll(/new URL\(\s*['"](\.[^'"]*)['"]\s*,\s*import\.meta\.url/g)) {
    if (!existsSync(join(dist, dirname(file), path))) throw new Error(`${file} names ${path}, which was not built`);
  }
  return [...text.matchAll(/['"](\.{1,2}\/[^'"\s]+)['"]/g)]
    .map(([, path = '']) => join(dirname(file), path))
    .filter((path) => existsSync(join(dist, path)))
    .flatMap((path) =>
      statSync(join(dist, path)).isDirectory() ? globSync(join(path, '**/*.*'), { cwd: dist }) : path,
    );
}

/** The declarations of the entries and what they name, with the npm packages that each names. */
function declarations(dist: string, entries: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const open = entries.map((entry) => entry.replace(/\.js$/, '.d.ts'));
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file)) continue;
    const text = readFileSync(join(dist, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    const paths = [...text.matchAll(/\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)].map(([, path = '']) => path);
    found.set(
      file,
      paths.flatMap((path) => (path.startsWith('.') ? [] : (packageOf(path) ?? []))),
    );
    const folder = dirname(join(dist, file));
    for (const path of paths.filter((path) => path.startsWith('.'))) {
      open.push(relative(dist, join(folder, path.replace(/\.[jt]s$/, '.d.ts'))));
    }
  }
  return found;
}

/** `@scope/name/deep` belongs to `@scope/name`; undefined for what Node brings. */
function packageOf(path: string): string | undefined {
  if (path.startsWith('node:')) return undefined;
  return path
    .split('/')
    .slice(0, path.startsWith('@') ? 2 : 1)
    .join('/');
}
