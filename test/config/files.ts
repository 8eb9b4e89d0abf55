import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { formatFinding, type LoadResult, loadConfig } from '../../src/config/load.ts';

export const HERE = import.meta.dirname;

export function textOf(path: string): string {
  return readFileSync(`${HERE}/${path}`, 'utf8');
}

/** A tree of files in memory, as the loader's two ways to look at a disk. */
export function files(tree: Readonly<Record<string, string>>) {
  const readFile = (path: string): string => {
    const text = tree[path];
    if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
    return text;
  };
  const listFiles = (folder: string): string[] | undefined => {
    const below = Object.keys(tree).filter((path) => folder === '.' || path.startsWith(`${folder}/`));
    if (below.length === 0 || folder in tree) return undefined;
    return [...new Set(below.map((path) => (folder === '.' ? path : path.slice(folder.length + 1)).split('/')[0]!))];
  };
  return { readFile, listFiles };
}

/** Loads a text as if it were budgets.yaml. */
export function loadText(text: string, path = 'budgets.yaml'): LoadResult {
  return loadConfig({ path, ...files({ [path]: text }) });
}

/** Loads one of the files beside the tests under its bare name. */
export function loadBeside(path: string): LoadResult {
  return loadText(readFileSync(`${HERE}/${dirname(path)}/${basename(path)}`, 'utf8'), basename(path));
}

export function configOf(text: string) {
  const result = loadText(text);
  if (!result.ok) throw new Error(result.findings.map(formatFinding).join('\n'));
  return result.config;
}

export function errorsOf(result: LoadResult): string[] {
  return result.ok ? [] : result.findings.map(formatFinding);
}

export function warningsOf(result: LoadResult): string[] {
  return result.warnings.map(formatFinding);
}

/** A config with one budget `search` of these fields. */
export function budgetText(fields: string, top = ''): string {
  const indented = fields.trim().replaceAll('\n', '\n    ');
  return `${top}\nowners:\n  support: { backup: platform }\n  finance: { backup: platform }\nbudgets:\n  - name: search\n    ${indented}\n`;
}
