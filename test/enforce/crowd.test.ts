import { describe, expect, it } from 'vitest';
import { createEnforcer } from '../../src/enforce/create.ts';
import type { Enforcer } from '../../src/enforce/enforcer.ts';
import { createMemoryLedger } from '../../src/ledger/memory.ts';
import { attempt, configOf, NOBODY, START, used } from './world.ts';

/** A small seeded generator (mulberry32): numbers from 0 to 1. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Time that jumps from one appointment to the next, once nothing more happens by itself. */
class Schedule {
  now = 0;
  readonly #calls: { at: number; call: () => void }[] = [];

  readonly clocks = {
    wall: () => START + this.now,
    monotonicMs: () => this.now,
    after: (ms: number, call: () => void) => this.after(ms, call),
  };

  after(ms: number, call: () => void): () => void {
    const entry = { at: this.now + ms, call };
    this.#calls.push(entry);
    return () => {
      const index = this.#calls.indexOf(entry);
      if (index >= 0) this.#calls.splice(index, 1);
    };
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  async runUntil(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await new Promise((resolve) => setImmediate(resolve));
      const [first] = this.#calls.toSorted((one, other) => one.at - other.at);
      if (!first) return;
      this.#calls.splice(this.#calls.indexOf(first), 1);
      this.now = Math.max(this.now, first.at);
      first.call();
    }
  }
}

interface Crowd {
  seed: number;
  agents: number;
  /** Worst case of each call, of a limit of a million. */
  bounds: readonly number[];
  terms?: string;
  /** How long a call takes. */
  callMs?: { least: number; most: number };
  maxWait?: string;
}

const SHORT_CALLS = { least: 200, most: 1_000 };
const LONG_CALLS = { least: 2_000, most: 10_000 };

/** Agents who call one after the other, each using 5 to 30 % of its bound, until one of them is denied. */
async function crowd({ seed, agents, bounds, terms = '', callMs = SHORT_CALLS, maxWait = '5s' }: Crowd) {
  const random = randomOf(seed);
  const schedule = new Schedule();
  const config = configOf(
    `budgets: [{ name: cap, owner: team, window: month, limit: 1, hard: block${terms} }]\nlimits: { max_wait: ${maxWait} }\n`,
  );
  const enforcer: Enforcer = await createEnforcer({
    config,
    ledger: createMemoryLedger(),
    clocks: schedule.clocks,
    sweepEveryMs: 0,
  });
  const seen = { calls: 0, waited: 0, shortened: 0, denied: undefined as string | undefined, spentAtDenial: 0 };
  const spent = async () => Number((await enforcer.budgets())[0]!.spentNanoUsd / 1_000n);
  const call = async (session: string): Promise<void> => {
    const bound = bounds[Math.floor(random() * bounds.length)]!;
    const request = attempt(bound, { session });
    const patience = { signal: new AbortController().signal, onWait: () => (seen.waited += 1) };
    const answer = await enforcer.reserve(request, NOBODY, patience);
    if (!('granted' in answer)) {
      seen.spentAtDenial ||= await spent();
      seen.denied ??= 'denied' in answer ? answer.denied.code : 'refused';
      return;
    }
    seen.calls += 1;
    if (answer.granted.rewrite) seen.shortened += 1;
    const most = answer.granted.rewrite?.max_output_tokens ?? bound;
    await schedule.sleep(callMs.least + Math.floor(random() * (callMs.most - callMs.least)));
    const tokens = Math.min(most, Math.ceil(bound * (0.05 + 0.25 * random())));
    await enforcer.settle(request.attempt_id, used(tokens), NOBODY);
  };
  for (let agent = 0; agent < agents; agent += 1) {
    const session = `s${agent}`;
    await enforcer.openSession({ session, attribution: {} }, NOBODY);
    void (async () => {
      while (seen.denied === undefined) await call(session);
    })();
  }
  await schedule.runUntil(() => seen.denied !== undefined);
  const [view] = await enforcer.budgets();
  const most = Number((view!.spentNanoUsd + view!.reservedNanoUsd) / 1_000n);
  return { ...seen, share: seen.spentAtDenial / 1_000_000, most: most / 1_000_000 };
}

const SEEDS = [1, 2];

describe('fifty agents with long outputs under one strict cap', () => {
  it.each([
    ['of one size', { bounds: [2_000] }],
    ['of many sizes', { bounds: [100, 500, 2_000, 4_000] }],
    // Who stands behind fifty long calls has to wait for several of them.
    ['that take seconds', { bounds: [2_000], callMs: LONG_CALLS, maxWait: '30s' }],
  ])('%s spend 98 percent of it before anybody is denied', async (_, how) => {
    for (const seed of SEEDS) {
      const seen = await crowd({ seed, agents: 50, ...how });
      expect(seen.share, `seed ${seed}`).toBeGreaterThanOrEqual(0.98);
      expect(seen.most, `seed ${seed}`).toBeLessThanOrEqual(1);
      expect(seen.waited, `seed ${seed}`).toBeGreaterThan(0);
    }
  });

  it('never hold or spend more than it when their outputs are shortened to what is left', async () => {
    for (const seed of SEEDS) {
      const seen = await crowd({ seed, agents: 50, bounds: [8_000], terms: ', clamp_output: { at_least: 100 }' });
      expect(seen.shortened, `seed ${seed}`).toBeGreaterThan(0);
      expect(seen.most, `seed ${seed}`).toBeLessThanOrEqual(1);
    }
  });
});
