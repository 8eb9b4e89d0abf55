/**
 * A second, tiny ledger written another way: no projection and no slice that shrinks; every balance is summed from the list
 * of attempts and of slices each time, and what a slice holds from what attempts took of it.
 */
import { T0 } from './fixtures.ts';

export const HOUR = 3_600_000;
export const INSTANCES = ['calendar|a', 'calendar|b', 'rolling|', 'soft|'];
/** Of a budget with `holds: expected`: promised no cap, and forgiven. */
export const EXPECTED = 'soft|';
/** Of a budget that comes into being on the way: holds adopt it, whether it has room or not. */
export const ADOPTED = 'adopted|';
export const CAP = 100n;

export interface Account {
  instance: string;
  window: { start: number; end: number };
  since: number;
}
/** What an attempt has, or had, set aside on an account. `remainder`: of it, what an estimate left unresolved. */
interface Part {
  account: Account;
  amount: bigint;
  remainder: bigint;
}
export interface Attempt {
  state: 'held' | 'unresolved' | 'settled' | 'released' | 'written_off';
  amount: bigint;
  parts: Part[];
  /** Where the cost is posted. */
  posts: Account[];
  cost: bigint;
  isBooked: boolean;
  remainder: bigint;
  overage: bigint;
  since: number;
  forgiven: boolean;
  expiresAt: number;
}
export interface Slice {
  state: 'held' | 'unresolved' | 'released' | 'written_off';
  account: Account;
  granted: bigint;
  taken: bigint[];
  freed: bigint;
  drawn?: bigint;
  since: number;
  expiresAt: number;
}
export type Draws = [slice: string, amount: bigint][];

const most = (a: bigint, b: bigint) => (a > b ? a : b);
const least = (a: bigint, b: bigint) => (a < b ? a : b);
const same = (a: Account, b: Account) => a.instance === b.instance && a.window.start === b.window.start;

/** A rolling window of two hours, in buckets of one; the others are days. */
export function accountAt(instance: string, hour: number): Account {
  const unit = instance === 'rolling|' ? HOUR : 24 * HOUR;
  const start = T0 + Math.floor((hour * HOUR) / unit) * unit;
  return { instance, window: { start, end: start + unit }, since: instance === 'rolling|' ? start - HOUR : start };
}

export class Model {
  readonly attempts = new Map<string, Attempt>();
  readonly slices = new Map<string, Slice>();
  hour = 0;

  get now(): number {
    return T0 + this.hour * HOUR;
  }

  counted(instance: string): { spent: bigint; unresolved: bigint; held: bigint } {
    const sum = { spent: 0n, unresolved: 0n, held: 0n };
    const { since } = accountAt(instance, this.hour);
    const counts = (account: Account) => account.instance === instance && account.window.end > since;
    for (const { state, parts, posts, cost, isBooked, forgiven } of this.attempts.values()) {
      for (const { account, amount, remainder } of parts) {
        if (!counts(account)) continue;
        if (state === 'held') sum.held += amount;
        if (state === 'unresolved' && !(forgiven && instance === EXPECTED)) sum.unresolved += amount;
        if (state === 'settled') sum.unresolved += remainder;
      }
      if (isBooked) sum.spent += cost * BigInt(posts.filter(counts).length);
    }
    for (const slice of this.slices.values()) {
      if (!counts(slice.account)) continue;
      if (slice.state === 'held') sum.held += this.left(slice);
      if (slice.state === 'unresolved') sum.unresolved += this.left(slice);
    }
    return sum;
  }

  left({ granted, taken, freed }: Slice): bigint {
    return taken.reduce((left, amount) => left - amount, granted - freed);
  }

  /** By how much settlements passed what was set aside for them, of those that count in the instance now. */
  overage(instance: string): bigint {
    const { since } = accountAt(instance, this.hour);
    const settled = [...this.attempts.values()].filter(({ posts }) => {
      return posts.some((account) => account.instance === instance && account.window.end > since);
    });
    return settled.reduce((sum, { overage }) => sum + overage, 0n);
  }

