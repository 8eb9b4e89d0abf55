/**
 * Drives the lease of this process: asks for slices along with heartbeats while there is something to ask for, tells the
 * journal of what is closed, and obeys recalls, whichever answer brings them. Its timers keep no process alive.
 */
import { LEASE_TICK_MS } from '../../domain/lease.ts';
import type { DurationMs } from '../../domain/time.ts';
import type { HeartbeatRequest, Recall, SliceWant, WireSlice } from '../../protocol/wire.ts';
import { now } from '../instant.ts';
import type { Journal } from '../journal.ts';
import { isObject } from '../rules.ts';
import type { Session } from '../session.ts';
import { type Closed, Lease, type LeaseAsk, type Want } from './lease.ts';

/** Wants of calls that come together go in one ask. */
const SOON_MS: DurationMs = 10;
/** Heartbeats between the regular ones, where slices run dry. */
const LEAST_APART_MS: DurationMs = 100;

export interface KeeperOptions {
  journal: Journal;
  newId: () => string;
  /** Attempts under way, when all slices are recalled. */
  reportOpen: () => void;
}

export class LeaseKeeper {
  readonly lease: Lease;
  readonly #options: KeeperOptions;
  #session: Session | undefined;
  #timer: NodeJS.Timeout | undefined;
  #asks = false;
  #dueAt = 0;
  #tickedAt = Number.NEGATIVE_INFINITY;
  #beatAt = Number.NEGATIVE_INFINITY;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.lease = new Lease(options.newId);
  }

  attach(session: Session): void {
    this.#session = session;
  }

  /** An attempt had to ask the server, or slices run low: perhaps there is something to ask for before the next tick. */
  look(): void {
    const at = performance.now();
    const soonest = at + Math.max(SOON_MS, LEAST_APART_MS - (at - this.#tickedAt));
    if (this.#timer === undefined || this.#dueAt > soonest) this.#tickAt(soonest);
  }

  #tickAt(at: number): void {
    clearTimeout(this.#timer);
    this.#dueAt = at;
    this.#timer = setTimeout(() => void this.#tick(), Math.max(0, at - performance.now())).unref();
  }

  async #tick(): Promise<void> {
    this.#timer = undefined;
    this.#tickedAt = performance.now();
    this.#tell(this.lease.closes(now()));
    if (!this.lease.busy(now())) return;
    const isRegular = this.#tickedAt - this.#beatAt >= LEASE_TICK_MS;
    if (!isRegular && !this.lease.wants(now())) return this.#tickAt(this.#beatAt + LEASE_TICK_MS);
    this.#beatAt = this.#tickedAt;
    this.#tickAt(this.#beatAt + LEASE_TICK_MS);
    await this.#session?.beat();
    // What was closed with the answer is told at once, for others may wait for it.
    this.#tell(this.lease.closes(now()));
  }

  #tell(closed: readonly Closed[]): void {
    const session = this.#session?.id;
    if (session === undefined) return;
    const { journal } = this.#options;
    for (const { slice, drawnNanoUsd } of closed) journal.addClose({ session, slice, drawn: drawnNanoUsd.toString() });
  }

  /** The lease's part of a heartbeat. */
  ask(): LeaseAsk {
    return this.lease.ask(now());
  }

  /** The first that is wanted starts the counting: from then on a lost ask must be known to be over. */
  toWire(ask: LeaseAsk): Pick<HeartbeatRequest, 'seq' | 'wants'> {
    this.#asks ||= ask.wants.length > 0;
    if (!this.#asks) return {};
    return ask.wants.length > 0 ? { seq: ask.seq, wants: ask.wants.map(wantToWire) } : { seq: ask.seq };
  }

  answered(ask: LeaseAsk, body: Record<string, unknown>): void {
    this.lease.answered(ask, readSlices(body.slices), now());
    this.obey(body.recall);
  }

  unanswered(ask: LeaseAsk): void {
    this.lease.unanswered(ask);
  }

  /** A recall may come with the answer to a heartbeat and to a batch of settlements. */
  obey(value: unknown): void {
    const recall = readRecall(value);
    if (!recall) return;
    this.lease.recalled(recall, now());
    if (recall.all) {
      this.#session?.askFromNowOn();
      this.#options.reportOpen();
    }
    this.#tell(this.lease.closes(now()));
  }

  rulesChanged(): void {
    this.lease.dropAll();
    this.#tell(this.lease.closes(now()));
  }

  /** The process may sleep from now on: nothing is kept back. */
  returnAll(): void {
    this.lease.returnAll();
    this.#tell(this.lease.closes(now()));
  }

  /** The session ends. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#tell(this.lease.end());
  }
}

function wantToWire({ slice, slot, amountNanoUsd, atLeastNanoUsd }: Want): SliceWant {
  return { slice, slot, amount: amountNanoUsd.toString(), at_least: atLeastNanoUsd.toString() };
}

function readSlices(value: unknown): WireSlice[] {
  if (!Array.isArray(value)) return [];
  return value.filter((slice): slice is WireSlice => isObject(slice) && typeof slice.slice === 'string');
}

function readRecall(value: unknown): Recall | undefined {
  if (!isObject(value)) return undefined;
  const recall: Recall = {};
  const { close, forget, all } = value;
  if (Array.isArray(close)) recall.close = close.filter((slot) => typeof slot === 'string');
  if (Array.isArray(forget)) recall.forget = forget.filter((slot) => typeof slot === 'string');
  if (all === true) recall.all = true;
  return recall;
}
