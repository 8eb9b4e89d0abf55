import { z } from 'zod';
import { load } from './load.mjs';
import { mediaCases } from './openai-media.mjs';
import { collect, collectGarbage, lines, runCases } from './run-cases.mjs';

const { OpenAI, AzureOpenAI } = await load();
const { zodResponseFormat, zodTextFormat } = await load('/helpers/zod');

const url = process.env.PROVIDER;
const options = { apiKey: 'sk-secret-of-openai', baseURL: `${url}/v1`, maxRetries: 2 };
const client = new OpenAI(options);
const azure = new AzureOpenAI({ apiKey: 'azure-secret', endpoint: url, apiVersion: '2026-01-01' });
const messages = [{ role: 'user', content: 'Grüße, 世界' }];
const chat = { model: 'gpt-4.1', messages, max_tokens: 100 };
const stream = { ...chat, stream: true };
const step = (name) => ({ headers: { 'x-step': name } });
const create = (body, opts) => client.chat.completions.create(body, opts);

await runCases({
  'chat json': () => create(chat),
  'chat json withResponse': async () => {
    const { data, response, request_id } = await create(chat).withResponse();
    return { data, request_id, status: response.status, url: response.url === `${url}/v1/chat/completions` };
  },
  'chat json asResponse, json()': async () => {
    const response = await create(chat).asResponse();
    return { body: await response.json(), used: response.bodyUsed, real: response instanceof Response };
  },
  'chat json asResponse, text()': async () => (await create(chat).asResponse()).text(),
  'chat json asResponse, arrayBuffer()': async () =>
    Buffer.from(await (await create(chat).asResponse()).arrayBuffer()).toString(),
  'chat json asResponse, clone()': async () => {
    const response = await create(chat).asResponse();
    const copy = response.clone();
    return [await copy.json(), await response.json()];
  },
  'chat json asResponse, body': async () => lines((await create(chat).asResponse()).body),
  'chat json asResponse, unread': async () => {
    await (async () => void (await create(chat).asResponse()).status)();
    await collectGarbage();
  },
  'chat json parse': async () => {
    const response_format = zodResponseFormat(z.object({ answer: z.number() }), 'answer');
    const { choices } = await client.chat.completions.parse({ ...chat, response_format });
    return choices[0].message.parsed;
  },
  'chat json in parallel': () => Promise.all([create(chat), create(chat), create(chat)]),
  'chat stream': async () => collect(await create(stream)),
  'chat stream with usage': async () => collect(await create({ ...stream, stream_options: { include_usage: true } })),
  'chat stream with other stream options': async () =>
    collect(await create({ ...stream, stream_options: { include_obfuscation: false } })),
  'chat stream withResponse': async () => {
    const { data, response } = await create(stream).withResponse();
    return { events: await collect(data), status: response.status, type: response.headers.get('content-type') };
  },
  'chat stream asResponse, text()': async () => lines([Buffer.from(await (await create(stream).asResponse()).text())]),
  'chat stream asResponse, body': async () => lines((await create(stream).asResponse()).body),
  'chat stream tee': async () => {
    const [left, right] = (await create(stream)).tee();
    return Promise.all([collect(left), collect(right)]);
  },
  'chat stream tee, one branch left': async () => {
    const [left, right] = (await create(stream)).tee();
    for await (const _ of left) break;
    return collect(right);
  },
  'chat stream toReadableStream': async () => lines((await create(stream)).toReadableStream()),
  'chat stream helper': async () => {
    const helper = client.chat.completions.stream(chat);
    const seen = [];
    helper.on('content', (delta) => seen.push(delta));
    return { seen, content: await helper.finalContent() };
  },
  'chat stream helper with usage': async () => {
    const helper = client.chat.completions.stream({ ...chat, stream_options: { include_usage: true } });
    return { final: await helper.finalChatCompletion(), usage: await helper.totalUsage() };
  },
  'chat runTools': async () => {
    const weather = {
      type: 'function',
      function: {
        name: 'weather',
        parameters: { type: 'object', properties: {} },
        parse: JSON.parse,
        function: ({ city }) => `rain in ${city}`,
      },
    };
    return client.chat.completions.runTools({ ...chat, tools: [weather] }).finalContent();
  },
  'chat stream break': async () => {
    const seen = [];
    for await (const event of await create(stream, step('slow'))) {
      seen.push(event);
      if (seen.length === 3) break;
    }
    return seen;
  },
  'chat stream controller.abort': async () => {
    const events = await create(stream, step('slow'));
    const seen = [];
    for await (const event of events) {
      seen.push(event);
      if (seen.length === 3) events.controller.abort();
    }
    return seen.slice(0, 3); // What had arrived by then is chance.
  },
  'chat stream signal': async () => {
    const controller = new AbortController();
    const seen = [];
    for await (const event of await create(stream, { ...step('slow'), signal: controller.signal })) {
      seen.push(event);
      if (seen.length === 2) setTimeout(() => controller.abort(), 5);
    }
    return seen.slice(0, 2);
  },
  'chat stream unread': async () => {
    await (async () => void (await create(stream)))();
    await collectGarbage();
  },
  'chat aborted before': () => create(chat, { signal: AbortSignal.abort() }),
  'chat aborted while waiting': () => create(chat, { ...step('hang'), signal: AbortSignal.timeout(1000) }),
  'chat timeout': () => create(chat, { ...step('hang'), timeout: 1000, maxRetries: 0 }),
  'chat 400': () => create(chat, step('400')),
  'chat 429 then ok': () => create(chat, step('429')),
  'chat stream 500 then ok': async () => collect(await create(stream, step('500'))),
  'chat 500, no retry': () => create(chat, { ...step('500'), maxRetries: 0 }),
  'chat stream cut': async () => collect(await create(stream, step('cut'))),
  'chat json cut': () => create(chat, { ...step('cut'), maxRetries: 0 }),
  'chat nobody listens': () =>
    new OpenAI({ ...options, baseURL: 'http://127.0.0.1:4/v1', maxRetries: 0 }).chat.completions.create(chat),
  'chat own fetch': () => new OpenAI({ ...options, fetch: (...args) => fetch(...args) }).chat.completions.create(chat),
  'chat own fetch, not the global one': () => {
    const own = async () =>
      new Response(
        JSON.stringify({
          id: 'own',
          model: 'gpt-4.1',
          choices: [],
          usage: {
            prompt_tokens: 40,
            completion_tokens: 12,
            total_tokens: 52,
            prompt_tokens_details: { cached_tokens: 16 },
          },
        }),
        { headers: { 'content-type': 'application/json' } },
      );
    return new OpenAI({ ...options, fetch: own }).chat.completions.create(chat);
  },
  'chat withOptions': () => client.withOptions({ timeout: 5000 }).chat.completions.create(chat),
  'chat subclass': () => new (class Own extends OpenAI {})(options).chat.completions.create(chat),
  'chat azure': () => azure.chat.completions.create(chat),
  'chat azure, with a deployment in its base URL': () =>
    new AzureOpenAI({
      apiKey: 'azure-secret',
      baseURL: `${url}/openai/deployments/ours`,
      apiVersion: '2026-01-01',
    }).chat.completions.create({ messages }),
  'chat json with 30 KB': () => create({ ...chat, messages: [{ role: 'user', content: 'Grüße '.repeat(4300) }] }),
  'chat timeout then ok': () => create(chat, { ...step('hang'), timeout: 3000, maxRetries: 1 }),
  'chat stream timeout then ok': async () =>
    collect(await create(stream, { ...step('hang'), timeout: 3000, maxRetries: 1 })),
  'chat priority': () => create({ ...chat, service_tier: 'priority' }),
  'chat of a model that nobody knows': () => create({ ...chat, model: 'acme-9' }),
  'responses json': () => client.responses.create({ model: 'gpt-4.1', input: 'hi', max_output_tokens: 100 }),
  'responses stream': async () =>
    collect(await client.responses.create({ model: 'gpt-4.1', input: 'hi', stream: true })),
  'responses json withResponse': async () => {
    const { data, response } = await client.responses.create({ model: 'gpt-4.1', input: 'hi' }).withResponse();
    return [data, response.status];
  },
  'responses parse': async () => {
    const text = { format: zodTextFormat(z.object({ answer: z.number() }), 'answer') };
    return (await client.responses.parse({ model: 'gpt-4.1', input: 'hi', text })).output_parsed;
  },
  'responses 400': () => client.responses.create({ model: 'gpt-4.1', input: 'hi' }, step('400')),
  'responses 429 then ok': () => client.responses.create({ model: 'gpt-4.1', input: 'hi' }, step('429')),
  'responses timeout then ok': () =>
    client.responses.create({ model: 'gpt-4.1', input: 'hi' }, { ...step('hang'), timeout: 3000, maxRetries: 1 }),
  'responses stream cut': async () =>
    collect(await client.responses.create({ model: 'gpt-4.1', input: 'hi', stream: true }, step('cut'))),
  'responses stream signal': async () => {
    const controller = new AbortController();
    const body = { model: 'gpt-4.1', input: 'hi', stream: true };
    const seen = [];
    for await (const event of await client.responses.create(body, { ...step('slow'), signal: controller.signal })) {
      seen.push(event);
      if (seen.length === 3) setTimeout(() => controller.abort(), 5);
    }
    return seen.slice(0, 3);
  },
  'responses tokens counted': () => client.post('/responses/input_tokens', { body: { model: 'gpt-4.1', input: 'hi' } }),
  'responses stream helper': async () =>
    (await client.responses.stream({ model: 'gpt-4.1', input: 'hi' }).finalResponse()).output_text,
  'responses stream break': async () => {
    for await (const event of await client.responses.create(
      { model: 'gpt-4.1', input: 'hi', stream: true },
      step('slow'),
    )) {
      if (event.type === 'response.output_text.delta') break;
    }
  },
  ...mediaCases({ client, azure }),
  'embeddings 429 then ok': () =>
    client.embeddings.create({ model: 'text-embedding-3-small', input: 'hi' }, step('429')),
  embeddings: () => client.embeddings.create({ model: 'text-embedding-3-small', input: 'hi' }),
  'something else': async () => (await client.get('/models', {})) !== undefined,
});
