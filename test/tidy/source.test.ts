import { transformSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import * as names from '../../src/telemetry/names.ts';
import { places, sourceFiles } from './source.ts';

const source = sourceFiles('src/**/*.ts', 'instrumentations/**/*.ts');
const scripts = sourceFiles('scripts/**/*.ts', 'demo/**/*.{ts,mjs,cjs}');
const tests = sourceFiles('test/**/*.ts');

const MAX_LINES = 350;

describe('the source', () => {
  it('reads the environment on the command line and in register.ts alone', () => {
    const elsewhere = source.filter(({ path }) => !path.startsWith('src/cli/') && path !== 'src/register.ts');
    expect(elsewhere.flatMap((file) => places(file, /\bprocess\.env\b|\bprocess\[/g))).toEqual([]);
  });

  it('takes time as an argument in the rooms that decide', () => {
    const rooms = /^(src\/(domain|pricing|ledger|config|assets|protocol)|instrumentations\/formats)\//;
    const clocks = /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bprocess\.hrtime\b|\bMath\.random\b/g;
    const deciding = source.filter(({ path }) => rooms.test(path));
    expect(deciding.flatMap((file) => places(file, clocks))).toEqual([]);
  });

  it('awaits nothing at the top of a module, so that require() can load it', () => {
    const rejected = source.flatMap(({ path, text }) => {
      try {
        transformSync(text, { loader: 'ts', format: 'cjs', logLevel: 'silent' });
        return [];
      } catch (error) {
        return [`${path}: ${(error as Error).message}`];
      }
    });
    expect(rejected).toEqual([]);
  });

  it('writes to the console on the command line alone', () => {
    const elsewhere = source.filter(({ path }) => !path.startsWith('src/cli/'));
    expect(elsewhere.flatMap((file) => places(file, /\bconsole\.\w+\(/g))).toEqual([]);
  });

  it('spells each metric and attribute once, in telemetry/names.ts', () => {
    const { METRIC, CLIENT_METRIC, ATTR } = names;
    const spelled = [METRIC, CLIENT_METRIC, ATTR]
      .flatMap((group) => Object.values(group))
      .filter((name) => name.startsWith('spendfuse_') || name.startsWith('gen_ai.') || /^spendfuse\.\w/.test(name));
    const pattern = new RegExp(
      `(?<![\\w.])(${spelled.map((name) => name.replaceAll('.', '\\.')).join('|')})(?![\\w.])`,
      'g',
    );
    const elsewhere = [...source, ...scripts].filter(({ path }) => path !== 'src/telemetry/names.ts');
    expect(elsewhere.flatMap((file) => places(file, pattern))).toEqual([]);
    expect(new Set(spelled).size).toBe(spelled.length);
  });

  it(`has no file above ${MAX_LINES} lines`, () => {
    const long = [...source, ...scripts]
      .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > MAX_LINES);
    expect(long).toEqual([]);
  });

  it('puts nothing off', () => {
    const later = /\b(TODO|FIXME|XXX|HACK)\b/g;
    const found = [...source, ...scripts].flatMap(({ path, text }) => places({ path, text, code: text }, later));
    expect(found).toEqual([]);
  });
});

describe('the tests', () => {
  it('are all run: none is left out, put off, or alone', () => {
    const marks = /\b(?:it|test|describe|suite)(?:\.\w+)*\.(?:only|skip|skipIf|runIf|todo|fails)\b/g;
    expect(tests.flatMap((file) => places(file, marks))).toEqual([]);
  });
});
