import { load } from './load.mjs';
import { collect, runCases } from './run-cases.mjs';

// This SDK sends a clone of its request, and Node loses the abort or timeout of a clone once the garbage collector has come by
// (nodejs/node#55428), which holds it by a weak reference: the call hangs, with us or without. Here references hold.
globalThis.WeakRef = class {
  #target;
  constructor(target) {
    this.#target = target;
  }
  deref() {
    return this.#target;
  }
};

const { Mistral } = await load();
const client = new Mistral({ apiKey: 'secret-of-mistral', serverURL: process.env.PROVIDER });
const body = { model: 'mistral-large-latest', messages: [{ role: 'user', content: 'Grüße, 世界' }], maxTokens: 100 };
const backoff = { initialInterval: 1, maxInterval: 5, exponent: 1.5, maxElapsedTime: 30_000 };
const retries = { strategy: 'backoff', backoff, retryConnectionErrors: false };
const step = (name, rest) => ({ headers: { 'x-step': name, 'x-step-once': crypto.randomUUID() }, ...rest });
const tool = { type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } };

await runCases({
  json: () => client.chat.complete(body),
  'json in parallel': () => Promise.all([client.chat.complete(body), client.chat.complete(body)]),
  tools: () => client.chat.complete({ ...body, tools: [tool] }),
  stream: async () => collect(await client.chat.stream(body)),
  'stream break': async () => {
    const seen = [];
    for await (const event of await client.chat.stream(body, step('slow'))) {
      seen.push(event);
      if (seen.length === 3) break;
    }
    return seen;
  },
  'stream abort': async () => {
    const controller = new AbortController();
    const seen = [];
    const options = step('slow', { fetchOptions: { signal: controller.signal } });
    for await (const event of await client.chat.stream(body, options)) {
      seen.push(event);
      if (seen.length === 2) controller.abort();
    }
    return seen.slice(0, 2); // What else had arrived by then is the network's business.
  },
  'stream cut': async () => collect(await client.chat.stream(body, step('cut'))),
  'aborted before': () => client.chat.complete(body, { fetchOptions: { signal: AbortSignal.abort() } }),
  timeout: () => client.chat.complete(body, step('hang', { timeoutMs: 1500 })),
  400: () => client.chat.complete(body, step('400')),
  '429 then ok': () => client.chat.complete(body, step('429', { retries })),
  embeddings: () => client.embeddings.create({ model: 'mistral-embed', inputs: ['hi'] }),
});
