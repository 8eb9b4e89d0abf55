/**
 * The judge sees every committed step of the ledger and every bill of the provider, and holds both to the promises of the
 * design. It reckons budgets and windows by itself (`plan.ts`), and believes the ledger only what it says of balances.
 * What can only be seen in all accounts together is looked at from time to time (`audit.ts`).
 */
import type {
  AccountBalance,
  AccountDemand,
  HoldRecord,
  Ledger,
  ReserveOutcome,
  ReserveRequest,
  Settlement,
  SettleOutcome,
  SettleRequest,
} from '../../src/ledger/ledger.ts';
import { larger } from '../../src/pricing/rate.ts';
import type { SettlementResult } from '../../src/protocol/wire.ts';
import { boundOf, type Cost, costOf, type TrueAttempt } from './attempt.ts';
import { audit, findOrphans } from './audit.ts';
import { Caps, countedBy } from './caps.ts';
import type { ClientProcess } from './client.ts';
import { COUNTED, type ConfigPlan, type Counted, capOf, counts, keyOf, oldestStart, windowStart } from './plan.ts';
import { type KnownSlice, SliceBook } from './slice-book.ts';
import { Tallies } from './tally.ts';
import type { World } from './world.ts';

const smaller = (one: bigint, other: bigint): bigint => (one < other ? one : other);

export class Judge {
  readonly ledger: Ledger;
  readonly caps: Caps;
  readonly tallies = new Tallies();
  readonly slices = new SliceBook();
  /** What was booked, in all. */
  settledNanoUsd = 0n;
  /** Of estimated settlements: what is above the bound, which nobody can know. */
  unseenNanoUsd = 0n;
  /** Billed and not booked. */
  readonly unbooked = new Set<TrueAttempt>();
  /** Admitted from slices, and with a hold of their own since. */
  readonly splitOff = new Set<string>();
  /** Sessions whose process is gone, and when each session was last heard of. */
  readonly dead = new Set<string>();
  readonly heard = new Map<string, number>();
  /** When attempts got holds that the server heard of only afterwards, out of a dead session's journal too. */
  readonly heldAfterwards = new Map<string, number>();
  upSince = 0;
  readonly #world: World;
  readonly #admittedAt = new Map<string, number>();
  readonly #released = new Set<string>();

  /** `ledger`: the true one, below every fault. */
  constructor(world: World, ledger: Ledger) {
    this.#world = world;
    this.ledger = ledger;
    this.caps = new Caps(ledger);
  }

  planned(plan: ConfigPlan): void {
    this.caps.planned(plan);
    this.upSince = this.#world.time.now;
  }

  inForce(plan: ConfigPlan): Promise<void> {
    return this.caps.inForce(plan);
  }

