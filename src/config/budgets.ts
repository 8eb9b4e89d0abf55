/** Budgets from their drafts: inheritance resolved, references held against what exists. */
import type { Dimension, Match } from '../domain/attribution.ts';
import type { Budget, BudgetTerms, HoldMode, Threshold } from '../domain/budget.ts';
import type { WindowSpec } from '../domain/window.ts';
import type { Place, Report } from './finding.ts';
import { type Entry, type Merged, unique } from './merge.ts';
import { checkNotify, checkOwner, type Owners } from './owners.ts';
import type { BudgetDraft, OverrideDraft } from './shape-budget.ts';
import type { WindowDraft } from './shape-window.ts';
import { checkThresholds, joinThresholds, ownThresholds, type Placed, stops } from './thresholds.ts';

const DEFAULT_MAX_INSTANCES = 10_000;

interface Context {
  zone: string;
  defaultOwner: string | undefined;
  /** Soft thresholds of `defaults:`, as every budget without any inherits them. */
  soft: readonly Placed[];
  owners: Owners;
  report: Report;
}

export function buildBudgets(merged: Merged, owners: Owners, report: Report): Budget[] {
  const defaults = merged.settings.defaults;
  const context: Context = {
    zone: defaults?.timezone ?? 'UTC',
    defaultOwner: defaults?.owner,
    soft: ownThresholds({ soft: defaults?.soft }, merged.settingPlace('defaults'), report),
    owners,
    report,
  };
  if (defaults?.owner) checkOwner(defaults.owner, owners, merged.settingPlace('defaults', 'owner'), report);
  checkThresholds(context.soft, report);
  unique(merged.budgets, 'budget', 'name', report);
  checkRenames(merged.budgets, report);
  return merged.budgets.flatMap((entry) => buildBudget(entry, context) ?? []);
}

/** Undefined when a field that it needs is missing, which was told already. */
function buildBudget(entry: Entry<BudgetDraft>, context: Context): Budget | undefined {
  const { value: draft } = entry;
  const owner = ownerOf(entry, context);
  checkDimensions(entry, context.report);
  const thresholds = budgetThresholds(entry, context);
  checkTelling(thresholds, draft.owner_by ? undefined : owner, context);
  checkZone(draft, draft.window, entry.place, context.report);
  const overrides = (draft.overrides ?? []).map((override, index) =>
    buildOverride(override, index, entry, thresholds, context),
  );
  checkOverrideMatches(draft.overrides ?? [], entry, context.report);
  checkHolds(entry, context.report);
  const { name, window, limit } = draft;
  if (name === undefined || window === undefined || limit === undefined) return undefined;
  return {
    name,
    ...(draft.renamed_from !== undefined && { renamedFrom: draft.renamed_from }),
    ...(draft.description !== undefined && { description: draft.description }),
    match: (draft.match ?? {}) as Match,
    ...(draft.classes && { classes: draft.classes }),
    per: draft.per ?? [],
    ...(draft.owner_by && { ownerBy: draft.owner_by }),
    limitNanoUsd: limit,
    window: inZone(window, draft.timezone ?? context.zone),
    thresholds: thresholds.map(({ threshold }) => threshold),
    whenUnreachable: draft.when_unreachable ?? whenUnreachable(thresholds),
    holds: draft.holds ?? 'strict',
    ...(draft.clamp_output && { clampOutputTokens: draft.clamp_output }),
    shadow: draft.shadow ?? false,
    owner: owner ?? '',
    overrides,
    maxInstances: draft.max_instances ?? DEFAULT_MAX_INSTANCES,
  };
}

/** What stops calls stays closed without a decision; what only tells stays open. */
function whenUnreachable(thresholds: readonly Placed[]): 'allow' | 'block' {
  return thresholds.some(({ threshold }) => stops(threshold)) ? 'block' : 'allow';
}

function inZone(draft: WindowDraft, zone: string): WindowSpec {
  return draft.kind === 'rolling' ? draft : { ...draft, zone };
}

