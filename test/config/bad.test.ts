import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WARNINGS } from '../../src/config/warnings.ts';
import { errorsOf, HERE, loadBeside, textOf, warningsOf } from './files.ts';

/** Each `<mistake>.yaml` has a `<mistake>.txt` with exactly what is to be said of it. */
function pairs(folder: string): string[] {
  const names = readdirSync(`${HERE}/${folder}`);
  const inputs = names.filter((name) => name.endsWith('.yaml')).map((name) => name.replace('.yaml', ''));
  expect(names.filter((name) => name.endsWith('.txt')).map((name) => name.replace('.txt', ''))).toEqual(inputs);
  return inputs;
}

describe('every mistake is told with its file, line, budget and mend', () => {
  it.each(pairs('bad'))('%s', (name) => {
    const result = loadBeside(`bad/${name}.yaml`);
    expect(errorsOf(result)).toEqual(textOf(`bad/${name}.txt`).trimEnd().split('\n'));
  });

  it('never repeats what may be a key or a secret', () => {
    for (const name of ['key-not-a-fingerprint', 'key-empty', 'token-secret-in-config']) {
      expect(JSON.stringify(loadBeside(`bad/${name}.yaml`))).not.toMatch(/very-secret|s3cr3t/);
    }
  });
});

describe('what usually goes wrong is warned of', () => {
  it.each(pairs('warn'))('%s', (name) => {
    const result = loadBeside(`warn/${name}.yaml`);
    expect(errorsOf(result)).toEqual([]);
    expect(warningsOf(result)).toEqual(textOf(`warn/${name}.txt`).trimEnd().split('\n'));
  });

  it('covers each warning of the table', () => {
    const codes = pairs('warn').flatMap((name) => loadBeside(`warn/${name}.yaml`).warnings.map(({ code }) => code));
    expect(Object.keys(WARNINGS).filter((code) => !codes.includes(code))).toEqual([]);
  });

  it('is silent on the mended forms', () => {
    const result = loadBeside('good/no-warning.yaml');
    expect([...errorsOf(result), ...warningsOf(result)]).toEqual([]);
  });
});
