import { load } from './load.mjs';
import { collect, runCases } from './run-cases.mjs';

const { CohereClient, CohereClientV2 } = await load();
const options = { token: 'secret-of-cohere', environment: process.env.PROVIDER };
const first = new CohereClient(options);
const client = new CohereClientV2(options);
const body = { model: 'command-a-03-2025', messages: [{ role: 'user', content: 'Grüße, 世界' }], maxTokens: 100 };
const older = { model: 'command-a-03-2025', message: 'Grüße, 世界', maxTokens: 100 };
const step = (name, rest) => ({ headers: { 'x-step': name, 'x-step-once': crypto.randomUUID() }, ...rest });

await runCases({
  json: () => client.chat(body),
  'json withRawResponse': async () => {
    const { data, rawResponse } = await client.chat(body).withRawResponse();
    return { data, status: rawResponse.status };
  },
  'json in parallel': () => Promise.all([client.chat(body), client.chat(body)]),
  stream: async () => collect(await client.chatStream(body)),
  'stream break': async () => {
    const seen = [];
    for await (const event of await client.chatStream(body, step('slow'))) {
      seen.push(event);
      if (seen.length === 3) break;
    }
    return seen;
  },
  'stream abort': async () => {
    const controller = new AbortController();
    const seen = [];
    for await (const event of await client.chatStream(body, step('slow', { abortSignal: controller.signal }))) {
      seen.push(event);
      if (seen.length === 2) controller.abort();
    }
    return seen.slice(0, 2); // What else had arrived by then is the network's business.
  },
  'stream cut': async () => collect(await client.chatStream(body, step('cut'))),
  'aborted before': () => client.chat(body, { abortSignal: AbortSignal.abort() }),
  timeout: () => client.chat(body, step('hang', { timeoutInSeconds: 1.5, maxRetries: 0 })),
  400: () => client.chat(body, step('400')),
  '429 then ok': () => client.chat(body, step('429')),
  'first version json': () => first.chat(older),
  'first version stream': async () => collect(await first.chatStream(older)),
  'first version stream break': async () => {
    const seen = [];
    for await (const event of await first.chatStream(older, step('slow'))) {
      seen.push(event);
      if (seen.length === 3) break;
    }
    return seen;
  },
  embeddings: () =>
    client.embed({ model: 'embed-v4.0', texts: ['hi'], inputType: 'search_query', embeddingTypes: ['float'] }),
  rerank: () => client.rerank({ model: 'rerank-v3.5', query: 'hi', documents: ['a', 'b'] }),
});
