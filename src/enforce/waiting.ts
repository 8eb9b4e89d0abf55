/**
 * Who waits for live holds to end. First come, first served: an attempt waits behind every earlier one that stands in a
 * line with it, so that a small one cannot starve a large one, and overtakes those with which it stands in none.
 *
 * A line is an account at a cap. A higher cap need not wait for who is stuck below a lower one (a conditional threshold
 * that pauses batch work must not hold up production), but the lower waits for the higher, whose room it would take. Who
 * is stuck on the share of its own token stands **aside**: only that token's attempts wait behind it.
 */
import type { NanoUsd } from '../domain/money.ts';

export interface Line {
  account: string;
  capNanoUsd: NanoUsd;
  /** The token on whose share it is stuck. */
  aside?: string;
}

export interface Waiter {
  /** The lines it stands in, as of its last try: a new config may change them. */
  lines(): readonly Line[];
  /** Tries again; answers whether it is done waiting (granted, or denied for good). Must not throw. */
  retry(): Promise<boolean>;
}

interface Place {
  waiter: Waiter;
  /** Ascending: who came first. */
  ticket: number;
  lines: readonly Line[];
  trying?: Promise<void>;
  /** Something was freed while it tried. */
  again: boolean;
}

/** Places in one line, in the order of their tickets. */
interface Queue {
  line: Line;
  places: Set<Place>;
}

/** Whoever waits costs a connection and a look at what is freed: beyond these, the answer is to come again. */
const PLACES = 4_096;

export class WaitingRoom {
  readonly #places = new Map<Waiter, Place>();
  readonly #queues = new Map<string, Queue[]>();
  readonly #most: number;
  #tickets = 0;

  constructor(places = PLACES) {
    this.#most = places;
  }

  get size(): number {
    return this.#places.size;
  }

  /** Whoever comes now is better told to come again. */
  get isFull(): boolean {
    return this.#places.size >= this.#most;
  }

  /** Whether somebody waits whom an attempt that comes now would have to wait behind. */
  isAhead(lines: readonly Line[]): boolean {
    return lines.some((line) => this.#queuesOf(line.account).some((queue) => isBefore(queue.line, line)));
  }

  /** Whether anybody waits for room in this account. */
  isWaitedFor(account: string): boolean {
    return this.#queuesOf(account).some(({ line }) => line.aside === undefined);
  }

  /** All such accounts. */
  waitedFor(): ReadonlySet<string> {
    if (this.#queues.size === 0) return NOTHING;
    return new Set([...this.#queues.keys()].filter((account) => this.isWaitedFor(account)));
  }

  add(waiter: Waiter): void {
    this.#tickets += 1;
    const place: Place = { waiter, ticket: this.#tickets, lines: [], again: false };
    this.#places.set(waiter, place);
    this.#standIn(place, waiter.lines());
  }

  leave(waiter: Waiter): void {
    const place = this.#places.get(waiter);
    if (!place) return;
    this.#places.delete(waiter);
    this.#standIn(place, []);
  }

  /**
   * Something was freed, in these accounts or who knows where: everybody whose turn it is tries, and whoever goes lets the
   * next try. Those whose turn it is share no line, so they try at once, and each tries once at a time.
   */
  async wake(accounts: Iterable<string> = [...this.#queues.keys()]): Promise<void> {
    const first = new Set<Place>();
    for (const account of accounts) {
      for (const { places } of this.#queuesOf(account)) {
        const [place] = places;
        first.add(place!);
      }
    }
    await Promise.all([...first].map((place) => this.#advance(place)));
  }

  #advance(place: Place): Promise<void> {
    if (place.trying) place.again = true;
    else if (this.#isNext(place)) place.trying = this.#tryOut(place);
    return place.trying ?? Promise.resolve();
  }

  async #tryOut(place: Place): Promise<void> {
    const { waiter } = place;
    const stoodIn = place.lines;
    let isDone = false;
    do {
      place.again = false;
      isDone = await waiter.retry();
      if (isDone) this.leave(waiter);
      else if (this.#places.has(waiter)) this.#standIn(place, waiter.lines());
    } while (!isDone && place.again && this.#isNext(place));
    delete place.trying;
    if (isDone || place.lines !== stoodIn) await this.wake(stoodIn.map(({ account }) => account));
  }

  /** Nobody who came earlier stands before it. */
  #isNext(place: Place): boolean {
    if (!this.#places.has(place.waiter)) return false;
    return place.lines.every((line) =>
      this.#queuesOf(line.account).every((queue) => {
        const [first] = queue.places;
        return !isBefore(queue.line, line) || first!.ticket >= place.ticket;
      }),
    );
  }

  #queuesOf(account: string): readonly Queue[] {
    return this.#queues.get(account) ?? NONE;
  }

  #standIn(place: Place, lines: readonly Line[]): void {
    if (areSame(place.lines, lines)) return;
    for (const line of place.lines) this.#leaveLine(place, line);
    for (const line of lines) this.#joinLine(place, line);
    place.lines = lines;
  }

  #joinLine(place: Place, line: Line): void {
    const queues = this.#queues.get(line.account) ?? [];
    this.#queues.set(line.account, queues);
    const queue = queues.find((each) => isSame(each.line, line));
    if (!queue) queues.push({ line, places: new Set([place]) });
    else if (place.ticket === this.#tickets) queue.places.add(place);
    // One that changes its line keeps its turn, or two could wait for each other.
    else queue.places = new Set([...queue.places, place].sort((one, other) => one.ticket - other.ticket));
  }

  #leaveLine(place: Place, line: Line): void {
    const queues = this.#queues.get(line.account) ?? [];
    const index = queues.findIndex((each) => isSame(each.line, line));
    const queue = queues[index];
    if (!queue?.places.delete(place) || queue.places.size > 0) return;
    queues.splice(index, 1);
    if (queues.length === 0) this.#queues.delete(line.account);
  }
}

const NONE: readonly Queue[] = [];
const NOTHING: ReadonlySet<string> = new Set();

/** Whether who stands in the one line goes before who comes later to the other, which is of the same account. */
function isBefore(one: Line, other: Line): boolean {
  return one.capNanoUsd >= other.capNanoUsd && (one.aside === undefined || one.aside === other.aside);
}

function isSame(one: Line, other: Line): boolean {
  return one.account === other.account && one.capNanoUsd === other.capNanoUsd && one.aside === other.aside;
}

function areSame(some: readonly Line[], others: readonly Line[]): boolean {
  return some.length === others.length && some.every((line, index) => isSame(line, others[index]!));
}
