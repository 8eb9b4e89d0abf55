import type { Clocks } from '../../src/enforce/clock.ts';

interface Event {
  at: number;
  seq: number;
  call: (() => void) | undefined;
}

/** Time as the simulation has it: a queue of what is to happen, in order. Nothing waits for a real clock. */
export class VirtualTime {
  /** Milliseconds since the world began. */
  now = 0;
  readonly #heap: Event[] = [];
  #seq = 0;

  /** Calls back after a while; answers how to call it off. */
  after(ms: number, call: () => void): () => void {
    const event: Event = { at: this.now + ms, seq: this.#seq, call };
    this.#seq += 1;
    this.#push(event);
    return () => {
      event.call = undefined;
    };
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  /** The next event, with time moved on to it. Undefined when nothing is left. */
  next(): (() => void) | undefined {
    for (;;) {
      const event = this.#pop();
      if (!event) return undefined;
      if (!event.call) continue;
      // After a leap there are events that are overdue.
      if (event.at > this.now) this.now = event.at;
      return event.call;
    }
  }

  /** Everything stands still for so long, as when a whole host is paused. */
  leap(ms: number): void {
    this.now += ms;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (isBefore(heap[parent]!, event)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (isBefore(last, heap[child]!)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.seq < b.seq);
}

/** The two clocks of one machine, over virtual time. */
export class MachineClock implements Clocks {
  readonly #time: VirtualTime;
  #wallOffset: number;
  #stoppedMs = 0;

  constructor(time: VirtualTime, wallAtStart: number) {
    this.#time = time;
    this.#wallOffset = wallAtStart - time.now;
  }

  wall(): number {
    return this.#time.now + this.#wallOffset;
  }

  monotonicMs(): number {
    return this.#time.now - this.#stoppedMs;
  }

  after(ms: number, call: () => void): () => void {
    return this.#time.after(ms, call);
  }

  /** The wall clock is set: by an operator, by NTP, by a hypervisor. */
  step(ms: number): void {
    this.#wallOffset += ms;
  }

  /** The monotonic clock did not see the last so many milliseconds (a suspend on Linux). */
  missed(ms: number): void {
    this.#stoppedMs += ms;
  }
}
