/**
 * Crossings as events, each told once. The identity of an event is instance × window start × kind × threshold, so that a
 * restart, a replica or a late settlement writes the same event again and the ledger drops it; the limit is no part of
 * it, so raising a limit re-fires nothing.
 *
 * A calendar threshold fires once per window. A rolling one has no window to end: it fires in the sub-bucket in which it
 * was crossed, stays fired while spent holds above 5 points below it, and then re-arms. Within a sub-bucket nothing drops
 * out, so spent only rises and one sub-bucket holds at most one crossing: its start is the arming epoch of the identity.
 *
 * Thresholds at the same share are one event: its recipients are those of all of them, its action the strictest.
 */
import { hash } from 'node:crypto';
import type { AlertEvent } from './alert.ts';
import { type Attribution, matches } from './attribution.ts';
import type { Action, BudgetInstance, Severity, Threshold } from './budget.ts';
import { amountAt, capOf, isCrossed, isStricter } from './cap.ts';
import type { NanoUsd } from './money.ts';
import { isNearCap, NEAR_CAP_BASIS_POINTS, stateOf } from './state.ts';
import type { EpochMs } from './time.ts';
import type { Window } from './window.ts';

/** By how much a rolling budget must fall below a threshold before it can be crossed again. */
const REARM_BASIS_POINTS = 500;
/** What `already` holds for a `denied` event, which has no threshold. */
const DENIED = 0;

const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];

/** What happened to an instance: a settlement was posted, or an attempt was denied. */
export interface Crossing {
  instance: BudgetInstance;
  /** The account's window: for a rolling budget the current sub-bucket, as `windowAt` answers. */
  window: Window;
  /** Spent now, the new posting included. */
  spentNanoUsd: NanoUsd;
  /** Spent just before; lets a rolling threshold re-arm that time alone has emptied. */
  spentBeforeNanoUsd?: NanoUsd;
  /** Thresholds in basis points that have fired and not re-armed; 0 stands for `denied`. */
  already: ReadonlySet<number>;
  at: EpochMs;
  /** Who the attempt was for. Absent: conditional thresholds do not fire. */
  attribution?: Attribution;
  attemptId?: string;
}

/** Events of thresholds that are crossed and have not fired yet, lowest first. */
export function crossings(crossing: Crossing): AlertEvent[] {
  const { instance, spentNanoUsd, spentBeforeNanoUsd = spentNanoUsd } = crossing;
  if (!instance.thresholds.some(({ atBasisPoints }) => isCrossed(instance, atBasisPoints, spentNanoUsd))) return [];
  const fired = firedStill(instance, crossing.already, spentBeforeNanoUsd);
  return [...new Set(instance.thresholds.map(({ atBasisPoints }) => atBasisPoints))]
    .sort((a, b) => a - b)
    .filter((share) => !fired.has(share) && isCrossed(instance, share, spentNanoUsd))
    .map((share) => instance.thresholds.filter(({ atBasisPoints }) => atBasisPoints === share))
    .filter((thresholds) => thresholds.some(({ when }) => applies(when, crossing.attribution)))
    .map((thresholds) => eventOf('threshold', crossing, together(thresholds)));
}

/**
 * The event of an attempt denied as exhausted while at least 90 % of the limit is spent; `undefined` below that, and when
 * it was told already.
 */
export function deniedEvent(crossing: Crossing): AlertEvent | undefined {
  const { instance, spentNanoUsd, already, attribution = {} } = crossing;
  if (already.has(DENIED) || !isNearCap(instance, spentNanoUsd)) return undefined;
  const cap = capOf({ ...instance, shadow: false }, attribution)?.threshold;
  const { notify = [], action } = cap ?? {};
  return eventOf('denied', crossing, { atBasisPoints: DENIED, severity: 'critical', notify, action });
}

/** The event of an attempt that no price is known for: one per instance and window. */
export function unpricedEvent(crossing: Omit<Crossing, 'already'>): AlertEvent {
  const told = { atBasisPoints: 0, severity: 'warning', notify: [] } as const;
  return eventOf('unpriced', { ...crossing, already: new Set() }, told);
}

/** What of `already` is still fired at this much spent: all in a calendar window, less what re-armed in a rolling one. */
export function firedStill(
  instance: BudgetInstance,
  already: ReadonlySet<number>,
  spentNanoUsd: NanoUsd,
): ReadonlySet<number> {
  if (instance.window.kind === 'calendar') return already;
  const deniedAmount = amountAt(instance.limitNanoUsd, NEAR_CAP_BASIS_POINTS - REARM_BASIS_POINTS);
  const holds = (share: number) =>
    share === DENIED ? spentNanoUsd >= deniedAmount : isCrossed(instance, share - REARM_BASIS_POINTS, spentNanoUsd);
  return new Set([...already].filter(holds));
}

/** Deterministic, URL-safe, 128 bits of SHA-256. */
export function eventId(
  kind: AlertEvent['kind'],
  instanceKey: string,
  windowStart: EpochMs,
  thresholdBasisPoints: number,
): string {
  const identity = JSON.stringify([kind, instanceKey, windowStart, thresholdBasisPoints]);
  return `al_${hash('sha256', identity, 'base64url').slice(0, 22)}`;
}

function applies(when: Threshold['when'], attribution: Attribution | undefined): boolean {
  return !when || (attribution !== undefined && matches(when, attribution));
}

type Told = Pick<Threshold, 'atBasisPoints' | 'severity' | 'notify' | 'action'>;

function together(thresholds: readonly Threshold[]): Told {
  const [first] = thresholds as [Threshold];
  return {
    atBasisPoints: first.atBasisPoints,
    severity: SEVERITIES.findLast((severity) => thresholds.some((threshold) => threshold.severity === severity))!,
    notify: [...new Set(thresholds.flatMap(({ notify }) => notify))],
    action: thresholds.reduce<Action | undefined>(
      (found, { action }) => (action && (!found || isStricter(action, found)) ? action : found),
      undefined,
    ),
  };
}

function eventOf(kind: AlertEvent['kind'], crossing: Crossing, told: Told): AlertEvent {
  const { instance, window, spentNanoUsd, already, at, attemptId } = crossing;
  return {
    id: eventId(kind, instance.key, window.start, told.atBasisPoints),
    kind,
    budget: instance.budget.name,
    instance: instance.key,
    labels: instance.labels,
    window: {
      start: window.start,
      end: window.end + (instance.window.kind === 'rolling' ? instance.window.durationMs : 0),
    },
    thresholdBasisPoints: told.atBasisPoints,
    severity: told.severity,
    state: stateOf(instance, { spentNanoUsd, deniedWhileNearCap: kind === 'denied' || already.has(DENIED) }),
    owner: instance.owner,
    notify: told.notify,
    limitNanoUsd: instance.limitNanoUsd,
    spentNanoUsd,
    ...(told.action && { action: told.action }),
    shadow: instance.shadow,
    ...(attemptId !== undefined && { attemptId }),
    createdAt: at,
  };
}
