/**
 * Thresholds from their long form (`thresholds:`) and their short forms (`soft:`, `hard:`), over three levels: an
 * override before its budget before the defaults. A level that says one of the three replaces that one; an inherited
 * threshold gives way to one of the level itself at the same share.
 */
import type { Match } from '../domain/attribution.ts';
import { type Severity, STOPPING_ACTIONS, type Threshold } from '../domain/budget.ts';
import type { Place, Report } from './finding.ts';
import { formatPercent } from './format.ts';
import type { ThresholdDraft } from './shape-budget.ts';

export interface Level {
  thresholds?: readonly ThresholdDraft[] | undefined;
  soft?: readonly number[] | undefined;
  hard?: ThresholdDraft | undefined;
}

/** A threshold with where it stands; inherited ones were judged where they stand. */
export interface Placed {
  threshold: Threshold;
  place: Place;
  inherited: boolean;
}

const DOWNGRADE_BASIS_POINTS = 9000;
const WHOLE_BASIS_POINTS = 10_000;

/** Those of a level itself, in the order of the file. */
export function ownThresholds(level: Level, place: Place, report: Report): Placed[] {
  const under = (...path: (string | number)[]): Place => ({ file: place.file, path: [...place.path, ...path] });
  const placed: Placed[] = [];
  const add = (draft: ThresholdDraft, at: number, where: Place) =>
    placed.push({ threshold: build(draft, at), place: where, inherited: false });
  for (const [index, draft] of (level.thresholds ?? []).entries()) {
    const at = draft.at ?? (draft.action === 'downgrade' ? DOWNGRADE_BASIS_POINTS : undefined);
    if (at !== undefined) add(draft, at, under('thresholds', index));
    else
      report.error(under('thresholds', index), {
        code: 'missing',
        message: '"at" is missing',
        mend: 'give a percentage such as 75%',
      });
  }
  for (const [index, at] of (level.soft ?? []).entries()) add({}, at, under('soft', index));
  if (level.hard) add(level.hard, level.hard.at ?? WHOLE_BASIS_POINTS, under('hard'));
  return placed;
}

/** A level's own thresholds with those it inherits, ascending. */
export function joinThresholds(own: readonly Placed[], inherited: readonly Placed[]): Placed[] {
  const taken = new Set(own.map(({ threshold }) => identity(threshold)));
  const cap = capOf(own);
  const kept = inherited.filter(
    ({ threshold }) => !taken.has(identity(threshold)) && !(stops(threshold) && threshold.atBasisPoints >= cap),
  );
  const joined = [...own, ...kept.map((placed) => ({ ...placed, inherited: true }))];
  return joined.sort((one, other) => one.threshold.atBasisPoints - other.threshold.atBasisPoints);
}

function build(draft: ThresholdDraft, atBasisPoints: number): Threshold {
  return {
    atBasisPoints,
    ...(draft.when && { when: draft.when as Match }),
    notify: draft.notify ?? [],
    severity: draft.severity ?? defaultSeverity(draft.action, atBasisPoints),
    ...(draft.action && { action: draft.action }),
    ...(draft.models && { models: draft.models }),
    ...(draft.max_output_tokens !== undefined && { maxOutputTokens: draft.max_output_tokens }),
  };
}

/** What stops calls is critical, what changes them or comes late a warning, the rest for information. */
function defaultSeverity(action: Threshold['action'], atBasisPoints: number): Severity {
  if (action !== undefined && action !== 'downgrade') return 'critical';
  return action === 'downgrade' || atBasisPoints >= 7500 ? 'warning' : 'info';
}

export function stops(threshold: Threshold): boolean {
  return (STOPPING_ACTIONS as readonly (string | undefined)[]).includes(threshold.action);
}

/** Share at which every attempt is stopped; infinite when none is. */
export function capOf(placed: readonly Placed[]): number {
  const caps = placed.filter(({ threshold }) => stops(threshold) && !threshold.when);
  return Math.min(Number.POSITIVE_INFINITY, ...caps.map(({ threshold }) => threshold.atBasisPoints));
}

function identity({ atBasisPoints, when }: Threshold): string {
  const entries = Object.entries(when ?? {}).map(([dimension, values]) => [dimension, [...values].sort()] as const);
  return JSON.stringify([atBasisPoints, entries.sort(([one], [other]) => (one < other ? -1 : 1))]);
}

/** What thresholds may not be together. */
export function checkThresholds(placed: readonly Placed[], report: Report): void {
  const first = new Set<string>();
  const cap = capOf(placed);
  for (const { threshold, place, inherited } of placed) {
    const key = identity(threshold);
    const at = formatPercent(threshold.atBasisPoints);
    if (first.has(key)) {
      report.error(place, {
        code: 'duplicate',
        message: `threshold ${at} stands twice`,
        mend: 'join the two, or delete one',
      });
    }
    first.add(key);
    if (inherited && threshold.action !== 'downgrade') continue;
    if (threshold.action === 'downgrade') checkDowngrade(threshold, cap, place, report);
    else checkNoDowngrade(threshold, place, report);
    if (stops(threshold) && threshold.atBasisPoints > cap) {
      const message = `threshold ${at} is never reached: calls stop at ${formatPercent(cap)}`;
      report.warn(place, {
        code: 'unreachable-threshold',
        message,
        mend: 'delete one of the two, or narrow the lower with when',
      });
    }
  }
}

function checkDowngrade(threshold: Threshold, cap: number, place: Place, report: Report): void {
  const at = formatPercent(threshold.atBasisPoints);
  if (!threshold.models && threshold.maxOutputTokens === undefined) {
    report.error(place, {
      code: 'downgrade',
      message: `downgrade at ${at} changes nothing`,
      mend: 'add models or max_output_tokens',
    });
  }
  if (threshold.atBasisPoints >= Math.min(cap, WHOLE_BASIS_POINTS)) {
    const limit = cap <= WHOLE_BASIS_POINTS ? `the cap at ${formatPercent(cap)}` : 'the limit';
    const mend = `use less than ${formatPercent(Math.min(cap, WHOLE_BASIS_POINTS))}`;
    report.error(place, { code: 'downgrade', message: `downgrade at ${at} is not below ${limit}`, mend });
  }
  for (const [from, to] of Object.entries(threshold.models ?? {})) checkModel(from, to, place, report);
}

function checkModel(from: string, to: string, place: Place, report: Report): void {
  const where: Place = { file: place.file, path: [...place.path, 'models', from] };
  if (to.includes('*')) {
    report.error(where, { code: 'downgrade', message: `"${to}" is a pattern, not a model`, mend: 'name one model' });
  } else if (to === from) {
    report.error(where, {
      code: 'downgrade',
      message: `"${from}" is downgraded to itself`,
      mend: 'name a cheaper model',
    });
  }
}

function checkNoDowngrade(threshold: Threshold, place: Place, report: Report): void {
  const key = threshold.models ? 'models' : threshold.maxOutputTokens !== undefined ? 'max_output_tokens' : undefined;
  if (!key) return;
  const where: Place = { file: place.file, path: [...place.path, key], on: 'key' };
  report.error(where, {
    code: 'downgrade',
    message: `"${key}" belongs to downgrade only`,
    mend: 'add action: downgrade, or delete it',
  });
}
