import { load } from './load.mjs';
import { collect, runCases } from './run-cases.mjs';

const url = process.env.PROVIDER;
const sdk = await load();
const Sdk = sdk.default;
const isGroq = process.env.PACKAGE.startsWith('groq');
const client = new Sdk({ apiKey: 'sk-secret-of-sdk', baseURL: isGroq ? url : `${url}/v1`, maxRetries: 2 });
const body = { model: 'llama-3.3-70b', messages: [{ role: 'user', content: 'Grüße, 世界' }], max_tokens: 100 };
const stream = { ...body, stream: true };
const step = (name, rest) => ({ headers: { 'x-step': name, 'x-step-once': crypto.randomUUID() }, ...rest });
const create = (what, options) => client.chat.completions.create(what, options);
const tool = { type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } };

await runCases({
  json: () => create(body),
  'json withResponse': async () => {
    const { data, response } = await create(body).withResponse();
    return { data, status: response.status };
  },
  'json asResponse': async () => (await create(body).asResponse()).json(),
  'json in parallel': () => Promise.all([create(body), create(body)]),
  tools: () => create({ ...body, tools: [tool] }),
  stream: async () => collect(await create(stream)),
  'stream tee': async () => {
    const [left, right] = (await create(stream)).tee();
    return Promise.all([collect(left), collect(right)]);
  },
  'stream break': async () => {
    const seen = [];
    for await (const event of await create(stream, step('slow'))) {
      seen.push(event);
      if (seen.length === 3) break;
    }
    return seen;
  },
  'stream abort': async () => {
    const events = await create(stream, step('slow'));
    const seen = [];
    for await (const event of events) {
      seen.push(event);
      if (seen.length === 3) events.controller.abort();
    }
    return seen.slice(0, 3); // What else had arrived by then is the network's business.
  },
  'stream cut': async () => collect(await create(stream, step('cut'))),
  'aborted before': () => create(body, { signal: AbortSignal.abort() }),
  timeout: () => create(body, step('hang', { timeout: 1500, maxRetries: 0 })),
  400: () => create(body, step('400')),
  '429 then ok': () => create(body, step('429')),
  embeddings: () => client.embeddings.create({ model: 'some-embedding', input: 'hi' }),
});
