import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Asset } from '../../src/assets/assets.ts';

/** Every file in these folders is generated; one that is not is left over from an alert or a dashboard of before. */
const GENERATED_FOLDERS = ['rules/runbooks', 'grafana/dashboards', 'grafana/provisioning'];
const SHOWN_LINES = 8;

/** What is missing, what differs (with its first lines), and what nothing generates any more. */
export function differences(root: string, expected: readonly Asset[]): string[] {
  return [...expected.flatMap((asset) => difference(root, asset)), ...leftOver(root, expected)];
}

function difference(root: string, { path, text }: Asset): string[] {
  const file = join(root, path);
  if (!existsSync(file)) return [`${path} is missing: run \`npm run generate\``];
  const committed = readFileSync(file, 'utf8');
  return committed === text ? [] : [`${path} differs: run \`npm run generate\`\n${summary(committed, text)}`];
}

/** The lines between the common beginning and the common end, a few of each side. */
function summary(committed: string, generated: string): string {
  const [before, after] = [committed.split('\n'), generated.split('\n')];
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < Math.min(before.length, after.length) - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const side = (sign: string, lines: string[]) => {
    const changed = lines.slice(start, lines.length - end);
    const shown = changed.slice(0, SHOWN_LINES).map((line) => `    ${sign} ${line}`);
    return changed.length > SHOWN_LINES ? [...shown, `    ${sign} … ${changed.length - SHOWN_LINES} more`] : shown;
  };
  return [`    line ${start + 1}:`, ...side('-', before), ...side('+', after)].join('\n');
}

function leftOver(root: string, expected: readonly Asset[]): string[] {
  const known = new Set(expected.map((asset) => asset.path));
  return GENERATED_FOLDERS.filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(root, join(entry.parentPath, entry.name))),
    )
    .filter((path) => !known.has(path))
    .map((path) => `${path} is not generated any more: delete it`);
}