function budgetThresholds(entry: Entry<BudgetDraft>, { soft, report }: Context): Placed[] {
  const own = ownThresholds(entry.value, entry.place, report);
  const inherits = entry.value.soft === undefined && !entry.broken('soft');
  const joined = joinThresholds(own, inherits ? soft : []);
  checkThresholds(joined, report);
  return joined;
}

function buildOverride(
  draft: OverrideDraft,
  index: number,
  entry: Entry<BudgetDraft>,
  base: readonly Placed[],
  context: Context,
): Budget['overrides'][number] {
  const place: Place = { file: entry.place.file, path: [...entry.place.path, 'overrides', index] };
  const terms: Partial<BudgetTerms> = {};
  if (draft.limit !== undefined) terms.limitNanoUsd = draft.limit;
  const window = draft.window ?? entry.value.window;
  checkZone(draft, window, place, context.report);
  if (window && (draft.window || draft.timezone)) {
    terms.window = inZone(window, draft.timezone ?? entry.value.timezone ?? context.zone);
  }
  const thresholds = overrideThresholds(draft, place, base, entry.value, context);
  if (thresholds) {
    terms.thresholds = thresholds.map(({ threshold }): Threshold => threshold);
    if (entry.value.when_unreachable === undefined) terms.whenUnreachable = whenUnreachable(thresholds);
  }
  if (draft.when_unreachable !== undefined) terms.whenUnreachable = draft.when_unreachable;
  if (draft.holds !== undefined) terms.holds = draft.holds;
  if (draft.clamp_output !== undefined) terms.clampOutputTokens = draft.clamp_output;
  if (draft.shadow !== undefined) terms.shadow = draft.shadow;
  if (draft.owner !== undefined) {
    checkOwner(draft.owner, context.owners, { ...place, path: [...place.path, 'owner'] }, context.report);
    terms.owner = draft.owner;
  }
  return { match: draft.match as Match, terms };
}

/** Undefined when the override says nothing of thresholds. */
function overrideThresholds(
  draft: OverrideDraft,
  place: Place,
  base: readonly Placed[],
  budget: BudgetDraft,
  context: Context,
): Placed[] | undefined {
  if (!draft.thresholds && !draft.soft && !draft.hard) return undefined;
  const inherited = base.filter(({ place: { path } }) => {
    const form = String(path[0]) === 'defaults' ? 'soft' : String(path[2]);
    return draft[form as 'thresholds' | 'soft' | 'hard'] === undefined;
  });
  const joined = joinThresholds(ownThresholds(draft, place, context.report), inherited);
  checkThresholds(joined, context.report);
  const own = joined.filter((placed) => !placed.inherited);
  checkTelling(own, draft.owner ?? (budget.owner_by ? undefined : (budget.owner ?? context.defaultOwner)), context);
  return joined;
}

function checkTelling(thresholds: readonly Placed[], owner: string | undefined, { owners, report }: Context): void {
  for (const { threshold, place, inherited } of thresholds) {
    if (inherited) continue;
    for (const name of threshold.notify) {
      checkNotify(name, owner, owners, { file: place.file, path: [...place.path, 'notify'] }, report);
    }
  }
}

/** The written owner, else the default; with `owner_by` either is who answers for values that name no owner. */
function ownerOf(entry: Entry<BudgetDraft>, context: Context): string | undefined {
  const { owner, owner_by: ownerBy } = entry.value;
  if (owner !== undefined) {
    checkOwner(owner, context.owners, { ...entry.place, path: [...entry.place.path, 'owner'] }, context.report);
    return owner;
  }
  if (context.defaultOwner !== undefined) return context.defaultOwner;
  if (ownerBy) return context.owners.defaults.platform ? 'platform' : undefined;
  if (!entry.broken('owner') && !entry.broken('owner_by')) {
    const mend = 'add owner: or owner_by:, or defaults.owner for all';
    context.report.error({ ...entry.place, on: 'key' }, { code: 'no-owner', message: 'nobody owns this budget', mend });
  }
  return undefined;
}

