/**
 * What the thresholds of a budget come to over all its overrides. A series of the ledger says which threshold of which
 * instance is crossed, so most rules need only the distinct points; whom else to tell is in no label, so those rules
 * must select the instances of the overrides that say so.
 */
import type { Config } from '../config/config.ts';
import { DIMENSIONS, type Dimension, type Match, matches } from '../domain/attribution.ts';
import { type Budget, type BudgetInstance, type Severity, STOPPING_ACTIONS, type Threshold } from '../domain/budget.ts';
import { instanceOf } from '../domain/instance.ts';
import { BUDGET_LABEL, thresholdLabel } from '../telemetry/names.ts';
import { type Message, message } from './message.ts';
import { type Label, type Matchers, patternMatcher } from './promql.ts';

/** Instances that share thresholds: those of an override, or (with an empty match) all others. */
export interface Variant {
  /** Only `per` dimensions: those are the labels that instances differ in. */
  match: Match;
  thresholds: readonly Threshold[];
}

/** A distinct threshold of a budget as its gauge labels it. */
export interface Point {
  percent: string;
  severity: Severity;
}

/** The budget's own thresholds first, then those of each override that brings some; as in the domain, a later one wins. */
export function variants(budget: Budget): Variant[] {
  const overriding = applicable(budget).flatMap(({ match, terms }) =>
    terms.thresholds ? [{ match, thresholds: terms.thresholds }] : [],
  );
  return [{ match: {}, thresholds: budget.thresholds }, ...overriding];
}

export function mayBeShadow(budget: Budget): boolean {
  return budget.shadow || applicable(budget).some(({ terms }) => terms.shadow);
}

function applicable(budget: Budget): Budget['overrides'] {
  return budget.overrides
    .filter((override) => canApply(override.match, budget))
    .map(({ match, terms }) => ({ match: onlyPer(match, budget.per), terms }));
}

/** Beside `per`, an override sees what the budget's own match pins to one value. */
function canApply(match: Match, budget: Budget): boolean {
  return Object.entries(match).every(([key, patterns]) => {
    const dimension = key as Dimension;
    if (budget.per.includes(dimension)) return true;
    const [pinned, ...others] = budget.match[dimension] ?? [];
    return pinned !== undefined && others.length === 0 && matches({ [dimension]: patterns }, { [dimension]: pinned });
  });
}

function onlyPer(match: Match, per: readonly Dimension[]): Match {
  return Object.fromEntries(Object.entries(match).filter(([dimension]) => per.includes(dimension as Dimension)));
}

/** Ascending, each once. */
export function points(budget: Budget): Point[] {
  const found = new Map<string, { at: number; point: Point }>();
  for (const { atBasisPoints, severity } of variants(budget).flatMap((variant) => variant.thresholds)) {
    const point = { percent: thresholdLabel(atBasisPoints), severity };
    found.set(`${point.percent}/${severity}`, { at: atBasisPoints, point });
  }
  return [...found.values()]
    .sort((a, b) => a.at - b.at || a.point.severity.localeCompare(b.point.severity))
    .map((each) => each.point);
}

export function isAt(threshold: Threshold, point: Point): boolean {
  return thresholdLabel(threshold.atBasisPoints) === point.percent && threshold.severity === point.severity;
}

export function isStopping(threshold: Threshold): boolean {
  return (STOPPING_ACTIONS as readonly (string | undefined)[]).includes(threshold.action);
}

/** Who is told besides the owner by any of these thresholds, each once, in the order they are written. */
export function notified(budget: Budget, which: (threshold: Threshold) => boolean): string[] {
  const thresholds = variants(budget).flatMap((variant) => variant.thresholds);
  return [...new Set(thresholds.filter(which).flatMap((threshold) => threshold.notify))];
}

export interface Selection {
  matchers: Matchers;
  /** Instances of later variants that are not meant. */
  except: readonly Matchers[];
}

/** The instances with a threshold that is meant; `[{}]` without exceptions when that is every one that has any. */
export function selections(
  budget: Budget,
  relevant: (threshold: Threshold) => boolean,
  meant: (threshold: Threshold) => boolean,
): Selection[] {
  const all = variants(budget);
  const chosen = (variant: Variant) => variant.thresholds.some((each) => relevant(each) && meant(each));
  const left = (variant: Variant) => variant.thresholds.some(relevant) && !chosen(variant);
  if (!all.some(left)) return [{ matchers: {}, except: [] }];
  return all.flatMap((variant, index) =>
    chosen(variant)
      ? [
          {
            matchers: instanceMatchers(variant),
            except: all
              .slice(index + 1)
              .filter(left)
              .map(instanceMatchers),
          },
        ]
      : [],
  );
}

function instanceMatchers(variant: Variant): Matchers {
  const entries = Object.entries(variant.match).map(([dimension, patterns]) => [dimension, patternMatcher(patterns)]);
  return Object.fromEntries(entries) as Matchers;
}

/** Which attempts an instance counts: the budget's match, with the alert's own value for each `per` dimension. */
export function scope(budget: Budget): Message {
  const fixed = Object.entries(budget.match)
    .filter(([dimension]) => !budget.per.includes(dimension as Dimension))
    .map(([dimension, patterns]): Message => [`${dimension}=${patterns.join('|')}`]);
  const varying = budget.per.map((dimension): Message => message`${dimension}=${{ label: dimension }}`);
  const all = [...fixed, ...varying];
  return all.length === 0 ? ['all'] : all.flatMap((each, index) => (index === 0 ? each : [', ', ...each]));
}

/** The dimensions that instances of any budget differ in, in the domain's order. */
export function perDimensions(config: Config): Dimension[] {
  return DIMENSIONS.filter((dimension) => config.budgets.some((budget) => budget.per.includes(dimension)));
}

/** Labels that single out one instance of a budget. */
export function instanceLabels(budget: Budget): Label[] {
  return [BUDGET_LABEL.budget, ...budget.per];
}

/** Instances with made-up values: one without an override, and one for each override. */
export function sampleInstances(budget: Budget, config: Config): BudgetInstance[] {
  const samples = [{ match: {} as Match }, ...applicable(budget)].map(({ match }) => {
    const labels = budget.per.map((dimension) => [dimension, sampleValue(dimension, match[dimension])]);
    return instanceOf(budget, Object.fromEntries(labels), (name) => config.owners.has(name));
  });
  return [...new Map(samples.map((instance) => [instance.key, instance])).values()];
}

function sampleValue(dimension: Dimension, patterns: readonly string[] | undefined): string {
  return patterns?.[0]?.replaceAll('*', 'x') ?? `any-${dimension}`;
}
