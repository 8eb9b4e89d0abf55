/** Holds a file against its shape: every mistake becomes a finding, and what is sound is read all the same. */
import type { z } from 'zod';
import type { Mistake, Path, Place, Report } from './finding.ts';
import { decode } from './leaf.ts';
import { nearest } from './nearest.ts';
import { type FileDraft, file as fileShape, lenientFile } from './shape-file.ts';
import type { Tree } from './tree.ts';
import type { YamlFile } from './yaml.ts';

export interface Draft {
  file: YamlFile;
  value: FileDraft;
  /** Whether this, or what it is part of, was taken out because it is broken: its absence is no second mistake. */
  broken(...path: Path): boolean;
  /** Whether nothing at or below this was taken out. */
  sound(...path: Path): boolean;
}

type Issue = z.core.$ZodIssue;

export function validate(file: YamlFile, report: Report): Draft {
  const tree = withoutEmptyKeys(file.tree);
  const judged = fileShape.safeParse(tree);
  if (judged.success) return { file, value: judged.data, broken: () => false, sound: () => true };
  const problems = judged.error.issues.flatMap((issue) => problemsOf(issue, []));
  for (const { path, on, mistake } of problems) report.error({ file, path, on }, mistake);
  const broken = new Set<string>();
  for (const { path } of problems) takeOut(tree, path, broken);
  const rest = lenientFile.safeParse(tree);
  const isBroken = (...path: Path) => path.some((_, index) => broken.has(joined(...path.slice(0, index + 1))));
  const isSound = (...path: Path) =>
    !isBroken(...path) && ![...broken].some((key) => key.startsWith(`${joined(...path)}\0`));
  return { file, value: rest.success ? rest.data : {}, broken: isBroken, sound: isSound };
}

/** `prices:` with every entry commented out is as good as absent. */
function withoutEmptyKeys(tree: { [key: string]: Tree }): { [key: string]: Tree } {
  return structuredClone(Object.fromEntries(Object.entries(tree).filter(([, value]) => value !== null)));
}

interface Problem {
  path: Path;
  on?: Place['on'];
  mistake: Mistake;
}

function problemsOf(issue: Issue, above: Path): Problem[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'invalid_union') return unionProblems(issue, path);
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => keyProblem(inner, path));
  const told = decode(issue.message);
  if (told && 'noun' in told) {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [];
    return keys.map((key) => ({ path: [...path, key], on: 'key', mistake: unknownKey(key, told.noun, told.known) }));
  }
  if (told) return [{ path, on: told.code === 'missing' ? 'key' : 'value', mistake: named(path, told) }];
  return [{ path, mistake: customMistake(issue) }];
}

/** Of several shapes the one was meant whose kind (text, list, map) fits; when none fits, the union itself speaks. */
function unionProblems(issue: Extract<Issue, { code: 'invalid_union' }>, path: Path): Problem[] {
  const meant = issue.errors.find((issues) => issues.length > 0 && !issues.some(isWrongKind));
  if (meant) return meant.flatMap((inner) => problemsOf(inner, path));
  const told = decode(issue.message);
  const mistake = told && 'wrong' in told ? named(path, told) : customMistake(issue);
  return [{ path, on: mistake.code === 'missing' ? 'key' : 'value', mistake }];
}

function isWrongKind(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union') return issue.errors.every((issues) => issues.some(isWrongKind));
  return issue.code === 'invalid_type';
}

function keyProblem(issue: Issue, path: Path): Problem {
  return { path, on: 'key', mistake: customMistake(issue) };
}

/** `"limit" is missing`: the complaint lacks only the name. */
function named(path: Path, told: { wrong: string; mend: string; code: string }): Mistake {
  // A name under `keys` may be an API key by mistake.
  if (path[0] === 'keys' && path.length === 2)
    return { code: told.code, message: `a key ${told.wrong}`, mend: told.mend };
  const key = path.findLast((step) => typeof step === 'string');
  const index = path.at(-1);
  const subject = typeof index === 'number' ? `entry ${index + 1} of "${String(key)}"` : `"${String(key)}"`;
  return { code: told.code, message: `${subject} ${told.wrong}`, mend: told.mend };
}

function customMistake(issue: Issue): Mistake {
  const params = issue.code === 'custom' ? issue.params : undefined;
  const [mend, code] = [params?.mend, params?.code];
  return {
    code: typeof code === 'string' ? code : 'shape',
    message: issue.message,
    mend: typeof mend === 'string' ? mend : 'correct it',
  };
}

/** Planned words: known to the documents, refused until something enforces them. */
const PLANNED = new Set([
  'wallets',
  'grants',
  'escalation',
  'escalations',
  'throttle',
  'approve',
  'exceptions',
  'source',
]);

function unknownKey(key: string, noun: string, known: readonly string[]): Mistake {
  if (PLANNED.has(key)) {
    const mend = 'delete it; budgets, thresholds and the actions block, pause and downgrade are available';
    return { code: 'unsupported', message: `"${key}" is not supported by this version`, mend };
  }
  const near = nearest(key, known);
  const mend = near === undefined ? `use ${known.join(', ')}` : `did you mean "${near}"?`;
  return { code: 'unknown-key', message: `unknown ${noun} ${JSON.stringify(key)}`, mend };
}

/** Entries keep their places: only the field with the mistake goes, or the entry's whole content. */
function takeOut(tree: { [key: string]: Tree }, path: Path, broken: Set<string>): void {
  const [top, entry, field] = path.map(String);
  if (top === undefined) return;
  const branch = tree[top];
  if (entry === undefined || branch === null || typeof branch !== 'object') {
    broken.add(top);
    delete tree[top];
    return;
  }
  const entries = branch as { [key: string]: Tree };
  const content = entries[entry];
  if (field !== undefined && content !== null && typeof content === 'object' && !Array.isArray(content)) {
    broken.add(joined(top, entry, field));
    delete content[field];
    return;
  }
  broken.add(joined(top, entry));
  if (Array.isArray(branch) || top === 'owners') entries[entry] = {};
  else delete entries[entry];
}

function joined(...path: Path): string {
  return path.map(String).join('\0');
}
