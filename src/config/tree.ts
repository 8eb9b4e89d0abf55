/** YAML nodes → a tree of texts, within bounds. */
import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';

export type Tree = string | null | Tree[] | { [key: string]: Tree };

/** Tells of a mistake at a character offset. */
export type Fail = (offset: number, code: string, message: string, mend: string) => void;

/** Bounds on what aliases can blow up and on nesting. */
const MAX_NODES = 200_000;
const MAX_ALIASES = 100;
export const MAX_DEPTH = 32;

/** Turns nodes into the tree, following aliases and `<<` within bounds. */
export class Converter {
  readonly #document: Document.Parsed;
  readonly #fail: Fail;
  #nodes = 0;
  #aliases = 0;
  /** A bound was exceeded and told of; the tree is not whole. */
  stopped = false;

  constructor(document: Document.Parsed, fail: Fail) {
    this.#document = document;
    this.#fail = fail;
  }

  convert(node: unknown, depth: number): Tree {
    if (this.stopped || this.#exceeds(node, depth)) return null;
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
    this.stopped = true;
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

export function keyText(key: unknown): string {
  return isScalar(key) ? (scalarText(key) ?? 'null') : String(key);
}

function scalarText(node: { value: unknown; source?: string | undefined }): string | null {
  if (typeof node.value === 'string') return node.value;
  return node.value === null || node.value === undefined ? null : (node.source ?? String(node.value));
}

export function mergedMaps(map: YAMLMap, document: Document): YAMLMap[] {
  const value = map.items.find(({ key }) => keyText(key) === '<<')?.value;
  const sources = isSeq(value) ? value.items : [value];
  return sources
    .map((source) => (isAlias(source) ? source.resolve(document) : source))
    .filter((source) => isMap(source));
}
