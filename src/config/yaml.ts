/**
 * YAML text → a tree of texts. Every scalar stays the text somebody wrote (`0.1` is "0.1", `true` is "true"), so that
 * money never goes through a float; an empty value is null. Places in the tree are found again by path.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import type { Path, Position, Report } from './finding.ts';

export type Tree = string | null | Tree[] | { [key: string]: Tree };

export interface YamlFile {
  name: string;
  /** A map; empty when the file is empty or broken. */
  tree: { [key: string]: Tree };
  /** Of the deepest node on the path that exists; `key` points at the last step's key. */
  locate(path: Path, on?: 'key' | 'value'): Position;
  /** Name of the budget that a path leads into. */
  budgetAt(path: Path): string | undefined;
}

/** Bounds on what aliases can blow up and on nesting. */
const MAX_NODES = 200_000;
const MAX_ALIASES = 100;
const MAX_DEPTH = 32;

/** Parses one file. Whatever is wrong with the YAML itself is reported with its line; nothing throws. */
export function parseYaml(name: string, text: string, report: Report): YamlFile {
  const lines = new LineCounter();
  const fail = (offset: number, code: string, message: string, mend: string) =>
    report.errorAt(name, position(lines, offset), { code, message, mend });
  const document = parse(text, lines);
  if (!document) {
    fail(0, 'yaml', ...TOO_DEEP);
    return emptyFile(name);
  }
  for (const error of document.errors) fail(error.pos[0], 'yaml', ...explain(error.code, error.message));
  if (document.errors.length > 0) return emptyFile(name);
  return toFile(name, document, lines, fail);
}

type Fail = (offset: number, code: string, message: string, mend: string) => void;

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
  const converted = new Converter(document, fail).convert(document.contents, 0);
  if (converted === null) return emptyFile(name);
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

/** Turns nodes into the tree, following aliases and `<<` within bounds. */
class Converter {
  readonly #document: Document.Parsed;
  readonly #fail: Fail;
  #nodes = 0;
  #aliases = 0;
  #stopped = false;

  constructor(document: Document.Parsed, fail: Fail) {
    this.#document = document;
    this.#fail = fail;
  }

  convert(node: unknown, depth: number): Tree {
    if (this.#stopped || this.#exceeds(node, depth)) return null;
    if (isAlias(node)) return this.#alias(node, depth);
    if (isMap(node)) return this.#map(node, depth);
    if (isSeq(node)) return node.items.map((item) => this.convert(item, depth + 1));
    return isScalar(node) ? scalarText(node) : null;
  }

  #alias(alias: Alias, depth: number): Tree {
    const target = alias.resolve(this.#document);
    if (target) return this.convert(target, depth + 1);
    this.#fail(
      alias.range?.[0] ?? 0,
      'yaml',
      `the alias *${alias.source} has no anchor`,
      `write &${alias.source} above it`,
    );
    return null;
  }

  #exceeds(node: unknown, depth: number): boolean {
    if (isAlias(node)) this.#aliases++;
    const what =
      depth > MAX_DEPTH
        ? `nests more than ${MAX_DEPTH} levels`
        : this.#aliases > MAX_ALIASES
          ? `follows more than ${MAX_ALIASES} aliases`
          : ++this.#nodes > MAX_NODES
            ? `holds more than ${MAX_NODES} values`
            : undefined;
    if (what === undefined) return false;
    this.#stopped = true;
    this.#fail(
      (node as Node | null)?.range?.[0] ?? 0,
      'too-large',
      `the file ${what}`,
      'write it out plainly, or split it',
    );
    return true;
  }

  #map(map: YAMLMap, depth: number): Tree {
    const tree: { [key: string]: Tree } = Object.create(null);
    for (const { key, value } of map.items) {
      const name = keyText(key);
      if (name === '__proto__')
        this.#fail((key as Node).range?.[0] ?? 0, 'yaml', 'a key cannot be "__proto__"', 'rename it');
      else if (name !== '<<') tree[name] = this.convert(value, depth + 1);
    }
    for (const merged of mergedMaps(map, this.#document)) {
      const inherited = this.convert(merged, depth + 1);
      if (inherited !== null && typeof inherited === 'object') Object.assign(tree, { ...inherited, ...tree });
    }
    return tree;
  }
}

function keyText(key: unknown): string {
  return isScalar(key) ? (scalarText(key) ?? 'null') : String(key);
}

function scalarText(node: { value: unknown; source?: string | undefined }): string | null {
  if (typeof node.value === 'string') return node.value;
  return node.value === null || node.value === undefined ? null : (node.source ?? String(node.value));
}

function mergedMaps(map: YAMLMap, document: Document): YAMLMap[] {
  const value = map.items.find(({ key }) => keyText(key) === '<<')?.value;
  const sources = isSeq(value) ? value.items : [value];
  return sources
    .map((source) => (isAlias(source) ? source.resolve(document) : source))
    .filter((source) => isMap(source));
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
