import { load } from './load.mjs';
import { collect, collectGarbage, lines, runCases } from './run-cases.mjs';

const { Anthropic } = await load();

const client = new Anthropic({ apiKey: 'sk-ant-secret', baseURL: process.env.PROVIDER });
const body = { model: 'claude-haiku-4-5', max_tokens: 100, messages: [{ role: 'user', content: 'Grüße' }] };
const stream = { ...body, stream: true };
const step = (name) => ({ headers: { 'x-step': name } });
const create = (request, opts) => client.messages.create(request, opts);

await runCases({
  'messages json': () => create(body),
  'messages json withResponse': async () => {
    const { data, request_id } = await create(body).withResponse();
    return { data, request_id };
  },
  'messages json asResponse': async () => (await create(body).asResponse()).json(),
  'messages json unread': async () => {
    await (async () => void (await create(body).asResponse()).status)();
    await collectGarbage();
  },
  'messages beta json': () => client.beta.messages.create(body),
  'messages stream': async () => collect(await create(stream)),
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
  'messages aborted before': () => create(body, { signal: AbortSignal.abort() }),
  'messages 400': () => create(body, step('400')),
  'messages 429 then ok': () => create(body, step('429')),
  'messages stream 500 then ok': async () => collect(await create(stream, step('500'))),
  'messages stream cut': async () => collect(await create(stream, step('cut'))),
  'messages timeout': () => create(body, { ...step('hang'), timeout: 100, maxRetries: 0 }),
  'messages middleware': () => create(body, { middleware: [(request, next) => next(request)] }),
});
