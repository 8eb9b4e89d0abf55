/** Calls of the AI SDK, of the kinds that `WAYS` names; prints what the application got, or what it caught. */
import { fetch as undiciFetch } from 'undici';

const { AI, OPENAI, ANTHROPIC, GOOGLE, PROVIDER, WAYS } = process.env;
const { createGateway, embed, generateText, jsonSchema, stepCountIs, streamText, tool } = await import(AI);
const options = { apiKey: 'k', baseURL: `${PROVIDER}/v1` };
const { createOpenAI } = await import(OPENAI);
const openai = createOpenAI(options);
const anthropic = (await import(ANTHROPIC)).createAnthropic(options);
const google = (await import(GOOGLE)).createGoogleGenerativeAI({ ...options, baseURL: `${PROVIDER}/v1beta` });
const vercel = createGateway({ ...options, baseURL: `${PROVIDER}/v4/ai` });
// A model that is named by a string alone is asked for here.
globalThis.AI_SDK_DEFAULT_PROVIDER = vercel;

const ask = (model) => ({ model, prompt: 'hi', maxOutputTokens: 100 });
const text = async (model) => (await generateText(ask(model))).text;
/** The errors of a stream come with its parts. */
async function streamed(model) {
  let all = '';
  for await (const part of streamText({ ...ask(model), onError() {} }).fullStream) {
    if (part.type === 'error') throw part.error;
    if (part.type === 'text-delta') all += part.text;
  }
  return all;
}
const through = (fetch) => createOpenAI({ ...options, fetch }).chat('gpt-4.1');
const gateway = (path) => createOpenAI({ ...options, baseURL: PROVIDER + path, name: 'gateway' }).chat('some/model');
const weather = tool({ inputSchema: jsonSchema({ type: 'object' }), execute: () => 'rain' });

/** Next.js copies a Request field by field, and adds options of its own. */
function nextPutsItsFetchOverOurs() {
  const { fetch: before } = globalThis;
  globalThis.fetch = async (input, init) => {
    if (!(input instanceof Request)) return before(input, { ...init, next: { fetchType: '' } });
    const { url, method, headers, body, signal, redirect } = input;
    const copy = new Request(url, { method, headers, body, signal, redirect, duplex: 'half' });
    return before(copy, { ...init, next: { fetchType: '' } });
  };
}

const ways = {
  chat: () => text(openai.chat('gpt-4.1')),
  responses: () => text(openai('gpt-4.1')),
  anthropic: () => text(anthropic('claude-haiku-4-5')),
  google: () => text(google('gemini-2.5-flash')),
  'chat stream': () => streamed(openai.chat('gpt-4.1')),
  'responses stream': () => streamed(openai('gpt-4.1')),
  'anthropic stream': () => streamed(anthropic('claude-haiku-4-5')),
  'google stream': () => streamed(google('gemini-2.5-flash')),
  'openai embed': async () => (await embed({ model: openai.embedding('text-embedding-3-small'), value: 'hi' })).usage,
  'google embed': async () => (await embed({ model: google.embedding('gemini-embedding-001'), value: 'hi' })).usage,
  vercel: () => text('openai/gpt-4.1'),
  'vercel stream': () => streamed('openai/gpt-4.1'),
  'vercel embed': async () => (await embed({ model: 'openai/text-embedding-3-small', value: 'hi' })).usage,
  steps: async () =>
    (await generateText({ ...ask(openai('gpt-4.1')), tools: { weather }, stopWhen: stepCountIs(2) })).text,
  'a fetch of its own over ours': () => text(through((input, init) => fetch(input, { ...init, keepalive: false }))),
  'a fetch of its own with a Request': () => text(through((input, init) => fetch(new Request(input, init)))),
  'a fetch that a framework put over ours': () => {
    nextPutsItsFetchOverOurs();
    return text(openai.chat('gpt-4.1'));
  },
  'a framework’s fetch with a Request': () => {
    nextPutsItsFetchOverOurs();
    return text(through((input, init) => fetch(new Request(input, init))));
  },
  'a body that is a stream': () =>
    text(through((input, init) => fetch(input, { ...init, body: new Blob([init.body]).stream(), duplex: 'half' }))),
  'the fetch of undici': () => text(through(undiciFetch)),
  'a gateway': () => text(gateway('/openai/v1')),
  'a gateway below a path': () => text(gateway('/v1/account/gateway/openai')),
};

async function observe(way) {
  try {
    return { result: await ways[way]() };
  } catch (error) {
    const { name, statusCode, isRetryable, message, data, responseHeaders } = error;
    return { error: { name, statusCode, isRetryable, message, data, responseHeaders } };
  }
}

const told = {};
for (const way of WAYS.split('|')) told[way] = await observe(way);
console.log(JSON.stringify(told));
