/**
 * The lease of a session, as a state machine without timers, network or clock (`domain/lease.ts` tells the rules; time is
 * an argument). Whoever drives it:
 *
 *   admit ─ yes ─▶ the attempt is sent; its settlement says the draws, or `putBack` where it never left the process
 *     └─ undefined ─▶ one reservation at the server, with `route: true` where `asksRoute`; its route goes to `routed`
 *
 *   while `busy`, every LEASE_TICK_MS:  ask ─▶ heartbeat ─▶ answered | unanswered;  closes ─▶ the journal
 *   with any answer:                    recalled;  at the end: end ─▶ the last closes
 *
 * A slice that was asked for in vain is told of as closed with nothing drawn, for its grant may have been lost on the way;
 * but only after a later ask was answered, since when the server refuses the one that it may not have read yet.
 */
import type { Draw } from '../../domain/lease.ts';
import type { NanoUsd } from '../../domain/money.ts';
import type { Recall, WireRoute } from '../../protocol/wire.ts';
import { amount } from '../rules.ts';
import { type Instant, LeaseClock } from './clock.ts';
import { Route, readRoute } from './route.ts';
import { type Attempted, Routes } from './routes.ts';
import { isOver, type Slice, Slot } from './slot.ts';
import type { Closed, LeaseAsk, LocalGrant } from './terms.ts';
import { demandOf } from './wishes.ts';

export type { Instant } from './clock.ts';
export type { Attempted } from './routes.ts';
export type { Closed, LeaseAsk, LocalGrant, Want } from './terms.ts';

export interface LeaseLimits {
  /** Signatures that may be admitted locally at once; more go to the server. */
  routes: number;
  /** Slices asked for at once. */
  wants: number;
}
const LIMITS: LeaseLimits = { routes: 5_000, wants: 512 };

/** Slices that end within this are renewed. */
const SOON_MS = 1_500;
/** A route over which nothing went for so long is forgotten. */
const ROUTE_IDLE_MS = 60_000;
/** No slice lives longer, whatever the server says. */
const LONGEST_VALID_MS = 60_000;
const SWEEP_EVERY_MS = 5_000;
/** One part in so many of a slice that is left is low. */
const LOW_PART = 4n;

export class Lease {
  readonly #newId: () => string;
  readonly #limits: LeaseLimits;
  readonly #clock = new LeaseClock();
  readonly #routes: Routes;
  readonly #slots = new Map<string, Slot>();
  /** Open ones. */
  readonly #slices = new Map<string, Slice>();
  /** Routes with attempts of late. */
  readonly #active = new Set<Route>();
  #closed: Closed[] = [];
  #seq = 0;
  /** The ask under way; at most one. `void`: its grants are of no use any more. */
  #asking: { ask: LeaseAsk; at: number; void: boolean } | undefined;
  /** Slices of asks that were not answered. */
  #doubtful: { seq: number; slice: string }[] = [];
  #sweptAt = 0;
  #low = false;
  #found: Slice[] = [];

  constructor(newId: () => string, limits: Partial<LeaseLimits> = {}) {
    this.#newId = newId;
    this.#limits = { ...LIMITS, ...limits };
    this.#routes = new Routes(this.#limits.routes);
  }

  /** Draws the worst case from one slice of every slot, all or none. Undefined: ask the server. */
  admit(what: Attempted, now: Instant): LocalGrant | undefined {
    const at = this.#clock.at(now);
    const route = this.#routes.find(what);
    if (!route || route.isDead(at, now.wall)) return undefined;
    if (!this.#note(route, what, at) || route.takesTurnToAsk(at)) return undefined;
    const { slots, measures, measureOf } = route;
    const found = this.#found;
    for (let index = 0; index < slots.length; index += 1) {
      const slice = slots[index]!.sliceWith(measures[measureOf[index]!]!.amountNanoUsd, at);
      if (!slice) return undefined;
      found[index] = slice;
    }
    const draws = new Array<Draw>(slots.length);
    for (let index = 0; index < slots.length; index += 1) {
      const slice = found[index]!;
      const { amountNanoUsd } = measures[measureOf[index]!]!;
      slice.leftNanoUsd -= amountNanoUsd;
      slice.drawnNanoUsd += amountNanoUsd;
      slice.usedAt = at;
      if (slice.leftNanoUsd < slice.lowNanoUsd) this.#low = true;
      draws[index] = { slice: slice.id, amountNanoUsd };
    }
    return { decision: route.decision, budget: route.budget, draws };
  }

  #note(route: Route, { bound }: Attempted, at: number): boolean {
    if (!route.active) {
      route.active = true;
      this.#active.add(route);
    }
    return route.reckon(bound, at);
  }

