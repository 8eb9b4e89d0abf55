/** Which files make up a config, and their text: one file with what it includes, or every YAML file of a folder. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, normalize, sep } from 'node:path';
import type { Place, Report } from './finding.ts';
import { type Draft, validate } from './validate.ts';
import { parseYaml, type YamlFile } from './yaml.ts';

export interface SourceOptions {
  /** A file or a folder. Findings name files as this names them. */
  path: string;
  /** The text of a file. Throws when there is none. */
  readFile?: (path: string) => string;
  /** Names of the files and folders in a folder; undefined when the path is no folder. */
  listFiles?: (folder: string) => readonly string[] | undefined;
}

export interface Sources {
  drafts: readonly Draft[];
  files: readonly string[];
  /** Digest of every file's name (below the root) and text; changes when any of them does. */
  hash: string;
}

const MAX_FILE_BYTES = 1024 * 1024;
const MAX_FILES = 200;
const YAML_NAME = /^[^.].*\.ya?ml$/;

export function readSources(options: SourceOptions, report: Report): Sources {
  const reader = new Reader(options, report);
  const names = reader.list(options.path);
  // A folder of a ConfigMap holds links of its own (`..data`): names with a dot in front are not config.
  const roots = names
    ?.filter((name) => YAML_NAME.test(name))
    .sort()
    .map((name) => join(options.path, name));
  if (roots?.length === 0) {
    const mistake = { code: 'no-file', message: 'the folder holds no *.yaml file', mend: 'put budgets.yaml there' };
    report.errorAt(options.path, { line: 1, column: 1 }, mistake);
  }
  for (const root of roots ?? [options.path]) reader.readRoot(root);
  return reader.sources();
}

class Reader {
  readonly #drafts: Draft[] = [];
  readonly #read = new Set<string>();
  readonly #digest = createHash('sha256');
  readonly #options: SourceOptions;
  readonly #report: Report;

  constructor(options: SourceOptions, report: Report) {
    this.#options = options;
    this.#report = report;
  }

  list(folder: string): readonly string[] | undefined {
    return (this.#options.listFiles ?? listFolder)(folder);
  }

  sources(): Sources {
    return { drafts: this.#drafts, files: [...this.#read], hash: this.#digest.copy().digest('hex') };
  }

  readRoot(path: string): void {
    const draft = this.#readOne(path);
    for (const [index, pattern] of (draft?.value.include ?? []).entries()) {
      this.#include(pattern, { file: draft!.file, path: ['include', index] });
    }
  }

  #include(pattern: string, place: Place): void {
    const outside = isAbsolute(pattern) || normalize(pattern).split(sep)[0] === '..' || pattern.includes('\0');
    if (outside) {
      const message = `include ${JSON.stringify(pattern)} leads out of the config's folder`;
      this.#report.error(place, { code: 'include', message, mend: 'use a path below it' });
      return;
    }
    const base = dirname(place.file.name);
    const found = pattern.includes('*') ? this.#expand(base, normalize(pattern).split(sep)) : [join(base, pattern)];
    if (found.length === 0) {
      const message = `include ${JSON.stringify(pattern)} matches no file`;
      this.#report.warn(place, { code: 'include', message, mend: 'delete it, or add the file' });
    }
    for (const path of found) this.#readIncluded(path, place);
  }

  #readIncluded(path: string, place: Place): void {
    const draft = this.#readOne(path, place);
    if (draft?.value.include === undefined) return;
    const message = 'an included file cannot include others';
    this.#report.error(
      { file: draft.file, path: ['include'], on: 'key' },
      { code: 'include', message, mend: `list them in ${place.file.name}` },
    );
  }

  /** Files that a pattern of path segments matches below a folder, sorted. `*` stays within its segment. */
  #expand(folder: string, [segment, ...rest]: readonly string[]): string[] {
    if (segment === undefined) return [];
    const names = this.#matching(folder, segment);
    const paths = names.map((name) => join(folder, name));
    if (rest.length > 0) return paths.flatMap((path) => this.#expand(path, rest));
    return paths.filter((path) => this.list(path) === undefined);
  }

  #matching(folder: string, segment: string): string[] {
    const source = segment.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*+/g, '[^/]*');
    const pattern = new RegExp(segment.startsWith('.') ? `^${source}$` : `^(?!\\.)${source}$`);
    return [...(this.list(folder) ?? [])].filter((name) => pattern.test(name)).sort();
  }

  /** Undefined when it was read already or cannot be. */
  #readOne(path: string, from?: Place): Draft | undefined {
    if (this.#read.has(path)) return undefined;
    if (this.#read.size >= MAX_FILES) {
      this.#complain(path, from, 'too-many', `more than ${MAX_FILES} files`, 'join some of them');
      return undefined;
    }
    this.#read.add(path);
    const text = this.#text(path, from);
    this.#digest.update(`${basename(path)}\0${text ?? '(unreadable)'}\0`);
    if (text === undefined) return undefined;
    const file: YamlFile = parseYaml(path, text.replace(/^\uFEFF/, ''), this.#report);
    const draft = validate(file, this.#report);
    this.#drafts.push(draft);
    return draft;
  }

  #text(path: string, from?: Place): string | undefined {
    let text: string;
    try {
      text = (this.#options.readFile ?? readText)(path);
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      const why = reason === 'ENOENT' ? 'there is no such file' : `it cannot be read (${reason})`;
      this.#complain(path, from, 'unreadable', why, 'check the path and its permissions');
      return undefined;
    }
    if (Buffer.byteLength(text) <= MAX_FILE_BYTES) return text;
    this.#complain(path, from, 'too-large', 'it is larger than 1 MiB', 'split it and include the parts');
    return undefined;
  }

  #complain(path: string, from: Place | undefined, code: string, why: string, mend: string): void {
    if (from) this.#report.error(from, { code, message: `include ${path}: ${why}`, mend });
    else this.#report.errorAt(path, { line: 1, column: 1 }, { code, message: why, mend });
  }
}

/** One byte more than allowed is enough to refuse a file; it is not read as a whole. */
function readText(path: string): string {
  const size = statSync(path).size;
  return size > MAX_FILE_BYTES ? ' '.repeat(MAX_FILE_BYTES + 1) : readFileSync(path, 'utf8');
}

function listFolder(folder: string): string[] | undefined {
  try {
    return readdirSync(folder);
  } catch {
    return undefined;
  }
}
