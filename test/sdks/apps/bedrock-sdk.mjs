import { load } from './load.mjs';
import { collect, collectGarbage, lines, runCases } from './run-cases.mjs';

const { AnthropicBedrock } = await load();

// A request that is signed cannot be rewritten where only fetch sees it, so in a bundle it bears a key.
const signed = { awsAccessKey: 'AKIASECRET', awsSecretKey: 'secret', awsSessionToken: 'secret' };
const auth = process.env.LOAD === 'bundle' ? { apiKey: 'bedrock-secret' } : signed;
const options = { awsRegion: 'us-east-1', baseURL: process.env.PROVIDER, ...auth };
const client = new AnthropicBedrock(options);
const body = {
  model: 'us.anthropic.claude-haiku-4-5-20251001-v1:0',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'Grüße' }],
};
const stream = { ...body, stream: true };
const step = (name) => ({ headers: { 'x-step': name } });
const create = (request, opts) => client.messages.create(request, opts);
const weather = { name: 'weather', input_schema: { type: 'object', properties: { city: { type: 'string' } } } };
const passOn = { middleware: [(request, next) => next(request)] };
const long = { ...body, messages: [{ role: 'user', content: 'Grüße, 世界. '.repeat(2000) }] };

await runCases({
  json: () => create(body),
  'json signed': () => new AnthropicBedrock({ ...options, apiKey: undefined, ...signed }).messages.create(body),
  'json with a key': () =>
    new AnthropicBedrock({
      awsRegion: 'us-east-1',
      baseURL: options.baseURL,
      apiKey: 'bedrock-secret',
    }).messages.create(body),
  'json withResponse': async () => {
    const { data, response } = await create(body).withResponse();
    return { data, status: response.status, path: new URL(response.url).pathname };
  },
  'json of 30 KB': () => create(long),
  'json in parallel': () => Promise.all([create(body), create(body)]),
  'json asResponse, text()': async () => (await create(body).asResponse()).text(),
  'json unread': async () => {
    await (async () => void (await create(body).asResponse()).status)();
    await collectGarbage();
  },
  'json cut': () => create(body, { ...step('cut'), maxRetries: 0 }),
  'beta json': () => client.beta.messages.create({ ...body, betas: ['interleaved-thinking-2025-05-14'] }),
  'beta stream': async () => collect(await client.beta.messages.create(stream)),
  'tool and its result': async () => {
    const asked = await create({ ...body, tools: [weather] });
    const result = { type: 'tool_result', tool_use_id: asked.content[0].id, content: 'rain' };
    const turns = [
      { role: 'assistant', content: asked.content },
      { role: 'user', content: [result] },
    ];
    return [asked, await create({ ...body, tools: [weather], messages: [...body.messages, ...turns] })];
  },
  stream: async () => collect(await create(stream)),
  'stream withResponse': async () => {
    const { data, response } = await create(stream).withResponse();
    return { events: await collect(data), status: response.status, type: response.headers.get('content-type') };
  },
  'stream asResponse, body': async () => lines((await create(stream).asResponse()).body),
  'stream tee': async () => {
    const [left, right] = (await create(stream)).tee();
    return Promise.all([collect(left), collect(right)]);
  },
  'stream toReadableStream': async () => lines((await create(stream)).toReadableStream()),
  'stream helper': async () => {
    const helper = client.messages.stream(body);
    const seen = [];
    helper.on('text', (delta) => seen.push(delta));
    return { seen, final: await helper.finalMessage() };
  },
  // The SDK waits for one more event then. In a bundle it is chance how many have been read at fetch by that time.
  ...(process.env.LOAD !== 'bundle' && {
    'stream break': async () => {
      let seen = 0;
      for await (const _ of await create(stream)) {
        seen += 1;
        if (seen === 3) break;
      }
    },
    'stream unread': async () => {
      await (async () => void (await create(stream)))();
      await collectGarbage();
    },
  }),
  'stream controller.abort': async () => {
    const events = await create(stream, step('slow'));
    let seen = 0;
    for await (const _ of events) {
      seen += 1;
      if (seen === 3) events.controller.abort();
    }
  },
  'stream helper abort': async () => {
    const helper = client.messages.stream(body, step('slow'));
    helper.on('streamEvent', () => setTimeout(() => helper.abort(), 20));
    return helper.finalMessage();
  },
  'stream cut': async () => collect(await create(stream, step('cut'))),
  'aborted before': () => create(body, { signal: AbortSignal.abort() }),
  'aborted while waiting': () => create(body, { ...step('hang'), signal: AbortSignal.timeout(1000) }),
  timeout: () => create(body, { ...step('hang'), timeout: 1000, maxRetries: 0 }),
  'timeout then ok': () => create(body, { ...step('hang'), timeout: 1000, maxRetries: 1 }),
  400: () => create(body, step('400')),
  '429 then ok': () => create(body, step('429')),
  '500, no retry': () => create(body, { ...step('500'), maxRetries: 0 }),
  'stream 500 then ok': async () => collect(await create(stream, step('500'))),
  'nobody listens': () =>
    new AnthropicBedrock({ ...options, baseURL: 'http://127.0.0.1:4', maxRetries: 0 }).messages.create(body),
  'own fetch': () => new AnthropicBedrock({ ...options, fetch: (...args) => fetch(...args) }).messages.create(body),
  withOptions: () => client.withOptions({ timeout: 5000, ...auth }).messages.create(body),
  middleware: () => create(body, passOn),
  'middleware and a stream': async () => collect(await create(stream, passOn)),
});
