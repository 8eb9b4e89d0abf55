/** What is wrong, where, and what would mend it: every mistake of a config is one of these. */
export interface Finding {
  /** As given to the loader, or beside it: `rules/budgets.yaml`. */
  file: string;
  /** 1-based. */
  line: number;
  column?: number;
  /** The budget it belongs to, when it belongs to one. */
  budget?: string;
  message: string;
  /** What to write instead, as an imperative: `use at most 100%`. */
  mend: string;
  severity: 'error' | 'warning';
  /** Stable kebab-case name, such as `unknown-key`. */
  code: string;
}

/** `budgets.yaml:14 budget "search": soft threshold 120% exceeds the limit; use at most 100%`. */
export function formatFinding(finding: Finding): string {
  const budget = finding.budget === undefined ? '' : ` budget ${JSON.stringify(finding.budget)}:`;
  return `${finding.file}:${finding.line}${budget} ${finding.message}; ${finding.mend}`;
}

/** A mistake before it has a place. */
export interface Mistake {
  code: string;
  message: string;
  mend: string;
}

/** After this many a config is not worth reading on; the last finding says so. */
const MAX_FINDINGS = 500;

/** Where in which file: the path is the way down from the file's root, `['budgets', 3, 'limit']`. */
export interface Place {
  file: { name: string; locate(path: Path, on?: 'key' | 'value'): Position; budgetAt(path: Path): string | undefined };
  path: Path;
  /** Point at the key itself instead of its value. */
  on?: 'key' | 'value';
}
export type Path = readonly PropertyKey[];
export interface Position {
  line: number;
  column: number;
}

export function placeName(place: Place): string {
  return `${place.file.name}:${place.file.locate(place.path, place.on).line}`;
}

/** Collects findings, each once, errors and warnings apart. */
export class Report {
  readonly errors: Finding[] = [];
  readonly warnings: Finding[] = [];
  readonly #seen = new Set<string>();

  error(place: Place, mistake: Mistake): void {
    this.#add(this.errors, { ...at(place), ...mistake, severity: 'error' });
  }

  warn(place: Place, mistake: Mistake): void {
    this.#add(this.warnings, { ...at(place), ...mistake, severity: 'warning' });
  }

  /** For what has no place in a parsed file: a file that cannot be read, broken YAML. */
  errorAt(file: string, position: Position, mistake: Mistake): void {
    this.#add(this.errors, { file, ...position, ...mistake, severity: 'error' });
  }

  #add(list: Finding[], finding: Finding): void {
    const key = `${formatFinding(finding)}\0${finding.column}`;
    if (this.#seen.has(key) || list.length > MAX_FINDINGS) return;
    this.#seen.add(key);
    if (list.length < MAX_FINDINGS) list.push(finding);
    else
      list.push({
        ...finding,
        code: 'too-many',
        message: `more than ${MAX_FINDINGS} findings`,
        mend: 'mend these first',
      });
  }
}

function at(place: Place) {
  const budget = place.file.budgetAt(place.path);
  const position = place.file.locate(place.path, place.on);
  return { file: place.file.name, ...position, ...(budget === undefined ? {} : { budget }) };
}
