/**
 * `npm run sdks [-- SDK … --cases --write]`: runs every SDK that is tested, or those whose name holds a word given, bare and
 * instrumented, in every way of loading it, and prints how many cases an application cannot tell apart. `--cases` names each case;
 * `--write` puts the rows into the README.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect, parseArgs } from 'node:util';
import { SDKS } from './index.ts';
import { combinationsOf, queued } from './run.ts';
import { HEADING, installed, type Row, rowToMarkdown, type Verdict, verdictsOf, withRows } from './table.ts';

/** A line or so of each. */
const SHORT = { depth: 6, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 200 };
const README = fileURLToPath(new URL('../../README.md', import.meta.url));

const { values, positionals } = parseArgs({
  options: { cases: { type: 'boolean' }, write: { type: 'boolean' } },
  allowPositionals: true,
});
const chosen = SDKS.filter(({ name }) => positionals.length === 0 || positionals.some((word) => name.includes(word)));
if (chosen.length === 0) {
  console.error(`No SDK is called so; they are ${SDKS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const { runs, start } = queued(chosen.flatMap(combinationsOf));
start();
const rows: Row[] = [];
const failures: string[] = [];
for (const { combination, outcome } of runs) {
  const { sdk, package: one, load } = combination;
  const { name, version } = installed(sdk, one);
  const row = rows.find((row) => row.name === name && row.version === version) ?? { name, version, loads: {} };
  if (!rows.includes(row)) rows.push(row);
  const title = `${name} ${version} by ${load}`;
  process.stderr.write(`${title} …\n`);
  const verdicts = await outcome.then(
    (outcome) => verdictsOf(combination, outcome),
    (error: Error): Verdict[] => [{ name: error.message, about: 'the rest', passed: false }],
  );
  row.loads[load] = verdicts;
  if (values.cases)
    for (const verdict of verdicts) console.log(`${verdict.passed ? '✓' : '✗'} ${title}: ${verdict.name}`);
  for (const { name, passed, seen, expected } of verdicts)
    if (!passed)
      failures.push(`✗ ${title}: ${name}\n  expected ${inspect(expected, SHORT)}\n  seen     ${inspect(seen, SHORT)}`);
}

console.log([...HEADING, ...rows.map(rowToMarkdown)].join('\n'));
if (failures.length > 0) console.log(`\n${failures.join('\n')}`);
if (values.write) writeFileSync(README, withRows(readFileSync(README, 'utf8'), SDKS, rows));
process.exitCode = failures.length === 0 ? 0 : 1;
