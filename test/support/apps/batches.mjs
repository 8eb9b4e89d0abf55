/** Starts a batch for one customer and reads it back for nobody in particular, with a fetch of its own where `OWN` says so. */
import OpenAI from 'openai';
import { flush, withAttribution } from '../../../src/index.ts';

const bare = globalThis.fetch;
const own = (url, init) => bare(url, init);
const options = { apiKey: 'sk-secret', baseURL: `${process.env.PROVIDER}/v1`, maxRetries: 0 };
const client = new OpenAI(process.env.OWN ? { ...options, fetch: own } : options);
const start = () =>
  client.batches.create({ input_file_id: 'one', endpoint: '/v1/chat/completions', completion_window: '24h' });

let seen;
try {
  if (!process.env.READ_ONLY) await withAttribution({ customer: 'acme' }, start);
  const { status } = await client.batches.retrieve('batch_one');
  await client.batches.list();
  seen = { result: status };
} catch (error) {
  seen = { error: { name: error.name, status: error.status } };
}
await flush();
console.log(JSON.stringify(seen));
