import { load } from './load.mjs';
import { collect, collectGarbage, lines, runCases } from './run-cases.mjs';

const { Anthropic } = await load();
const { jsonSchemaOutputFormat } = await load('/helpers/json-schema');
const { betaTool } = await load('/helpers/beta/json-schema');

const url = process.env.PROVIDER;
const options = { apiKey: 'sk-ant-secret', baseURL: url };
const client = new Anthropic(options);
const body = { model: 'claude-haiku-4-5', max_tokens: 100, messages: [{ role: 'user', content: 'Grüße' }] };
const stream = { ...body, stream: true };
const step = (name) => ({ headers: { 'x-step': name } });
const create = (request, opts) => client.messages.create(request, opts);
const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const weather = { name: 'weather', description: 'The weather of a city', input_schema: schema };
const runnable = betaTool({
  name: 'weather',
  description: 'The weather of a city',
  inputSchema: schema,
  run: ({ city }) => `rain in ${city}`,
});
const long = { ...body, messages: [{ role: 'user', content: 'Grüße, 世界. '.repeat(2000) }] };
const answer = {
  type: 'object',
  properties: { answer: { type: 'number' } },
  required: ['answer'],
  additionalProperties: false,
};
const own = {
  id: 'msg_own',
  type: 'message',
  role: 'assistant',
  content: [],
  model: body.model,
  stop_reason: 'end_turn',
};
const usage = { input_tokens: 40, output_tokens: 12 };
const legacy = { model: 'claude-2.1', max_tokens_to_sample: 100, prompt: '\n\nHuman: Grüße\n\nAssistant:' };
const batchOf = (...names) => ({ requests: names.map((custom_id) => ({ custom_id, params: body })) });

