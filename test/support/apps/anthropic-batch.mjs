/** Creates a batch of two messages and prints what came of it. */
import Anthropic from '@anthropic-ai/sdk';
import { flush } from '../../../src/index.ts';

const client = new Anthropic({ apiKey: 'k', baseURL: process.env.PROVIDER });
const params = { model: 'claude-opus-5', messages: [{ role: 'user', content: 'hi' }] };
const requests = [
  { custom_id: 'one', params: { ...params, max_tokens: 1000 } },
  { custom_id: 'two', params: { ...params, max_tokens: 100 } },
];
const seen = await client.messages.batches.create({ requests }).then(
  ({ id }) => ({ id }),
  ({ name, status, code }) => ({ name, status, code }),
);
await flush();
console.log(JSON.stringify(seen));
