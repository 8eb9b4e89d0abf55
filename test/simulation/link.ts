/**
 * One server's connection to the ledger. Steps take their time and are done in the order in which they were asked for. A step
 * may fail with nothing done, or be done and the server die before it hears of it. When a server is dead nothing answers
 * it any more, and what it had asked for last may or may not be done.
 */
import { type Ledger, LedgerUnavailable } from '../../src/ledger/ledger.ts';
import type { World } from './world.ts';

const READS: ReadonlySet<string> = new Set([
  'latestTime',
  'holds',
  'openHolds',
  'accounts',
  'settlements',
  'usage',
  'events',
  'liveEvents',
  'revisions',
  'verify',
]);

type Step = (...args: unknown[]) => Promise<unknown>;

export class LedgerLink {
  readonly ledger: Ledger;
  readonly #world: World;
  #isDead = false;
  #freeAt = 0;
  #queued = 0;

  constructor(world: World) {
    this.#world = world;
    this.ledger = new Proxy(world.ledger, {
      get: (_, name: string) => {
        if (name === 'then') return undefined;
        return (...args: unknown[]) => this.#step(name, args);
      },
    });
  }

  /** The server is gone. */
  cut(): void {
    this.#isDead = true;
  }

  #step(name: string, args: unknown[]): Promise<unknown> {
    const { time, random, faults } = this.#world;
    if (this.#isDead) return new Promise(() => {});
    const delay = random.chance(0.5) ? 0 : random.skewed(1, faults.isLedgerSlow ? 400 : 12);
    if (faults.failsLedger(!READS.has(name))) return this.#failed(name, delay);
    this.#freeAt = Math.max(this.#freeAt, time.now + delay);
    if (this.#freeAt <= time.now && this.#queued === 0) return this.#done(name, args);
    this.#queued += 1;
    return new Promise((resolve, reject) => {
      time.after(this.#freeAt - time.now, () => {
        this.#queued -= 1;
        // What was under way when the server died is done sometimes.
        if (this.#isDead && !random.chance(0.5)) return;
        this.#done(name, args).then(resolve, reject);
      });
    });
  }

  #failed(name: string, delay: number): Promise<never> {
    const { time, trace } = this.#world;
    trace.note('ledger fails', name);
    return new Promise((_, reject) => {
      time.after(delay, () => {
        if (!this.#isDead) reject(new LedgerUnavailable('ledger simulated: the disk is full; make room'));
      });
    });
  }

  async #done(name: string, args: unknown[]): Promise<unknown> {
    const { ledger, faults } = this.#world;
    const outcome = await (ledger[name as keyof Ledger] as Step).apply(ledger, args);
    if (this.#isDead) return new Promise(() => {});
    if (!READS.has(name) && faults.killsServerAfterCommit()) {
      this.#world.server.crash('after a commit, before its reply');
      return new Promise(() => {});
    }
    return outcome;
  }
}
