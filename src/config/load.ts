/** budgets.yaml → `Config`, or every mistake in it at once. */
import { buildBudgets } from './budgets.ts';
import type { Config } from './config.ts';
import { buildAttribute, buildKeys, buildPrices, buildSettings, buildTokens } from './entries.ts';
import { type Finding, Report } from './finding.ts';
import { type Merged, merge } from './merge.ts';
import { buildOwners } from './owners.ts';
import { readSources, type SourceOptions, type Sources } from './sources.ts';
import { warn } from './warnings.ts';

export { type Finding, formatFinding } from './finding.ts';

export type LoadResult =
  | { ok: true; config: Config; warnings: Finding[] }
  | { ok: false; findings: Finding[]; warnings: Finding[] };

/** Loads one file with what it includes, or a folder. Never throws for anything that a file may hold. */
export function loadConfig(options: SourceOptions): LoadResult {
  const report = new Report();
  const sources = readSources(options, report);
  const merged = merge(sources.drafts, report);
  const config = build(merged, sources, report);
  if (report.errors.length > 0) {
    return {
      ok: false,
      findings: inOrder(causes(report.errors), sources),
      warnings: inOrder(report.warnings, sources),
    };
  }
  warn(config, merged, report);
  return { ok: true, config, warnings: inOrder(report.warnings, sources) };
}

function build(merged: Merged, { hash, files }: Sources, report: Report): Config {
  const owners = buildOwners(merged);
  return {
    hash,
    files,
    attribute: buildAttribute(merged, report),
    keys: buildKeys(merged, owners, report),
    owners: owners.byName,
    defaultOwners: owners.defaults,
    budgets: buildBudgets(merged, owners, report),
    tokens: buildTokens(merged, report),
    prices: buildPrices(merged, report),
    ...buildSettings(merged, report),
  };
}

const UNREAD = new Set(['yaml', 'too-large', 'unreadable']);
const REFERENCES = new Set(['unknown-owner', 'no-owner']);

/** While a file is not read, what refers to it is no second mistake. */
function causes(errors: readonly Finding[]): readonly Finding[] {
  return errors.some(({ code }) => UNREAD.has(code)) ? errors.filter(({ code }) => !REFERENCES.has(code)) : errors;
}

/** As a reader meets them: file by file, from top to bottom. */
function inOrder(findings: readonly Finding[], { files }: Sources): Finding[] {
  const rank = (finding: Finding) => files.indexOf(finding.file);
  return findings.toSorted(
    (one, other) => rank(one) - rank(other) || one.line - other.line || (one.column ?? 0) - (other.column ?? 0),
  );
}
