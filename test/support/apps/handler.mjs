/**
 * What a platform runs that freezes between calls: each line of stdin is an event, each line of stdout an answer. The handler makes a
 * call; of event `fail` it throws after it. `BARE`: nobody flushes.
 */
import { createInterface } from 'node:readline';
import OpenAI from 'openai';
import { flushed } from '../../../src/index.ts';

const client = new OpenAI({ apiKey: 'k', baseURL: `${process.env.PROVIDER}/v1`, maxRetries: 0 });

async function call(event, context) {
  const { id } = await client.chat.completions.create({
    model: 'gpt-4.1',
    max_tokens: 100,
    messages: [{ role: 'user', content: event }],
  });
  if (event === 'fail') throw new RangeError('of the handler');
  return [event, context, id, this?.name];
}

const handler = process.env.BARE ? call : flushed(call);
for await (const event of createInterface({ input: process.stdin })) {
  const answer = await handler.call({ name: 'of the platform' }, event, 'context').catch(String);
  console.log(JSON.stringify(answer));
}
