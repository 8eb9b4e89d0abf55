import { describe, expect, it } from 'vitest';
import { ROOMS, type Room, roomOf } from './rooms.ts';
import { type Import, importsOf, type SourceFile, sourceFiles } from './source.ts';

const files = sourceFiles('src/**/*.ts', 'instrumentations/**/*.ts');

describe('imports point inward', () => {
  it('every file belongs to a room of the table, and every room has files', () => {
    expect(files.filter(({ path }) => !roomOf(path)).map(({ path }) => path)).toEqual([]);
    expect(Object.keys(ROOMS).filter((room) => !files.some(({ path }) => roomOf(path) === room))).toEqual([]);
  });

  it.each(Object.entries(ROOMS))('%s imports only what its row allows', (name, room) => {
    const wrong = files
      .filter(({ path }) => roomOf(path) === name)
      .flatMap((file) =>
        importsOf(file)
          .filter((one) => !allowed(name, room, file, one))
          .map(({ target, typeOnly, line }) => `${file.path}:${line}  ${typeOnly ? 'type ' : ''}${target}`),
      );
    expect(wrong).toEqual([]);
  });

  it('no file needs itself at run time, however far round', () => {
    expect(cycles(new Map(files.map((file) => [file.path, runtimeImports(file)])))).toEqual([]);
  });

  it('the stand-in providers, which judge the ledger, share no code with it', () => {
    const judges = sourceFiles(
      'demo/provider*.ts',
      'test/support/provider.ts',
      'test/torture/{provider,prices,judge}.ts',
    );
    expect(judges.length).toBeGreaterThan(1);
    expect(judges.flatMap(importsOf).filter(({ target }) => /^(src|instrumentations)\//.test(target))).toEqual([]);
  });
});

describe('the reader of imports', () => {
  it.each<[string, string, Pick<Import, 'target' | 'typeOnly'>[]]>([
    ['a name', `import { a } from './b.ts';`, [{ target: 'src/b.ts', typeOnly: false }]],
    ['types', `import type { A } from '../x/b.ts';`, [{ target: 'x/b.ts', typeOnly: true }]],
    ['some types', `import { type A, b } from './b.ts';`, [{ target: 'src/b.ts', typeOnly: false }]],
    ['several lines', `import {\n  a,\n  b,\n} from 'zod';`, [{ target: 'zod', typeOnly: false }]],
    ['a default', `import pg, { type Pool } from 'pg';`, [{ target: 'pg', typeOnly: false }]],
    ['everything', `import * as all from './b.ts';`, [{ target: 'src/b.ts', typeOnly: false }]],
    ['a bare one', `import 'node:fs';`, [{ target: 'node:fs', typeOnly: false }]],
    ['a re-export', `export * from './b.ts';`, [{ target: 'src/b.ts', typeOnly: false }]],
    ['a dynamic one', `  const x = await import('./b.ts');`, [{ target: 'src/b.ts', typeOnly: false }]],
    ['a required one', `  const x = require('zod');`, [{ target: 'zod', typeOnly: false }]],
    ['a comment', `// import { a } from './b.ts';\nexport const from = 'x';`, []],
  ])('sees %s', (_, text, expected) => {
    const found = importsOf({ path: 'src/a.ts', text, code: text.replace(/^\/\/.*/, '') });
    expect(found.map(({ target, typeOnly }) => ({ target, typeOnly }))).toEqual(expected);
  });
});

function allowed(name: string, room: Room, file: SourceFile, { target, typeOnly }: Import): boolean {
  if (!/\.(ts|json)$/.test(target)) return packagesFor(room, file).some((own) => within(target, `${own}/`, own));
  const rows = [name, ...room.imports, ...(typeOnly ? (room.types ?? []) : [])];
  return rows.some((row) => (row.endsWith('/') ? target.startsWith(row) : target === row));
}

function packagesFor({ packages }: Room, { path }: SourceFile): readonly string[] {
  return Array.isArray(packages) ? packages : ((packages as Record<string, readonly string[]>)[path] ?? []);
}

function within(target: string, prefix: string, exact: string): boolean {
  return target === exact || target.startsWith(prefix);
}

function runtimeImports(file: SourceFile): string[] {
  return importsOf(file).flatMap(({ target, typeOnly }) => (typeOnly || !target.endsWith('.ts') ? [] : target));
}

/** Each as the files along it. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) found.push([...way.slice(way.indexOf(path)), path].join(' → '));
    if (way.includes(path) || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...way, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}