function checkDimensions({ value, place, broken }: Entry<BudgetDraft>, report: Report): void {
  const per = value.per ?? [];
  for (const [index, dimension] of per.entries()) {
    if (per.indexOf(dimension) === index) continue;
    const where = { file: place.file, path: [...place.path, 'per', index] };
    report.error(where, {
      code: 'duplicate',
      message: `"${dimension}" stands twice in per`,
      mend: 'delete one of them',
    });
  }
  const { owner_by: ownerBy } = value;
  if (ownerBy === undefined || per.includes(ownerBy) || broken('per') || broken('match')) return;
  if (value.match?.[ownerBy] !== undefined) return;
  const where = { file: place.file, path: [...place.path, 'owner_by'] };
  const message = `owner_by "${ownerBy}" is neither in per nor in match`;
  report.error(where, { code: 'owner-by', message, mend: `add ${ownerBy} to per` });
}

/** An override chooses instances, and of those only `per` and what `match` pins to one value is known. */
function checkOverrideMatches(overrides: readonly OverrideDraft[], entry: Entry<BudgetDraft>, report: Report): void {
  const seen = new Set<string>();
  for (const [index, { match }] of overrides.entries()) {
    const path = [...entry.place.path, 'overrides', index, 'match'];
    const dimensions = Object.keys(match) as Dimension[];
    const key = JSON.stringify(dimensions.sort().map((dimension) => [dimension, match[dimension]]));
    if (dimensions.length === 0) {
      report.error(
        { file: entry.place.file, path },
        { code: 'override', message: 'the override matches every instance', mend: 'name the values it is for' },
      );
    } else if (seen.has(key)) {
      report.error(
        { file: entry.place.file, path },
        { code: 'duplicate', message: 'an earlier override has the same match', mend: 'join the two' },
      );
    }
    seen.add(key);
    if (entry.broken('per')) continue;
    for (const dimension of dimensions) checkOverrideDimension(dimension, entry, path, report);
  }
}

function checkOverrideDimension(
  dimension: Dimension,
  entry: Entry<BudgetDraft>,
  path: Place['path'],
  report: Report,
): void {
  const pinned = entry.value.match?.[dimension];
  if (entry.value.per?.includes(dimension) || (pinned?.length === 1 && !pinned[0]!.includes('*'))) return;
  const message = `the override matches "${dimension}", which is not in per`;
  const mend = `add ${dimension} to per, or use when: in a threshold`;
  report.error({ file: entry.place.file, path: [...path, dimension], on: 'key' }, { code: 'override', message, mend });
}

function checkZone(
  level: { timezone?: string | undefined },
  window: WindowDraft | undefined,
  place: Place,
  report: Report,
): void {
  if (level.timezone === undefined || window?.kind !== 'rolling') return;
  const message = 'a rolling window has no time zone';
  report.error(
    { ...place, path: [...place.path, 'timezone'], on: 'key' },
    { code: 'timezone', message, mend: 'delete timezone' },
  );
}

/** What a class of cost is of the worst case is not learned, so a share of it cannot be held. */
function checkHolds({ value, place }: Entry<BudgetDraft>, report: Report): void {
  if (!value.classes) return;
  const check = (level: { holds?: HoldMode | undefined }, path: Place['path']): void => {
    if (level.holds === undefined || level.holds === 'strict') return;
    const message = 'hold mode "expected" cannot be learned for a budget of some cost classes';
    const where = { file: place.file, path: [...place.path, ...path, 'holds'] };
    report.error(where, { code: 'holds', message, mend: 'use holds: strict, or delete classes' });
  };
  check(value, []);
  for (const [index, override] of (value.overrides ?? []).entries()) check(override, ['overrides', index]);
}

function checkRenames(entries: readonly Entry<BudgetDraft>[], report: Report): void {
  const names = new Set(entries.map(({ value }) => value.name));
  unique(entries, 'a budget renamed from', 'renamed_from', report);
  for (const { value, place } of entries) {
    if (value.renamed_from === undefined || !names.has(value.renamed_from)) continue;
    const where = { file: place.file, path: [...place.path, 'renamed_from'] };
    const message = `renamed_from "${value.renamed_from}" still exists`;
    report.error(where, { code: 'renamed-from', message, mend: 'delete renamed_from, or the old budget' });
  }
}
