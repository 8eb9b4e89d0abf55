/** What the clients ask for, and what the provider makes of it: the sizes of the torture test, drawn from a seed. */
import type { Random } from '../../simulation/random.ts';

export const MODEL = 'peer-chat';
/** Nano-USD per token. */
export const PRICE = { input: 400n, output: 1_600n };

export interface Order {
  words: number;
  maxTokens: number;
  /** Of `maxTokens`, what is written. */
  share: number;
  latencyMs: number;
}

export function drawOrder(random: Random): Order {
  return {
    words: random.skewed(4, 300),
    maxTokens: random.pick([16, 32, 64, 64, 128, 128, 256, 512]),
    share: random.chance(0.2) ? 1 : random.share(),
    latencyMs: random.whole(20, 250),
  };
}

/** Calls of one size, for latencies. */
export const STEADY: Order = { words: 40, maxTokens: 64, share: 1, latencyMs: 20 };

/** Proxies pass on no headers, so what the provider shall do stands in the prompt. */
export function promptOf({ words, share, latencyMs }: Order): string {
  return `${share.toFixed(3)} ${latencyMs} ${'fuse '.repeat(words)}`.trim();
}

/** The provider bills a token for a word, as tokenizers do with a short word, and the rest of the request with seven. */
export function billOf(prompt: string, maxTokens: number) {
  const [share, latencyMs] = prompt.split(' ', 2).map(Number);
  const input = prompt.split(' ').length + 7;
  const output = Math.max(1, Math.floor(maxTokens * share!));
  const nanoUsd = BigInt(input) * PRICE.input + BigInt(output) * PRICE.output;
  return { latencyMs: latencyMs!, input, output, nanoUsd };
}
