/** How attempts of one signature are admitted here: over which slots, and what each takes of an attempt's worst case. */
import { COST_CLASSES, type CostClass } from '../../domain/budget.ts';
import type { DecisionKind } from '../../domain/decision.ts';
import { type HeldShare, heldOf } from '../../domain/held-share.ts';
import { SLICE_AHEAD_MS } from '../../domain/lease.ts';
import { type NanoUsd, parseNanoUsd } from '../../domain/money.ts';
import type { EpochMs } from '../../domain/time.ts';
import type { UsageBound } from '../../domain/usage.ts';
import { parseCard } from '../../pricing/card.ts';
import { type CompiledBound, compileBound } from '../../pricing/compiled-bound.ts';
import type { RateCard } from '../../pricing/pricing.ts';
import type { WireRoute, WireSlot } from '../../protocol/wire.ts';
import { amount, isObject } from '../rules.ts';
import { Demand } from './demand.ts';
import type { Slot } from './slot.ts';

const MAX_SLOTS = 64;
/** An attempt that asked again for the route and got no answer leaves it to another one after this. */
const ASK_AGAIN_MS = 1_000;
/** A rate is not told from less. */
const LEAST_WATCHED_MS = 500;

/** What one or more slots take of an attempt: a share of the lines of some classes. */
interface Measure {
  key: string;
  bound: CompiledBound;
  /** Undefined: the whole worst case. */
  held: HeldShare | undefined;
  demand: Demand;
  /** Of the attempt at hand. */
  amountNanoUsd: NanoUsd;
}

export class Route {
  readonly decision: DecisionKind & ('allow' | 'warn');
  readonly budget: string | undefined;
  readonly slots: readonly Slot[];
  /** By slot: which of `measures` it takes. */
  readonly measureOf: readonly number[];
  readonly measures: readonly Measure[];
  /** Its demand is looked at. */
  active = false;
  usedAt: number;
  readonly #cardUntil: EpochMs;
  readonly #freshUntil: number;
  readonly #deadAt: number;
  #askAgainAt = 0;
  #count = 0;
  #countBefore = 0;
  #turnedAt: number;

  constructor(read: ReadRoute, slotOf: (id: string) => Slot, at: number, before: Route | undefined) {
    this.decision = read.decision;
    this.budget = read.budget;
    const measures: Measure[] = [];
    this.measureOf = read.slots.map((slot) => measureIn(measures, read.card, slot));
    this.slots = read.slots.map(({ slot }) => slotOf(slot));
    this.measures = measures;
    this.usedAt = at;
    this.#turnedAt = at;
    this.#cardUntil = read.card.validUntil ?? Number.POSITIVE_INFINITY;
    this.#freshUntil = at + read.validMs;
    this.#deadAt = at + 2 * read.validMs;
    if (before) this.#inherit(before);
  }

