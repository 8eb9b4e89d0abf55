/** Times CALLS calls of one size, WORKERS at a time, at BASE_URL: prints how long each took, in ms. */
import OpenAI from 'openai';
import { MODEL, promptOf, STEADY } from './calls.ts';

const { BASE_URL, API_KEY, WORKERS, CALLS } = process.env;
const client = new OpenAI({ baseURL: BASE_URL, apiKey: API_KEY, maxRetries: 0 });
const messages = [{ role: 'user' as const, content: promptOf(STEADY) }];

async function run(times: number): Promise<number[]> {
  const took: number[] = [];
  let left = times;
  const worker = async () => {
    while (left-- > 0) {
      const began = performance.now();
      await client.chat.completions.create({ model: MODEL, max_tokens: STEADY.maxTokens, messages });
      took.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: Number(WORKERS) }, worker));
  return took;
}

// What comes first pays for connections and compilers.
await run(Number(WORKERS) * 4);
process.stdout.write(`${JSON.stringify(await run(Number(CALLS)))}\n`);
