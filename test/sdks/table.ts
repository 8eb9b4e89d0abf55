/** The correctness table: package × load, and how many of its cases the application cannot tell from a run without us. Pure. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { type Check, checksOf } from './judge.ts';
import type { Combination, Outcome } from './run.ts';
import type { Load, Sdk, SdkPackage } from './sdk.ts';

export interface Verdict extends Pick<Check, 'name' | 'about'> {
  passed: boolean;
  /** Of what failed. */
  seen?: unknown;
  expected?: unknown;
}

/** Of one package. */
export interface Row {
  /** As it is installed: what npm calls it, also under an alias. */
  name: string;
  version: string;
  loads: Partial<Record<Load, readonly Verdict[]>>;
}

const LOADS = ['import', 'require', 'bundle'] as const satisfies readonly Load[];
const HEAD = [...['SDK', 'version'], ...LOADS, 'denial', 'downgrade'];

export function verdictsOf(combination: Combination, outcome: Outcome): Verdict[] {
  return checksOf(combination).map(({ name, about, compare }) => {
    const { seen, expected } = compare(outcome);
    // What is undefined and what is missing are the same, as in the tests.
    const passed = isDeepStrictEqual(plain(seen), plain(expected));
    return { name, about, passed, ...(!passed && { seen, expected }) };
  });
}

function plain(value: unknown): unknown {
  if (value instanceof RegExp || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (member === undefined ? [] : [[key, plain(member)]])),
  );
}

/** What npm calls the package, and the version that is installed; `fetch` comes with Node. */
export function installed(
  sdk: Pick<Sdk, 'name'>,
  { name }: Pick<SdkPackage, 'name'>,
): { name: string; version: string } {
  if (name === 'fetch') return { name: 'fetch (Node)', version: manifest('node').version };
  // One that cannot be had twice in one folder is a subpath of a package of the tests' own, which has it inside.
  const inside = `${name.split('/')[0]}/node_modules/${sdk.name}`;
  const found = manifest(existsSync(fileOf(name)) ? name : inside);
  return { name: found.name, version: found.version };
}

const fileOf = (folder: string): string =>
  fileURLToPath(new URL(`../../node_modules/${folder}/package.json`, import.meta.url));

function manifest(folder: string): { name: string; version: string } {
  return JSON.parse(readFileSync(fileOf(folder), 'utf8')) as { name: string; version: string };
}

/** The row of each package where everything holds: what a README may be held to without a run. */
export function perfectRows(sdks: readonly Sdk[]): Row[] {
  return sdks.flatMap((sdk) =>
    sdk.packages.map((one) => {
      const loads = one.loads.map((load) => {
        const checks = checksOf({ sdk, package: one, load });
        return [load, checks.map(({ name, about }) => ({ name, about, passed: true }))];
      });
      return { ...installed(sdk, one), loads: Object.fromEntries(loads) as Row['loads'] };
    }),
  );
}

export function rowToMarkdown({ name, version, loads }: Row): string {
  const cells = LOADS.map((load) => cellOf(loads[load]));
  const all = Object.values(loads).flat();
  return line([`\`${name}\``, version, ...cells, tick(all, 'denial'), tick(all, 'downgrade')]);
}

function cellOf(verdicts: readonly Verdict[] | undefined): string {
  if (!verdicts) return '–';
  const cases = verdicts.filter(({ about }) => about === 'case');
  const passed = cases.filter((verdict) => verdict.passed).length;
  const isClean = verdicts.every((verdict) => verdict.passed || verdict.about !== 'the rest');
  return `${passed}/${cases.length}${isClean ? '' : ' ✗'}`;
}

function tick(verdicts: readonly Verdict[], about: Check['about']): string {
  const some = verdicts.filter((verdict) => verdict.about === about);
  if (some.length === 0) return '–';
  return some.every(({ passed }) => passed) ? '✓' : '✗';
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

export const HEADING = [line(HEAD), line(HEAD.map(() => '---'))];

const BEGIN = '<!-- npm run sdks -- --write -->';
const END = '<!-- end -->';

/** Lines of the table in a text. Errors: `Error` when it has no place for one. */
export function rowsIn(text: string): string[] {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`there is no table between "${BEGIN}" and "${END}"`);
  const table = text.slice(begin + BEGIN.length, end).trim();
  return table.split('\n').slice(HEADING.length);
}

/** The text with these rows, in this order; a row that was not run is kept as it stands. */
export function withRows(text: string, sdks: readonly Sdk[], rows: readonly Row[]): string {
  const old = rowsIn(text);
  const lines = perfectRows(sdks).flatMap(({ name, version }) => {
    const run = rows.find((row) => row.name === name && row.version === version);
    const kept = old.find((text) => text.startsWith(`| \`${name}\` | ${version} |`));
    return run ? [rowToMarkdown(run)] : kept ? [kept] : [];
  });
  const begin = text.indexOf(BEGIN) + BEGIN.length;
  return `${text.slice(0, begin)}\n\n${[...HEADING, ...lines].join('\n')}\n\n${text.slice(text.indexOf(END))}`;
}
