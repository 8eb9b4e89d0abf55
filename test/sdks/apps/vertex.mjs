import { load } from './load.mjs';
import { collect, collectGarbage, runCases } from './run-cases.mjs';

const { AnthropicVertex } = await load();

const url = process.env.PROVIDER;
/** In place of one of google-auth-library: what it is asked for is the headers of a request. */
const authClient = {
  projectId: 'p',
  getRequestHeaders: async () => new Headers({ authorization: 'Bearer ya29.secret' }),
};
const options = { region: 'us-east5', projectId: 'p', authClient, baseURL: `${url}/v1` };
const client = new AnthropicVertex(options);
const body = { model: 'claude-sonnet-4-5@20250929', max_tokens: 100, messages: [{ role: 'user', content: 'Grüße' }] };
const stream = { ...body, stream: true };
const step = (name) => ({ headers: { 'x-step': name } });
const create = (request, opts) => client.messages.create(request, opts);
const weather = { name: 'weather', input_schema: { type: 'object', properties: { city: { type: 'string' } } } };
const passOn = { middleware: [(request, next) => next(request)] };
/** The path as Vertex AI has it, without its SDK. */
const plain = (verb, request, init) =>
  fetch(`${url}/v1/projects/p/locations/global/publishers/anthropic/models/claude-haiku-4-5:${verb}`, {
    method: 'POST',
    body: JSON.stringify({ anthropic_version: 'vertex-2023-10-16', ...request, model: undefined }),
    ...init,
  });

await runCases({
  json: () => create(body),
  'json withResponse': async () => {
    const { data, response } = await create(body).withResponse();
    return { data, status: response.status, path: new URL(response.url).pathname };
  },
  'json in parallel': () => Promise.all([create(body), create(body)]),
  'json unread': async () => {
    await (async () => void (await create(body).asResponse()).status)();
    await collectGarbage();
  },
  'beta json': () => client.beta.messages.create({ ...body, betas: ['interleaved-thinking-2025-05-14'] }),
  'tool use': () => create({ ...body, tools: [weather] }),
  stream: async () => collect(await create(stream)),
  'stream helper': async () => client.messages.stream(body).finalMessage(),
  'stream tee': async () => {
    const [left, right] = (await create(stream)).tee();
    return Promise.all([collect(left), collect(right)]);
  },
  'stream break': async () => {
    let seen = 0;
    for await (const _ of await create(stream, step('slow'))) {
      seen += 1;
      if (seen === 3) break;
    }
  },
  'stream controller.abort': async () => {
    const events = await create(stream, step('slow'));
    let seen = 0;
    for await (const _ of events) {
      seen += 1;
      if (seen === 3) events.controller.abort();
    }
  },
  'stream cut': async () => collect(await create(stream, step('cut'))),
  'aborted before': () => create(body, { signal: AbortSignal.abort() }),
  timeout: () => create(body, { ...step('hang'), timeout: 1000, maxRetries: 0 }),
  400: () => create(body, step('400')),
  '429 then ok': () => create(body, step('429')),
  'stream 500 then ok': async () => collect(await create(stream, step('500'))),
  'nobody listens': () =>
    new AnthropicVertex({ ...options, baseURL: 'http://127.0.0.1:4/v1', maxRetries: 0 }).messages.create(body),
  'no credentials': () => {
    const refused = { ...authClient, getRequestHeaders: () => Promise.reject(new Error('no credentials')) };
    return new AnthropicVertex({ ...options, authClient: refused, maxRetries: 0 }).messages.create(body);
  },
  middleware: () => create(body, passOn),
  'middleware and a stream': async () => collect(await create(stream, passOn)),
  'tokens counted': () => client.messages.countTokens({ model: body.model, messages: body.messages }),
  'plain json': async () => (await plain('rawPredict', body)).json(),
  'plain stream': async () => (await plain('streamRawPredict', stream)).text(),
  'plain 429': async () => (await plain('rawPredict', body, { headers: { 'x-step': '429' } })).status,
});
