/** `CALLS` calls, one after the other or `PARALLEL`; prints what came of each: `ok`, or the code of its error. */
import OpenAI from 'openai';

const client = new OpenAI({ apiKey: 'k', baseURL: `${process.env.PROVIDER}/v1`, maxRetries: 0 });
const messages = [{ role: 'user', content: 'x'.repeat(400) }];
const pauseMs = Number(process.env.PAUSE_MS ?? 0);

async function call() {
  try {
    await client.chat.completions.create({ model: 'gpt-4.1', max_tokens: 100, messages });
    return 'ok';
  } catch (error) {
    return error.code ?? error.name;
  }
}

const outcomes = [];
const count = Number(process.env.CALLS ?? 1);
if (process.env.PARALLEL) outcomes.push(...(await Promise.all(Array.from({ length: count }, call))));
else
  for (let made = 0; made < count; made++) {
    if (made > 0 && pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    outcomes.push(await call());
  }
console.log(JSON.stringify(outcomes));
