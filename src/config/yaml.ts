/**
 * YAML text → a tree of texts. Every scalar stays the text somebody wrote (`0.1` is "0.1", `true` is "true"), so that
 * money never goes through a float; an empty value is null. Places in the tree are found again by path.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { Path, Position, Report } from './finding.ts';
import { Converter, type Fail, keyText, MAX_DEPTH, mergedMaps, type Tree } from './tree.ts';

export interface YamlFile {
  name: string;
  /** A map; empty when the file is broken or holds comments only. */
  tree: { [key: string]: Tree };
  /** Of the deepest node on the path that exists; `key` points at the last step's key. */
  locate(path: Path, on?: 'key' | 'value'): Position;
  /** Name of the budget that a path leads into. */
  budgetAt(path: Path): string | undefined;
}

/** Parses one file. Whatever is wrong with the YAML itself is reported with its line; nothing throws. */
export function parseYaml(name: string, text: string, report: Report): YamlFile {
  const lines = new LineCounter();
  const fail = (offset: number, code: string, message: string, mend: string) =>
    report.errorAt(name, position(lines, offset), { code, message, mend });
  // A file that lost its text, on a full disk say, must not take its budgets out of force.
  if (text.trim() === '') fail(0, 'shape', 'the file is empty', 'write "budgets: []" where none are meant');
  const document = parse(text, lines);
  if (!document) {
    fail(0, 'yaml', ...TOO_DEEP);
    return emptyFile(name);
  }
  for (const error of document.errors) fail(error.pos[0], 'yaml', ...explain(error.code, error.message));
  if (document.errors.length > 0) return emptyFile(name);
  return toFile(name, document, lines, fail);
}

function parse(text: string, lineCounter: LineCounter): Document.Parsed | undefined {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true, merge: false, logLevel: 'error' });
  } catch (error) {
    // The parser is recursive: hostile nesting ends its stack.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const TOO_DEEP: [message: string, mend: string] = ['the YAML is nested too deeply', `nest at most ${MAX_DEPTH} levels`];

const EXPLANATIONS: Readonly<Record<string, [message: string, mend: string]>> = {
  DUPLICATE_KEY: ['the same key stands twice in one map', 'delete one of them'],
  TAB_AS_INDENT: ['a tab is used as indentation', 'use spaces'],
  NON_STRING_KEY: ['a key is not a plain text', 'quote it'],
  MULTIPLE_DOCS: ['a second YAML document starts here', 'put it in a file of its own'],
  MISSING_CHAR: ['something is not closed or separated', 'check brackets, quotes, colons and commas on this line'],
  BAD_INDENT: ['the indentation does not fit', 'align it with its neighbours'],
  BAD_ALIAS: ['an alias cannot be read', 'define its anchor above'],
};

/** How the parser says that its own recursion came to an end. */
const STACK = /call stack|stack overflow/i;

function explain(code: string, message: string): [string, string] {
  if (STACK.test(message)) return TOO_DEEP;
  const known = EXPLANATIONS[code];
  if (known) return known;
  return [`the YAML is broken: ${message.replace(/[;.\s]+$/, '').replace(/\s+/g, ' ')}`, 'mend the syntax'];
}

function position(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function emptyFile(name: string): YamlFile {
  return { name, tree: {}, locate: () => ({ line: 1, column: 1 }), budgetAt: () => undefined };
}

function toFile(name: string, document: Document.Parsed, lines: LineCounter, fail: Fail): YamlFile {
  const converter = new Converter(document, fail);
  const converted = converter.convert(document.contents, 0);
  if (converted === null || converter.stopped) return emptyFile(name);
  if (typeof converted === 'string' || Array.isArray(converted)) {
    fail(document.contents?.range?.[0] ?? 0, 'shape', 'the file is not a map', 'start with a key such as "budgets:"');
    return emptyFile(name);
  }
  const tree = converted;
  return {
    name,
    tree,
    locate: (path, on = 'value') => position(lines, offsetOf(document, path, on)),
    budgetAt: (path) => budgetName(tree, path),
  };
}

function budgetName(tree: { [key: string]: Tree }, path: Path): string | undefined {
  const budgets = tree.budgets;
  if (path[0] !== 'budgets' || typeof path[1] !== 'number' || !Array.isArray(budgets)) return undefined;
  const budget = budgets[path[1]];
  if (budget === null || typeof budget !== 'object' || Array.isArray(budget)) return undefined;
  return typeof budget.name === 'string' ? budget.name : undefined;
}

/** Character offset of the deepest node that a path reaches. */
function offsetOf(document: Document.Parsed, path: Path, on: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const [index, step] of path.entries()) {
    const next = stepInto(document, node, step);
    if (!next) break;
    // A value on a line of its own is still best shown at its key.
    const byKey = next.key !== undefined && (index < path.length - 1 || on === 'key' || !isScalar(next.value));
    offset = (byKey ? next.key : (next.value as Node | null)?.range?.[0]) ?? next.key ?? offset;
    node = next.value;
  }
  return offset;
}

function stepInto(document: Document, node: unknown, step: PropertyKey): { key?: number; value: unknown } | undefined {
  const target = isAlias(node) ? node.resolve(document) : node;
  if (isSeq(target))
    return typeof step === 'number' && step < target.items.length ? { value: target.items[step] } : undefined;
  if (!isMap(target)) return undefined;
  const pair = target.items.find(({ key }) => keyText(key) === String(step));
  if (pair) return { key: (pair.key as Node).range?.[0] ?? 0, value: pair.value };
  for (const merged of mergedMaps(target, document)) {
    const found = stepInto(document, merged, step);
    if (found) return found;
  }
  return undefined;
}