  heardOf(session: string): void {
    this.heard.set(session, this.#world.time.now);
  }

  died(session: string): void {
    this.dead.add(session);
  }

  /** A sweep of the server that began then has gone through. */
  swept(startedAt: number): Promise<void> {
    return findOrphans(this.#world, startedAt);
  }

  check(): Promise<void> {
    return audit(this.#world);
  }

  #fail(message: string, ...subjects: string[]): void {
    this.#world.fail(message, subjects);
  }

  #attempt(id: string): TrueAttempt | undefined {
    return this.#world.provider.attempts.get(id);
  }

  // Steps of the ledger.

  reserved(request: ReserveRequest, outcome: ReserveOutcome, accounts: readonly AccountBalance[], now: number): void {
    const { trace } = this.#world;
    const id = request.attemptId;
    const where = request.demands.map(({ instance }) => instance).join(' ');
    if (outcome.outcome === 'granted' && outcome.replayed) trace.note('replayed', id);
    else {
      trace.note(outcome.outcome, id, outcome.outcome === 'granted' ? `${request.amountNanoUsd} on ${where}` : where);
      // Of a slice, exhausted says only that it cannot be had now.
      if (outcome.outcome === 'exhausted' && !request.slice) this.#exhausted(request, outcome.demand, accounts);
      if (outcome.outcome === 'granted') this.#granted(request, outcome.hold, accounts, now);
    }
  }

  #granted(request: ReserveRequest, hold: HoldRecord, accounts: readonly AccountBalance[], now: number): void {
    const id = request.attemptId;
    const attempt = this.#attempt(id);
    if (request.slice) {
      this.#world.trace.count('slice granted');
      this.slices.granted(hold, now, this.#world.time.now);
    } else if (!attempt) this.#fail(`a hold was granted to ${id}, which nobody asked for`, id);
    else {
      this.#admittedAt.set(id, hold.admittedAt);
      // It went out while nobody could be asked, or while no budget acted on it, and nobody knows what became of it: held
      // afterwards, above any cap.
      if (attempt.isUnreserved || attempt.draws?.length === 0) {
        this.heldAfterwards.set(id, this.#world.time.now);
        this.#above(attempt, hold.admittedAt, request.amountNanoUsd);
        return;
      }
      this.#isWhole(attempt, hold);
    }
    // Of which workflow those that draw from a slice will be is not known yet: the cap of the instance as a whole.
    for (const demand of request.demands) this.#fits(id, attempt?.workflow, demand, accounts);
  }

  #above(attempt: TrueAttempt, admittedAt: number, amountNanoUsd: bigint): void {
    if (amountNanoUsd <= 0n) return;
    for (const counted of COUNTED) {
      if (!counts(counted, attempt)) continue;
      this.tallies.of(keyOf(counted, attempt), windowStart(counted, admittedAt)).bookedAboveNanoUsd += amountNanoUsd;
    }
  }

  /** All budgets that can stop it are held, in the window of its admission. */
  #isWhole(attempt: TrueAttempt, hold: HoldRecord): void {
    for (const budget of this.caps.certain?.budgets ?? []) {
      if (!counts(budget, attempt) || capOf(budget, attempt.workflow) === undefined) continue;
      const key = keyOf(budget, attempt);
      const demand = hold.demands.find(({ instance }) => instance.startsWith(`${key}@`));
      if (!demand) this.#fail(`${attempt.id} was admitted without a hold on ${key}`, attempt.id, key);
      else if (demand.window.start !== windowStart(budget, hold.admittedAt)) {
        this.#fail(`${attempt.id} was held in another window of ${key} than that of its admission`, attempt.id, key);
      }
    }
  }

