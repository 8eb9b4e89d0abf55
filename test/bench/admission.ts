/** What it takes to admit an attempt from slices: the client's part of a decision, without a call around it. */
import type { Instant } from '../../src/client/lease/clock.ts';
import { Lease } from '../../src/client/lease/lease.ts';
import { serialiseCard } from '../../src/pricing/card.ts';
import { createCatalogue } from '../../src/pricing/catalogue.ts';
import type { WireRoute } from '../../src/protocol/wire.ts';
import { median } from './measure.ts';

const NO_CEILING = { inputNanoUsdPerMillion: 1n, outputNanoUsdPerMillion: 1n, maxOutputTokens: 1 };
const catalogue = createCatalogue({ contracts: [], ceiling: NO_CEILING });

/** A route that goes on for as long as a bench, at public prices. */
export function routeOver(slots: number, provider: string, model: string): WireRoute {
  const card = serialiseCard(catalogue.card(provider, model, Date.now()));
  return {
    slots: Array.from({ length: slots }, (_, at) => ({ slot: `slot ${at}` })),
    decision: 'allow',
    valid_ms: 3_600_000,
    card: { provider, model, catalogue: '', card },
  };
}

const BATCH = 20_000;
const ROUNDS = 25;

export async function admission(): Promise<void> {
  for (const slots of [1, 6]) {
    for (const who of ['the same attribution', 'one of 300 customers'] as const) {
      const microseconds = time(slots, who === 'the same attribution' ? 1 : 300);
      console.log(
        `${slots} slot${slots === 1 ? ' ' : 's'}, ${who.padEnd(22)} ${microseconds.toFixed(2)} µs per admission`,
      );
    }
  }
}

function time(slots: number, customers: number): number {
  let ids = 0;
  const lease = new Lease(() => `slice ${++ids}`);
  const now = (): Instant => ({ wall: Date.now(), monotonicMs: performance.now() });
  const attempts = Array.from({ length: customers }, (_, at) => ({
    attribution: { service: 'support-api', team: 'support', customer: `c${at}`, api_key: 'fp:8254c329a92850f6d539' },
    provider: 'openai',
    model: 'gpt-4.1',
    bound: { inputTokens: 700, outputTokens: 300, audio: false },
  }));
  const route = routeOver(slots, 'openai', 'gpt-4.1');
  for (const attempt of attempts) {
    lease.routed(attempt, route, now());
    lease.admit(attempt, now());
  }
  const ask = lease.ask(now());
  const slices = ask.wants.map(({ slice }) => ({ slice, amount: '1000000000000000000', valid_ms: 60_000 }));
  lease.answered(ask, slices, now());
  const samples: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const started = process.threadCpuUsage();
    for (let at = 0; at < BATCH; at += 1) {
      if (!lease.admit(attempts[at % customers]!, now())) throw new Error('an attempt was not admitted');
    }
    const { user, system } = process.threadCpuUsage(started);
    if (round > 0) samples.push((user + system) / BATCH);
  }
  return median(samples);
}