  /** A route that was only asked for again knows what is drawn over it. */
  #inherit(before: Route): void {
    this.#count = before.#count;
    this.#countBefore = before.#countBefore;
    this.#turnedAt = before.#turnedAt;
    for (const measure of this.measures) {
      const same = before.measures.find(({ key }) => key === measure.key);
      if (same) measure.demand = same.demand;
    }
  }

  isDead(at: number, wall: EpochMs): boolean {
    return at >= this.#deadAt || wall >= this.#cardUntil;
  }

  isFresh(at: number): boolean {
    return at < this.#freshUntil;
  }

  /** Whether it is for the attempt at hand to ask the server again: one at a time. */
  takesTurnToAsk(at: number): boolean {
    if (at < this.#freshUntil || at < this.#askAgainAt) return false;
    this.#askAgainAt = at + ASK_AGAIN_MS;
    return true;
  }

  /** Works out what each slot takes of the attempt, and notes it; false for counts that cannot be. */
  reckon(bound: UsageBound, at: number): boolean {
    if (at - this.#turnedAt >= SLICE_AHEAD_MS) this.#turn(at);
    this.usedAt = at;
    for (const measure of this.measures) {
      const worst = measure.bound(bound);
      if (worst === undefined) return false;
      measure.amountNanoUsd = heldOf(worst, measure.held);
      measure.demand.note(measure.amountNanoUsd);
    }
    this.#count += 1;
    return true;
  }

  /** Attempts of late: with fewer than two, a slice would be closed before it is drawn from again. */
  recent(at: number): number {
    if (at - this.#turnedAt >= SLICE_AHEAD_MS) this.#turn(at);
    return this.#count + this.#countBefore;
  }

  /** Tells its slots what they have to be ready for. */
  demand(at: number, slotTouched: (slot: Slot) => void): void {
    const passed = Math.min(at - this.#turnedAt, SLICE_AHEAD_MS);
    const share = BigInt(10_000 - Math.floor((passed * 10_000) / SLICE_AHEAD_MS));
    // One that is new or comes back was not watched for as long as it asks ahead: it will go on as it began.
    const young = this.#countBefore === 0;
    const factor = young ? BigInt(Math.floor(SLICE_AHEAD_MS / Math.max(passed, LEAST_WATCHED_MS))) : 1n;
    for (const [index, slot] of this.slots.entries()) {
      const { demand } = this.measures[this.measureOf[index]!]!;
      slotTouched(slot);
      slot.aheadNanoUsd += demand.sumNanoUsd(share) * factor;
      if (demand.dearestNanoUsd > slot.dearestNanoUsd) slot.dearestNanoUsd = demand.dearestNanoUsd;
      const cheapest = demand.cheapestNanoUsd;
      if (cheapest !== undefined && (slot.cheapestNanoUsd === undefined || cheapest < slot.cheapestNanoUsd))
        slot.cheapestNanoUsd = cheapest;
    }
  }

  /** Forgets what was drawn over it of late. */
  rest(): void {
    this.active = false;
    this.#count = 0;
    this.#countBefore = 0;
    for (const { demand } of this.measures) {
      demand.turn();
      demand.turn();
    }
  }

  #turn(at: number): void {
    const late = at - this.#turnedAt >= 2 * SLICE_AHEAD_MS;
    for (const { demand } of this.measures) {
      demand.turn();
      if (late) demand.turn();
    }
    this.#countBefore = late ? 0 : this.#count;
    this.#count = 0;
    this.#turnedAt = at;
  }
}

function measureIn(measures: Measure[], card: RateCard, slot: WireSlot): number {
  const { classes } = slot;
  const held = heldShareOf(slot);
  const key = `${held?.ppm} ${held?.atLeastNanoUsd} ${classes ? [...classes].sort().join() : '*'}`;
  const known = measures.findIndex((measure) => measure.key === key);
  if (known >= 0) return known;
  measures.push({ key, bound: compiled(card, classes), held, demand: new Demand(), amountNanoUsd: 0n });
  return measures.length - 1;
}

function heldShareOf({ held_ppm: ppm, held_at_least: atLeast = '0' }: WireSlot): HeldShare | undefined {
  return ppm === undefined ? undefined : { ppm: BigInt(ppm), atLeastNanoUsd: parseNanoUsd(atLeast) };
}

const bounds = new WeakMap<RateCard, Map<string, CompiledBound>>();

function compiled(card: RateCard, classes: readonly CostClass[] | undefined): CompiledBound {
  const ofCard = bounds.get(card) ?? new Map<string, CompiledBound>();
  const key = classes ? [...classes].sort().join() : '*';
  const bound = ofCard.get(key) ?? compileBound(card, classes);
  bounds.set(card, ofCard.set(key, bound));
  return bound;
}

/** A route as the server sent it, checked. */
export interface ReadRoute {
  decision: 'allow' | 'warn';
  budget: string | undefined;
  slots: readonly WireSlot[];
  card: RateCard;
  validMs: number;
}

/** Undefined for anything that admission could not rely on. */
export function readRoute(value: WireRoute | undefined): ReadRoute | undefined {
  if (!isObject(value)) return undefined;
  const { slots, decision, budget, valid_ms: validMs, card } = value;
  if (decision !== 'allow' && decision !== 'warn') return undefined;
  if (typeof validMs !== 'number' || !(validMs > 0) || !Array.isArray(slots) || slots.length > MAX_SLOTS)
    return undefined;
  if (!slots.every(isSlot) || new Set(slots.map(({ slot }) => slot)).size !== slots.length) return undefined;
  const parsed = isObject(card) ? interned(card.card) : undefined;
  if (!parsed) return undefined;
  return { decision, budget: typeof budget === 'string' ? budget : undefined, slots, card: parsed, validMs };
}

function isSlot(value: unknown): value is WireSlot {
  if (!isObject(value) || typeof value.slot !== 'string') return false;
  const { classes, held_ppm: heldPpm, held_at_least: atLeast } = value;
  if (atLeast !== undefined && amount(atLeast) === undefined) return false;
  const known = (one: unknown) => (COST_CLASSES as readonly unknown[]).includes(one);
  if (classes !== undefined && !(Array.isArray(classes) && classes.every(known))) return false;
  return heldPpm === undefined || (Number.isInteger(heldPpm) && (heldPpm as number) >= 0 && (heldPpm as number) <= 1e6);
}

/** Cards by their text: every route brings one, and there are few. */
const cards = new Map<string, RateCard>();
const MAX_CARDS = 256;

function interned(card: unknown): RateCard | undefined {
  const text = JSON.stringify(card) ?? '';
  const known = cards.get(text);
  if (known) return known;
  const parsed = parseCard(card);
  if (!parsed) return undefined;
  if (cards.size >= MAX_CARDS) cards.clear();
  cards.set(text, parsed);
  return parsed;
}