  /** Promise 1, at the moment that counts: nothing is granted beyond the cap. */
  #fits(id: string, workflow: string | undefined, demand: AccountDemand, accounts: readonly AccountBalance[]): void {
    const budget = this.caps.loosest(demand.budget);
    const cap = budget && capOf(budget, workflow);
    if (!budget || cap === undefined || budget.expected) return;
    const { spent, unresolved, held } = countedBy(accounts, demand);
    if (spent + unresolved + held <= cap) return;
    const sum = `${spent} spent + ${unresolved} unresolved + ${held} held`;
    this.#fail(`${id} was granted though ${demand.instance} has ${sum} of ${cap}`, id, demand.instance);
  }

  #exhausted({ attemptId: id }: ReserveRequest, demand: AccountDemand, accounts: readonly AccountBalance[]): void {
    const { spent, unresolved } = countedBy(accounts, demand);
    const budget = this.caps.certain?.budgets.find(({ name }) => name === demand.budget);
    const cap = (budget && capOf(budget, this.#attempt(id)?.workflow)) ?? demand.capNanoUsd;
    if (spent + unresolved + demand.amountNanoUsd > cap) return;
    const sum = `${spent} spent + ${unresolved} unresolved + ${demand.amountNanoUsd}`;
    this.#fail(`${id} was denied as exhausted though ${demand.instance} has ${sum} of ${cap}`, id, demand.instance);
  }

  /** An attempt was split off the slices that it drew from: it has a hold of its own now. */
  split({ attemptId: id, demands, admittedAt }: HoldRecord): void {
    this.#world.trace.note('split', id);
    this.heldAfterwards.set(id, this.#world.time.now);
    this.#admittedAt.set(id, admittedAt);
    this.splitOff.add(id);
    const attempt = this.#attempt(id);
    const slices = attempt ? this.slices.of(attempt) : [];
    // It was drawn before these budgets came into force, and nobody could have known of it then.
    for (const { instance, window, amountNanoUsd } of demands) {
      if (slices.some((slice) => slice.instance === instance)) continue;
      this.tallies.of(instance.slice(0, instance.lastIndexOf('@')), window.start).bookedAboveNanoUsd += amountNanoUsd;
    }
    for (const { instance, windowStart: start } of slices) {
      const isHeld = demands.some((demand) => demand.instance === instance && demand.window.start === start);
      if (!isHeld) this.#fail(`${id} drew from ${instance} and is held elsewhere`, id, instance);
    }
  }

  /** Promise 2: each attempt is booked once, at what the provider billed. */
  settled(request: SettleRequest, outcome: SettleOutcome): void {
    const { trace } = this.#world;
    const id = request.attemptId;
    trace.note(
      `books ${outcome.outcome}`,
      id,
      outcome.outcome === 'settled' ? `${outcome.settlement.costNanoUsd}` : '',
    );
    if (outcome.outcome !== 'settled') return;
    const { settlement } = outcome;
    const attempt = this.#attempt(id);
    this.settledNanoUsd += settlement.costNanoUsd;
    if (!attempt) {
      this.#fail(`a settlement of ${id} was booked, which nobody made`, id);
      return;
    }
    attempt.bookings += 1;
    attempt.bookedNanoUsd += settlement.costNanoUsd;
    if (attempt.bookings > 1) this.#fail(`${id} was booked ${attempt.bookings} times`, id);
    this.unbooked.delete(attempt);
    const cost = costOf(attempt).all;
    const isEstimate = settlement.source === 'estimated';
    if (isEstimate ? settlement.costNanoUsd > cost : settlement.costNanoUsd !== cost) {
      this.#fail(`${id} was booked at ${settlement.costNanoUsd}, the provider billed ${cost}`, id);
    }
    if (isEstimate) this.#estimated(attempt, settlement.costNanoUsd, cost);
    if (settlement.overageNanoUsd > 0n) trace.count('overage recorded');
    if (settlement.unknownHold) trace.count('booked without a hold');
    if (attempt.isClosed) this.#late(attempt, settlement);
    this.#posts(attempt, settlement);
  }

  /** What the estimate missed stays unresolved, up to the bound. */
  #estimated(attempt: TrueAttempt, bookedNanoUsd: bigint, cost: bigint): void {
    this.#world.trace.count('estimated');
    const bound = attempt.isUnreserved ? 0n : boundOf(attempt).all;
    const known = larger(bound, bookedNanoUsd);
    if (cost > known) this.unseenNanoUsd += cost - known;
  }

  /** The cost is posted to every budget that counts it, in the window of the admission. */
  #posts(attempt: TrueAttempt, settlement: Settlement): void {
    const { id } = attempt;
    const { admittedAt, costNanoUsd, overageNanoUsd, postings, unknownHold } = settlement;
    const known = this.#admittedAt.get(id);
    if (known !== undefined && admittedAt !== known) {
      this.#fail(`${id} was admitted at ${known} and booked at ${admittedAt}`, id);
    }
    // One number is recorded for the attempt; of output alone there may be more above its share of the hold.
    const above = larger(overageNanoUsd, costOf(attempt).output - boundOf(attempt).output);
    this.#above(attempt, admittedAt, unknownHold || attempt.isUnreserved ? costNanoUsd : above);
    for (const counted of COUNTED) {
      if (!counts(counted, attempt)) continue;
      const key = keyOf(counted, attempt);
      const slice = this.slices.ofKey(attempt, key);
      const start = slice?.windowStart ?? windowStart(counted, admittedAt);
      if (attempt.draws && !slice) this.tallies.of(key, start).bookedAboveNanoUsd += costNanoUsd;
      const posting = postings.find(({ instance, window }) => {
        return instance.startsWith(`${key}@`) && window.start === start;
      });
      const isInForce = this.caps.certain?.budgets.some(({ name }) => name === counted.name);
      if (isInForce && !posting) this.#fail(`the cost of ${id} was not posted to ${key}`, id, key);
      const isPart = !counted.outputOnly && posting && posting.amountNanoUsd !== costNanoUsd;
      if (isPart) this.#fail(`the cost of ${id} was posted to ${key} in part`, id, key);
      const twice = postings.filter(({ instance }) => instance.startsWith(`${key}@`)).length > 1;
      if (twice) this.#fail(`the cost of ${id} was posted to ${key} twice`, id, key);
    }
  }

  released(id: string, outcome: string): void {
    if (outcome !== 'released') return;
    this.#world.trace.note('released', id);
    this.#released.add(id);
    const attempt = this.#attempt(id);
    if (attempt?.bill) this.#fail(`the hold of ${id} was released, and the provider had billed it`, id);
  }

  /** Nothing was set aside for it any more, and the ledger says so. */
  #late({ id }: TrueAttempt, { costNanoUsd, overageNanoUsd }: Settlement): void {
    this.#world.trace.count('booked after its close');
    if (overageNanoUsd !== costNanoUsd) {
      this.#fail(`${id} was closed and booked at ${costNanoUsd}, of it ${overageNanoUsd} as overage`, id);
    }
  }

  /** An operator closed what is unresolved of it. If that was billed, others may spend it once more: excluded by name. */
  closed(id: string, outcome: string): void {
    const attempt = this.#attempt(id);
    if (outcome !== 'released' || !attempt?.bill || this.#world.isClosing) return;
    this.#world.trace.note('closed by mistake', id);
    const cost = costOf(attempt);
    const bound = boundOf(attempt);
    if (attempt.bookings === 0) attempt.isClosed = true;
    else this.unseenNanoUsd += larger(0n, smaller(cost.all, bound.all) - attempt.bookedNanoUsd);
    if (attempt.isUnreserved) return;
    const admittedAt = this.#admittedAt.get(id) ?? 0;
    for (const counted of COUNTED) {
      if (!counts(counted, attempt)) continue;
      const key = keyOf(counted, attempt);
      const slice = this.slices.ofKey(attempt, key);
      // Counted as above what was held already.
      if (attempt.draws && !slice) continue;
      const freed = counted.outputOnly ? smaller(cost.output, bound.output) : smaller(cost.all, bound.all);
      this.tallies.of(key, slice?.windowStart ?? windowStart(counted, admittedAt)).aboveNanoUsd += freed;
    }
  }

  lost(holds: readonly HoldRecord[], reason: string): void {
    for (const { attemptId } of holds) this.#world.trace.note('unresolved', attemptId, reason);
  }

  /** What a client was told of something it had reported: nothing that cost money may be refused. */
  answered({ attempt_id, outcome, detail }: SettlementResult): void {
    this.#world.trace.count(`told: ${outcome}`);
    if (outcome !== 'invalid' && outcome !== 'conflict') return;
    const attempt = this.#attempt(attempt_id);
    if (!attempt?.bill || attempt.bookings > 0) return;
    this.#fail(`what was told of ${attempt_id} was refused as ${outcome}: ${detail}`, attempt_id);
  }

  // Attempts and the provider.

  /** A process admitted an attempt from its slices: all of its budgets, no more than was granted, and in time. */
  drawn(attempt: TrueAttempt, client: ClientProcess): void {
    const { time, trace } = this.#world;
    const { id, draws = [] } = attempt;
    const slices = this.slices.change(attempt, 1n);
    if (slices.length < draws.length) this.#fail(`${id} drew from slices that were never granted`, id);
    trace.count('drawn locally');
    for (const { id: slice, drawnNanoUsd, grantedNanoUsd, grantedAtMs, validMs } of slices) {
      if (drawnNanoUsd > grantedNanoUsd) this.#fail(`${slice} was drawn from beyond what was granted`, id, slice);
      const lateMs = time.now - grantedAtMs - validMs;
      if (lateMs > 0 && !client.isClockInDoubt)
        this.#fail(`${id} drew from ${slice} ${lateMs} ms after its end`, id, slice);
    }
    this.#drawsWhole(attempt, slices);
  }

  #drawsWhole(attempt: TrueAttempt, slices: readonly KnownSlice[]): void {
    // Granted by an earlier life of the server, which may have had another config: excluded by name.
    if (slices.some(({ grantedAtMs }) => grantedAtMs < this.#world.server.upAtMs)) return;
    const bound = boundOf(attempt);
    for (const budget of this.caps.certain?.budgets ?? []) {
      if (!counts(budget, attempt) || capOf(budget, attempt.workflow) === undefined) continue;
      const key = keyOf(budget, attempt);
      const slice = slices.find(({ instance }) => instance.startsWith(`${key}@`));
      const draw = attempt.draws?.find((each) => each.slice === slice?.id);
      const least = budget.outputOnly ? bound.output : bound.all;
      if (!draw) this.#fail(`${attempt.id} was admitted locally without a slice of ${key}`, attempt.id, key);
      else if (draw.amountNanoUsd < least && !budget.expected) {
        this.#fail(`${attempt.id} drew ${draw.amountNanoUsd} of ${key}, less than ${least}`, attempt.id, key);
      }
    }
  }

  /** It was never sent, and its draws went back into the slices. */
  putBack(attempt: TrueAttempt): void {
    this.slices.change(attempt, -1n);
  }

  /** The provider counts an attempt; answers its cost. */
  received(attempt: TrueAttempt): bigint {
    const { id } = attempt;
    const cost = costOf(attempt);
    if (cost.all > 0n) this.unbooked.add(attempt);
    if (attempt.isUnreserved) return cost.all;
    const admittedAt = this.#admittedAt.get(id) ?? this.#drawnAt(attempt);
    if (admittedAt === undefined) this.#fail(`${id} went out, and nothing is held for it`, id);
    else this.#count(attempt, cost, admittedAt);
    if (this.#released.has(id)) this.#fail(`${id} went out, and its hold had been released`, id);
    return cost.all;
  }

  /** Of an attempt that was admitted from slices: where it will be booked. */
  #drawnAt(attempt: TrueAttempt): number | undefined {
    if (!attempt.draws) return undefined;
    return Math.max(0, ...this.slices.of(attempt).map(({ grantedAt }) => grantedAt)) || this.#world.server.clock.wall();
  }

  #count(attempt: TrueAttempt, cost: Cost, admittedAt: number): void {
    const bound = boundOf(attempt);
    for (const counted of COUNTED) {
      if (!counts(counted, attempt)) continue;
      const key = keyOf(counted, attempt);
      const slice = this.slices.ofKey(attempt, key);
      const start = slice?.windowStart ?? windowStart(counted, admittedAt);
      const tally = this.tallies.of(key, start);
      const [billed, most] = counted.outputOnly ? [cost.output, bound.output] : [cost.all, bound.all];
      tally.billedNanoUsd += billed;
      if (attempt.draws && !slice) tally.aboveNanoUsd += billed;
      else if (billed > most) tally.aboveNanoUsd += billed - most;
      this.#isUnderCap(counted, key, start, attempt);
    }
  }

  /** Promise 1, by the provider's own count. */
  #isUnderCap(counted: Counted, key: string, start: number, attempt: TrueAttempt): void {
    const budget = this.caps.loosest(counted.name);
    const cap = budget && this.caps.allowed(budget, key);
    if (cap === undefined || start < windowStart(counted, this.caps.changedAt)) return;
    const { billedNanoUsd, aboveNanoUsd } = this.tallies.sum(key, oldestStart(counted, start), start);
    if (billedNanoUsd <= cap + aboveNanoUsd) return;
    const more = `${billedNanoUsd} of ${cap}, and only ${aboveNanoUsd} above what was held`;
    this.#fail(`the provider billed ${key} ${more}`, key, attempt.id);
  }
}
