/** What the clients ask for: calls of every size and fate, drawn from a seed. */
import type { Random } from '../simulation/random.ts';
import type { Step } from './provider.ts';

/**
 * - `mixed`: short calls, and among them refusals, breaks, aborts and hangs
 * - `agents`: long `max_tokens` of which little is used, as agents call; each may cost up to 1 % of a $1 cap
 */
export type Profile = 'mixed' | 'agents';

const SDKS = ['openai', 'anthropic'] as const;

export interface Order {
  sdk: (typeof SDKS)[number];
  stream: boolean;
  /** Bytes of the prompt. */
  promptBytes: number;
  maxTokens: number;
  /** Of `maxTokens`, what is written. */
  share: number;
  step: Step;
  latencyMs: number;
  /** The caller gives up after so many ms, */
  abortAfterMs?: number;
  /** or leaves the stream after so many events. */
  leaveAfter?: number;
}

/** What a worker asks for once it is refused more: who is refused even this has nothing left to spend. */
export const SMALLEST: Order = {
  sdk: 'openai',
  stream: false,
  promptBytes: 8,
  maxTokens: 8,
  share: 1,
  step: 'ok',
  latencyMs: 20,
};

export function drawOrder(profile: Profile, random: Random): Order {
  return profile === 'mixed' ? mixed(random) : agent(random);
}

/** Nobody will ever know the whole of it: the ledger has to keep what it may have cost. */
export function isBroken({ step, abortAfterMs, leaveAfter }: Order): boolean {
  return step === 'cut' || step === 'hang' || abortAfterMs !== undefined || leaveAfter !== undefined;
}

function mixed(random: Random): Order {
  const order: Order = {
    sdk: random.pick(SDKS),
    stream: random.chance(0.4),
    promptBytes: random.skewed(10, 1_500),
    maxTokens: random.pick([16, 32, 64, 64, 128, 128, 256, 512]),
    // Now and then all that was allowed, so that a bound that is too low shows.
    share: random.chance(0.2) ? 1 : random.share(),
    step: random.weighted({ ok: 0.915, '429': 0.04, '500': 0.03, cut: 0.01, hang: 0.005 }),
    latencyMs: random.skewed(100, 1_500),
  };
  if (order.step === 'hang' || random.chance(0.015)) order.abortAfterMs = random.whole(0, 400);
  else if (order.stream && random.chance(0.02)) order.leaveAfter = random.whole(1, 5);
  return order;
}

function agent(random: Random): Order {
  const sdk = random.pick(SDKS);
  return {
    sdk,
    stream: true,
    promptBytes: random.whole(200, 800),
    // Either comes to between 0.3 % and 1 % of a dollar.
    maxTokens: sdk === 'openai' ? random.whole(700, 2_400) : random.whole(280, 960),
    share: 0.05 + random.share() * 0.25,
    step: 'ok',
    latencyMs: random.whole(150, 350),
  };
}