  /** The same for all attempts that are admitted alike. */
  signatureOf({ attribution, provider, model }: Attempted): string {
    return this.#routes.keyOf(attribution, provider, model);
  }

  /** Whether the reservation of an attempt that was not admitted here should ask for a route. */
  asksRoute(what: Attempted, now: Instant): boolean {
    const at = this.#clock.at(now);
    const route = this.#routes.find(what);
    return !route || route.isDead(at, now.wall) || !route.isFresh(at);
  }

  /**
   * What the server said to an attempt that asked for a route: how those like it may be admitted here, or (undefined) that
   * they may not.
   */
  routed(what: Attempted, said: WireRoute | undefined, now: Instant): void {
    const at = this.#clock.at(now);
    const key = this.#routes.keyOf(what.attribution, what.provider, what.model);
    const before = this.#routes.get(key);
    const read = readRoute(said);
    if (!read) {
      if (before) this.#dropRoutes((route) => route === before);
      return;
    }
    const route = new Route(read, (id) => this.#slot(id), at, before);
    if (!this.#routes.put(key, route)) return;
    for (const slot of route.slots) slot.routes += 1;
    if (before) this.#forget(before);
    // The attempt itself was noted by the route before it, if there was one.
    if (!before) this.#note(route, what, at);
    else if (before.active) this.#activate(route);
  }

  #activate(route: Route): void {
    route.active = true;
    this.#active.add(route);
  }

  #slot(id: string): Slot {
    const slot = this.#slots.get(id) ?? new Slot(id);
    this.#slots.set(id, slot);
    return slot;
  }

