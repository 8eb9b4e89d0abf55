/** The table in the README says what is tested, in the versions that are installed; a row's marks say how it went. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SDKS } from './index.ts';
import { type Load, OK, type Sdk } from './sdk.ts';
import { installed, perfectRows, type Row, rowsIn, rowToMarkdown, type Verdict, withRows } from './table.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** Cells of a row. */
const cells = (row: string): string[] =>
  row
    .split('|')
    .map((cell) => cell.trim())
    .slice(1, -1);

test('the README has a row for each package, its installed version and the ways to load it, and every case passed', () => {
  expect(rowsIn(README), 'run: npm run sdks -- --write').toEqual(perfectRows(SDKS).map(rowToMarkdown));
});

const sdk = (name: string, loads: Load[]): Sdk => ({
  name,
  app: name,
  providers: [name],
  packages: [{ name, loads }],
  cases: { json: [OK] },
});
const verdict = (about: Verdict['about'], passed = true): Verdict => ({ name: 'one', about, passed });
const row = (verdicts: Verdict[]): Row => ({ name: 'openai', version: '7', loads: { import: verdicts } });

test.each([
  [[verdict('case'), verdict('case', false)], '1/2', '–', '–'],
  [[verdict('case'), verdict('the rest', false)], '1/1 ✗', '–', '–'],
  [[verdict('case'), verdict('denial'), verdict('downgrade', false)], '1/1', '✓', '✗'],
])('a row of %j', (verdicts, mark, denial, downgrade) => {
  expect(cells(rowToMarkdown(row(verdicts)))).toEqual(['`openai`', '7', mark, '–', '–', denial, downgrade]);
});

test('rows that were not run are kept, and rows of packages that are gone are not', () => {
  const [openai, vitest] = [sdk('openai', ['import']), sdk('vitest', ['require'])];
  const { version } = installed(openai, { name: 'openai' });
  const text = `before\n<!-- npm run sdks -- --write -->\n\n| a |\n| - |\n| \`openai\` | ${version} | old |\n| \`gone\` | 1 | old |\n\n<!-- end -->\nafter`;
  const other = installed(vitest, { name: 'vitest' });
  const written = withRows(text, [openai, vitest], [{ ...other, loads: { require: [verdict('case')] } }]);
  expect(rowsIn(written)).toEqual([
    `| \`openai\` | ${version} | old |`,
    `| \`vitest\` | ${other.version} | – | 1/1 | – | – | – |`,
  ]);
  expect(written.startsWith('before\n')).toBe(true);
  expect(written.endsWith('<!-- end -->\nafter')).toBe(true);
});
