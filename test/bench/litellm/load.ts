/**
 * One client process: WORKERS concurrent callers with the plain openai SDK at BASE_URL. A caller gives up when it was refused
 * ten times in a row, a tenth of a second apart: neither side says whether money may come back. One line of JSON at the end.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { Random } from '../../simulation/random.ts';
import { drawOrder, MODEL, type Order, promptOf } from './calls.ts';

export interface Fare {
  /** ms that a call took beyond what the provider took, for each that was answered. */
  addedMs: number[];
  /** Epoch ms. */
  lastAnsweredAt: number;
  /** Epoch ms of each. */
  deniedAt: number[];
  /** Calls that neither were answered nor denied: the way there was down. */
  failed: number;
  failures: string[];
}

const { BASE_URL, API_KEY, WORKERS, SEED, GIVE_UP_AT } = process.env;
const client = new OpenAI({ baseURL: BASE_URL, apiKey: API_KEY, maxRetries: 0 });
const PAUSE_MS = 100;
const REFUSALS_IN_A_ROW = 10;

const fare: Fare = { addedMs: [], lastAnsweredAt: 0, deniedAt: [], failed: 0, failures: [] };

async function work(random: Random): Promise<void> {
  for (let refusals = 0; refusals < REFUSALS_IN_A_ROW && Date.now() < Number(GIVE_UP_AT); ) {
    const outcome = await call(drawOrder(random));
    if (outcome !== 'answered') await sleep(PAUSE_MS);
    if (outcome === 'answered') refusals = 0;
    if (outcome === 'denied') refusals += 1;
  }
}

async function call(order: Order): Promise<'answered' | 'denied' | 'failed'> {
  const began = performance.now();
  const messages = [{ role: 'user' as const, content: promptOf(order) }];
  try {
    await client.chat.completions.create({ model: MODEL, max_tokens: order.maxTokens, messages });
    fare.addedMs.push(performance.now() - began - order.latencyMs);
    fare.lastAnsweredAt = Date.now();
    return 'answered';
  } catch (error) {
    if (isDenial(error as Error)) {
      fare.deniedAt.push(Date.now());
      return 'denied';
    }
    fare.failed += 1;
    if (fare.failures.length < 3) fare.failures.push(String(error));
    return 'failed';
  }
}

/** That nobody could be asked is no word about the budget. */
function isDenial({ name, type, code }: Error & { type?: string; code?: string }): boolean {
  return type === 'budget_exceeded' || (name === 'BudgetExceededError' && code !== 'unreachable');
}

const random = new Random(Number(SEED));
const seeds = Array.from({ length: Number(WORKERS) }, () => random.whole(1, 2 ** 31));
await Promise.all(seeds.map((seed) => work(new Random(seed))));
process.stdout.write(`${JSON.stringify(fare)}\n`);
