/** The source as text, for the tests that read it. Paths are relative to the root, with `/`. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export interface SourceFile {
  path: string;
  text: string;
  /** The text with its comments blanked; lines stay where they are. */
  code: string;
}

export interface Import {
  /** Path of a file, or the name of a package (`node:fs`, `zod`, `temporal-polyfill/implementation`). */
  target: string;
  typeOnly: boolean;
  line: number;
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Sorted; never in dependencies, in what is built, or in temporary folders. */
export function paths(...patterns: string[]): string[] {
  const exclude = ['**/node_modules/**', 'dist/**', '.git/**', '.demo/**'];
  return globSync(patterns, { cwd: ROOT, exclude }).sort();
}

export function sourceFiles(...patterns: string[]): SourceFile[] {
  return paths(...patterns).map((path) => {
    const text = read(path);
    return { path, text, code: withoutComments(text) };
  });
}

/** Strings and templates are matched so that a `//` inside one is no comment. */
const TOKENS = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;

export function withoutComments(text: string): string {
  return text.replace(TOKENS, (token) => (/^\/[/*]/.test(token) ? token.replace(/[^\n]/g, ' ') : token));
}

const IMPORT =
  /^[ \t]*(?:import|export)\s+(type\s)?(?:[\w*{][^;'"]*?\sfrom\s+)?['"]([^'"]+)['"]|\b(?:import|require)\(\s*['"]([^'"]+)['"]\s*\)/gm;

/** Static and dynamic imports, re-exports, and what a made `require` loads. */
export function importsOf({ path, code }: SourceFile): Import[] {
  return [...code.matchAll(IMPORT)].map((match) => {
    const from = match[2] ?? match[3] ?? '';
    return {
      target: from.startsWith('.') ? join(dirname(path), from) : from,
      typeOnly: match[1] !== undefined,
      line: lineAt(code, match.index),
    };
  });
}

/** `path:line  the line`, for each match: what a failing test shows. */
export function places({ path, text, code }: SourceFile, pattern: RegExp): string[] {
  const lines = text.split('\n');
  return [...code.matchAll(pattern)].map(({ index }) => {
    const line = lineAt(code, index);
    return `${path}:${line}  ${lines[line - 1]?.trim()}`;
  });
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