await runCases({
  'messages json': () => create(body),
  'messages json withResponse': async () => {
    const { data, request_id } = await create(body).withResponse();
    return { data, request_id };
  },
  'messages json of 30 KB': () => create(long),
  'messages json in parallel': () => Promise.all([create(body), create(body), create(body)]),
  'messages json asResponse': async () => (await create(body).asResponse()).json(),
  'messages json asResponse, text()': async () => (await create(body).asResponse()).text(),
  'messages json asResponse, clone()': async () => {
    const response = await create(body).asResponse();
    const copy = response.clone();
    return [await copy.json(), await response.json()];
  },
  'messages json unread': async () => {
    await (async () => void (await create(body).asResponse()).status)();
    await collectGarbage();
  },
  'messages json cut': () => create(body, { ...step('cut'), maxRetries: 0 }),
  'messages parse': async () => {
    const output_config = { format: jsonSchemaOutputFormat(answer) };
    return (await client.messages.parse({ ...body, output_config })).parsed_output;
  },
  'messages tool and its result': async () => {
    const asked = await create({ ...body, tools: [weather] });
    const result = { type: 'tool_result', tool_use_id: asked.content[0].id, content: 'rain' };
    const messages = [
      ...body.messages,
      { role: 'assistant', content: asked.content },
      { role: 'user', content: [result] },
    ];
    return [asked, await create({ ...body, tools: [weather], messages })];
  },
  'messages beta json': () => client.beta.messages.create(body),
  'messages beta json with headers': () =>
    client.beta.messages.create({ ...body, betas: ['interleaved-thinking-2025-05-14'] }),
  'messages beta stream': async () => collect(await client.beta.messages.create(stream)),
  'messages beta stream helper': async () => client.beta.messages.stream(body).finalMessage(),
  'messages beta stream break': async () => {
    for await (const event of await client.beta.messages.create(stream, step('slow')))
      if (event.type === 'content_block_delta') break;
  },
  'messages beta toolRunner': () => client.beta.messages.toolRunner({ ...body, tools: [runnable] }),
  'messages beta toolRunner stream': async () => {
    const seen = [];
    for await (const message of client.beta.messages.toolRunner({ ...stream, tools: [runnable] }))
      seen.push(await message.finalMessage());
    return seen;
  },
  'messages stream': async () => collect(await create(stream)),
  'messages stream withResponse': async () => {
    const { data, response } = await create(stream).withResponse();
    return { events: await collect(data), status: response.status, type: response.headers.get('content-type') };
  },
  'messages stream asResponse, body': async () => lines((await create(stream).asResponse()).body),
  'messages stream tee': async () => {
    const [left, right] = (await create(stream)).tee();
    return Promise.all([collect(left), collect(right)]);
  },
  'messages stream toReadableStream': async () => lines((await create(stream)).toReadableStream()),
  'messages stream helper': async () => {
    const helper = client.messages.stream(body);
    const seen = [];
    helper.on('text', (delta) => seen.push(delta));
    return { seen, final: await helper.finalMessage() };
  },
  'messages stream break': async () => {
    const seen = [];
    for await (const event of await create(stream, step('slow'))) {
      seen.push(event);
      if (seen.length === 3) break;
    }
    return seen;
  },
  'messages stream helper abort': async () => {
    const helper = client.messages.stream(body, step('slow'));
    helper.on('streamEvent', () => setTimeout(() => helper.abort(), 20));
    return helper.finalMessage();
  },
  'messages stream controller.abort': async () => {
    const events = await create(stream, step('slow'));
    const seen = [];
    for await (const event of events) {
      seen.push(event);
      if (seen.length === 3) events.controller.abort();
    }
    return seen;
  },
  'messages stream signal': async () => {
    const controller = new AbortController();
    let seen = 0;
    for await (const _ of await create(stream, { ...step('slow'), signal: controller.signal })) {
      seen += 1;
      if (seen === 2) setTimeout(() => controller.abort(), 5);
    }
  },
  'messages stream unread': async () => {
    await (async () => void (await create(stream)))();
    await collectGarbage();
  },
  'messages aborted while waiting': () => create(body, { ...step('hang'), signal: AbortSignal.timeout(1000) }),
  'messages aborted before': () => create(body, { signal: AbortSignal.abort() }),
  'messages 400': () => create(body, step('400')),
  'messages 429 then ok': () => create(body, step('429')),
  'messages stream 500 then ok': async () => collect(await create(stream, step('500'))),
  'messages stream cut': async () => collect(await create(stream, step('cut'))),
  'messages timeout': () => create(body, { ...step('hang'), timeout: 1000, maxRetries: 0 }),
  'messages timeout then ok': () => create(body, { ...step('hang'), timeout: 1000, maxRetries: 1 }),
  'messages 500, no retry': () => create(body, { ...step('500'), maxRetries: 0 }),
  'messages nobody listens': () =>
    new Anthropic({ ...options, baseURL: 'http://127.0.0.1:4', maxRetries: 0 }).messages.create(body),
  'messages own fetch': () => new Anthropic({ ...options, fetch: (...args) => fetch(...args) }).messages.create(body),
  'messages own fetch, not the global one': () =>
    new Anthropic({ ...options, fetch: async () => Response.json({ ...own, usage }) }).messages.create(body),
  'messages withOptions': () => client.withOptions({ timeout: 5000 }).messages.create(body),
  'messages subclass': () => new (class Own extends Anthropic {})(options).messages.create(body),
  'messages middleware': () => create(body, { middleware: [(request, next) => next(request)] }),
  'messages middleware of the client': () =>
    new Anthropic({ ...options, middleware: [(request, next) => next(request)] }).messages.create(body),
  'batch created': () => client.messages.batches.create(batchOf('left')),
  'batch created and its results read': async () => {
    const { id } = await client.messages.batches.create(batchOf('one', 'bad', 'two'));
    return { id, results: await collect(await client.messages.batches.results(id)) };
  },
  'batch results read twice, of another process': async () => [
    await collect(await client.messages.batches.results('msgbatch_three.four')),
    await collect(await client.beta.messages.batches.results('msgbatch_three.four')),
  ],
  'batch of something wrong': () => client.messages.batches.create({ requests: 'none' }, step('400')),
  'tokens counted': () => client.messages.countTokens({ model: body.model, messages: body.messages }),
  'beta tokens counted': () => client.beta.messages.countTokens({ model: body.model, messages: body.messages }),
  ...(client.completions && {
    'legacy completion': () => client.completions.create(legacy),
    'legacy completion stream': async () => collect(await client.completions.create({ ...legacy, stream: true })),
    'legacy completion stream break': async () => {
      for await (const _ of await client.completions.create({ ...legacy, stream: true }, step('slow'))) break;
    },
  }),
});