  #refusal(instances: readonly string[], amount: bigint): string | undefined {
    const sums = instances.map((instance) => this.counted(instance));
    if (sums.some(({ spent, unresolved }) => spent + unresolved + amount > CAP)) return 'exhausted';
    if (sums.some(({ spent, unresolved, held }) => spent + unresolved + held + amount > CAP)) return 'contended';
    return undefined;
  }

  #attempt(amount: bigint, more: Partial<Attempt>): Attempt {
    const none = {
      parts: [],
      posts: [],
      cost: 0n,
      isBooked: false,
      remainder: 0n,
      overage: 0n,
      since: 0,
      forgiven: false,
      expiresAt: 0,
    };
    return { state: 'held', amount, ...none, ...more };
  }

  reserve(id: string, amount: bigint, instances: readonly string[], expiresAt: number): string {
    const known = this.attempts.get(id);
    // The digest is the same for every reserve, so only its state decides.
    if (known) return known.state === 'held' || known.state === 'unresolved' ? 'granted' : 'conflict';
    const refusal = this.#refusal(instances, amount);
    if (refusal) return refusal;
    const accounts = instances.map((instance) => accountAt(instance, this.hour));
    const parts = accounts.map((account) => ({ account, amount, remainder: 0n }));
    this.attempts.set(id, this.#attempt(amount, { parts, posts: accounts, expiresAt }));
    return 'granted';
  }

  slice(id: string, granted: bigint, instance: string, expiresAt: number): string {
    const known = this.slices.get(id);
    if (known) return known.state === 'held' || known.state === 'unresolved' ? 'granted' : 'conflict';
    const refusal = this.#refusal([instance], granted);
    if (refusal) return refusal;
    const account = accountAt(instance, this.hour);
    this.slices.set(id, { state: 'held', account, granted, taken: [], freed: 0n, since: 0, expiresAt });
    return 'granted';
  }

  split(id: string, amount: bigint, draws: Draws, expiresAt: number): string {
    if (this.attempts.has(id)) return 'known';
    this.attempts.set(id, this.#drawn(amount, draws, expiresAt));
    return 'split';
  }

  /** Takes what is there of each slice; the attempt is as uncertain as the most uncertain of them. */
  #drawn(amount: bigint, draws: Draws, expiresAt: number): Attempt {
    const attempt = this.#attempt(amount, { expiresAt, since: this.now });
    const missing = new Map<string, bigint>();
    for (const [id, drawn] of draws) {
      const slice = this.slices.get(id);
      const taken = slice ? least(drawn, this.left(slice)) : 0n;
      const key = slice ? `${slice.account.instance} ${slice.account.window.start}` : 'unknown';
      if (slice?.account.instance !== EXPECTED) missing.set(key, (missing.get(key) ?? 0n) + drawn - taken);
      if (!slice) continue;
      if (!attempt.posts.some((account) => same(account, slice.account))) attempt.posts.push(slice.account);
      if (taken === 0n) continue;
      if (slice.state === 'unresolved') attempt.state = 'unresolved';
      const part = attempt.parts.find(({ account }) => same(account, slice.account));
      if (part) part.amount += taken;
      else attempt.parts.push({ account: slice.account, amount: taken, remainder: 0n });
      slice.taken.push(taken);
      this.#endSlice(slice);
    }
    attempt.amount = most(0n, amount - [...missing.values()].reduce(most, 0n));
    return attempt;
  }

  /** One that is closed, or of unknown fate, is over when nothing is in it. */
  #endSlice(slice: Slice): void {
    if (this.left(slice) > 0n) return;
    if (slice.state === 'unresolved' || (slice.state === 'held' && slice.drawn !== undefined)) slice.state = 'released';
  }

  close(id: string, drawn: bigint): string {
    const slice = this.slices.get(id);
    if (!slice) return 'unknown';
    if (slice.state !== 'held' && slice.state !== 'unresolved') return 'already_released';
    if (slice.drawn !== undefined && slice.drawn >= drawn) return 'already_released';
    slice.drawn = drawn;
    const untold = most(
      0n,
      slice.taken.reduce((left, amount) => left - amount, drawn),
    );
    slice.freed += most(0n, this.left(slice) - untold);
    this.#endSlice(slice);
    return 'released';
  }

  settle(id: string, cost: bigint, remainder: bigint, drawn?: { amount: bigint; draws: Draws }): string {
    let attempt = this.attempts.get(id);
    if (attempt?.isBooked) return attempt.cost === cost ? 'duplicate' : 'conflict';
    if (attempt?.state === 'released' || attempt?.state === 'written_off') {
      // The provider has charged, and nothing is set aside for it any more.
      Object.assign(attempt, { isBooked: true, cost, overage: cost });
      return 'settled';
    }
    const isKnown = attempt !== undefined || drawn?.draws.some(([slice]) => this.slices.has(slice));
    attempt ??= isKnown ? this.#drawn(drawn!.amount, drawn!.draws, 0) : this.#attempt(0n, {});
    attempt.remainder = isKnown ? least(remainder, most(0n, attempt.amount - cost)) : 0n;
    for (const part of attempt.parts) {
      const gone = attempt.forgiven && part.account.instance === EXPECTED;
      part.remainder = gone ? 0n : least(attempt.remainder, most(0n, part.amount - cost));
    }
    attempt.overage = isKnown ? most(0n, cost - attempt.amount) : 0n;
    this.attempts.set(id, Object.assign(attempt, { state: 'settled', isBooked: true, cost, since: this.now }));
    return 'settled';
  }

  adopt(id: string, amount: bigint): number {
    const attempt = this.attempts.get(id);
    const account = accountAt(ADOPTED, this.hour);
    if (!attempt || attempt.parts.some((part) => same(part.account, account))) return 0;
    const isLive = attempt.state === 'held' || attempt.state === 'unresolved';
    if (!isLive && attempt.remainder === 0n) return 0;
    attempt.parts.push({ account, amount, remainder: isLive ? 0n : least(amount, attempt.remainder) });
    // What is settled already was not posted there; that is for a backfill.
    if (isLive) attempt.posts.push(account);
    return 1;
  }

  release(id: string): void {
    const hold = this.attempts.get(id) ?? this.slices.get(id);
    if (hold?.state === 'held') this.#end(hold, 'released');
  }

  #end(hold: Attempt | Slice, state: 'released' | 'written_off'): void {
    if ('granted' in hold) hold.freed += this.left(hold);
    hold.state = state;
  }

  lose(which: (id: string, hold: Attempt | Slice) => boolean): void {
    for (const [id, hold] of [...this.attempts, ...this.slices]) {
      if (hold.state !== 'held' || !which(id, hold)) continue;
      Object.assign(hold, { state: 'unresolved', since: this.now });
      if ('granted' in hold) this.#endSlice(hold);
    }
  }

  writeOff(id: string): void {
    const hold = this.attempts.get(id) ?? this.slices.get(id);
    if (hold?.state === 'unresolved') this.#end(hold, 'written_off');
    else if (hold && 'remainder' in hold) {
      hold.remainder = 0n;
      for (const part of hold.parts) part.remainder = 0n;
    }
  }

  forgive(before: number): number {
    let changed = 0;
    for (const hold of [...this.attempts.values(), ...this.slices.values()]) {
      if (hold.since < before && ('granted' in hold ? this.#forgiveSlice(hold) : forgiveAttempt(hold))) changed += 1;
    }
    return changed;
  }

  #forgiveSlice(slice: Slice): boolean {
    if (slice.state !== 'unresolved' || slice.account.instance !== EXPECTED) return false;
    this.#end(slice, 'released');
    return true;
  }
}

function forgiveAttempt(attempt: Attempt): boolean {
  const soft = attempt.parts.filter(({ account }) => account.instance === EXPECTED);
  if (attempt.state === 'unresolved') {
    if (attempt.forgiven || soft.every(({ amount }) => amount === 0n)) return false;
    attempt.forgiven = true;
    return true;
  }
  if (attempt.state !== 'settled' || soft.every(({ remainder }) => remainder === 0n)) return false;
  for (const part of soft) part.remainder = 0n;
  if (attempt.parts.every(({ remainder }) => remainder === 0n)) attempt.remainder = 0n;
  return true;
}