  /** How much is kept. */
  get size(): { routes: number; slots: number; slices: number } {
    return { routes: this.#routes.size, slots: this.#slots.size, slices: this.#slices.size };
  }

  /** Whether there is anything to keep going: slices, an ask under way, doubtful slices, or something to ask for. */
  busy(now: Instant): boolean {
    const at = this.#clock.at(now);
    if (this.#slices.size > 0 || this.#asking || this.#doubtful.length > 0) return true;
    return this.#wanting(at).length > 0;
  }

  /** Whether there is something to ask for. */
  wants(now: Instant): boolean {
    const at = this.#clock.at(now);
    return !this.#asking && this.#wanting(at).length > 0;
  }

  /** A slice that was drawn from has become low since the last ask: it is early to ask for more, but not too early. */
  get isLow(): boolean {
    return this.#low;
  }

  /** What to ask for now. While another ask is under way, nothing. */
  ask(now: Instant): LeaseAsk {
    const at = this.#clock.at(now);
    this.#seq += 1;
    this.#low = false;
    if (this.#asking) return { seq: this.#seq, wants: [] };
    const wants = this.#wanting(at)
      .slice(0, this.#limits.wants)
      .map(({ slot, wantedNanoUsd }) => ({
        slice: this.#newId(),
        slot: slot.id,
        amountNanoUsd: wantedNanoUsd,
        atLeastNanoUsd: slot.usefulNanoUsd,
      }));
    const ask = { seq: this.#seq, wants };
    if (wants.length > 0) this.#asking = { ask, at, void: false };
    return ask;
  }

  #wanting(at: number): { slot: Slot; wantedNanoUsd: NanoUsd }[] {
    return demandOf(this.#active, at).flatMap((slot) => {
      const wantedNanoUsd = slot.wantedNanoUsd(at, SOON_MS);
      return wantedNanoUsd > 0n ? { slot, wantedNanoUsd } : [];
    });
  }

  /** The server's answer to an ask: those of its wants that were granted. */
  answered(ask: LeaseAsk, granted: readonly { slice: string; amount: string; valid_ms: number }[], now: Instant): void {
    const at = this.#clock.at(now);
    const asking = this.#asking?.ask === ask ? this.#asking : undefined;
    if (asking) this.#asking = undefined;
    for (const { slice, slot: slotId } of ask.wants) {
      const grant = granted.find((one) => one.slice === slice);
      const slot = this.#slots.get(slotId);
      if (!grant) slot?.refused(at);
      else if (!asking || asking.void || !slot || !this.#open(slot, grant, asking.at, at)) this.#closeUnused(slice);
    }
    const settled = this.#doubtful.filter(({ seq }) => seq < ask.seq);
    if (settled.length === 0) return;
    this.#doubtful = this.#doubtful.filter(({ seq }) => seq > ask.seq);
    for (const { slice } of settled) this.#closeUnused(slice);
  }

  #closeUnused(slice: string): void {
    this.#closed.push({ slice, drawnNanoUsd: 0n });
  }

  #open(slot: Slot, grant: { slice: string; amount: string; valid_ms: number }, askedAt: number, at: number): boolean {
    const granted = amount(grant.amount);
    const until = askedAt + Math.min(Number(grant.valid_ms), LONGEST_VALID_MS);
    if (granted === undefined || granted <= 0n || !(until > at) || askedAt <= slot.recalledAt) return false;
    const slice: Slice = {
      id: grant.slice,
      slot,
      leftNanoUsd: granted,
      lowNanoUsd: granted / LOW_PART,
      drawnNanoUsd: 0n,
      until,
      usedAt: at,
      open: true,
    };
    slot.slices.push(slice);
    slot.granted();
    this.#slices.set(slice.id, slice);
    return true;
  }

  /** No answer came; the server may have read the ask all the same. */
  unanswered(ask: LeaseAsk): void {
    if (this.#asking?.ask === ask) this.#asking = undefined;
    for (const { slice } of ask.wants) this.#doubtful.push({ seq: ask.seq, slice });
  }

  /** The server wants something back. */
  recalled(recall: Recall, now: Instant): void {
    const at = this.#clock.at(now);
    if (recall.all) this.dropAll();
    for (const id of recall.close ?? []) {
      const slot = this.#slots.get(id);
      for (const slice of slot?.slices.slice() ?? []) this.#close(slice);
      slot?.recalled(at);
    }
    if (recall.forget?.length) {
      const forgotten = new Set(recall.forget);
      this.#dropRoutes((route) => route.slots.some(({ id }) => forgotten.has(id)));
    }
  }

  /** Slices that are closed since the last call, and those whose time has come. Each is answered once. */
  closes(now: Instant): Closed[] {
    const at = this.#clock.at(now);
    for (const slice of this.#slices.values()) if (isOver(slice, at)) this.#close(slice);
    if (at - this.#sweptAt >= SWEEP_EVERY_MS) this.#sweep(at, now);
    const closed = this.#closed;
    this.#closed = [];
    return closed;
  }

  /** Forgets what is idle. */
  #sweep(at: number, now: Instant): void {
    this.#sweptAt = at;
    this.#dropRoutes((route) => route.isDead(at, now.wall) || at - route.usedAt >= ROUTE_IDLE_MS);
    for (const slot of this.#slots.values()) {
      if (slot.routes === 0 && slot.slices.length === 0) this.#slots.delete(slot.id);
    }
  }

  /**
   * An attempt was never sent, or was refused for free, and the server has not heard of it: its draws go back. False, with
   * nothing done, when one of the slices is closed: then the server has to be told.
   */
  putBack(draws: readonly Draw[]): boolean {
    for (const { slice } of draws) if (!this.#slices.has(slice)) return false;
    for (const { slice: id, amountNanoUsd } of draws) {
      const slice = this.#slices.get(id)!;
      slice.leftNanoUsd += amountNanoUsd;
      slice.drawnNanoUsd -= amountNanoUsd;
    }
    return true;
  }

  /** Gives all slices back (`closes` tells of them) and wants none until attempts come again; routes stay. For a process that may sleep. */
  returnAll(): void {
    for (const route of this.#active) route.rest();
    this.#active.clear();
    for (const slice of [...this.#slices.values()]) this.#close(slice);
    if (this.#asking) this.#asking.void = true;
  }

  /** The rules have changed: nothing that is known holds any more. */
  dropAll(): void {
    this.returnAll();
    this.#dropRoutes(() => true);
  }

  /** The session ends: everything that it has, or may have been granted, is closed. */
  end(): Closed[] {
    this.dropAll();
    for (const { slice } of this.#doubtful) this.#closeUnused(slice);
    for (const { slice } of this.#asking?.ask.wants ?? []) this.#closeUnused(slice);
    this.#doubtful = [];
    this.#asking = undefined;
    const closed = this.#closed;
    this.#closed = [];
    return closed;
  }

  #close(slice: Slice): void {
    slice.open = false;
    this.#slices.delete(slice.id);
    slice.slot.slices = slice.slot.slices.filter((one) => one !== slice);
    this.#closed.push({ slice: slice.id, drawnNanoUsd: slice.drawnNanoUsd });
  }

  #dropRoutes(drop: (route: Route) => boolean): void {
    for (const route of this.#routes.drop(drop)) this.#forget(route);
  }

  #forget(route: Route): void {
    this.#active.delete(route);
    for (const slot of route.slots) slot.routes -= 1;
  }
}
