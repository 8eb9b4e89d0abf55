/** Two calls by a `WAY` that no hook sees, or that looks so. `REGISTER`: imported once the SDK is there and its client made. */
import { request } from 'node:http';
import { createRequire } from 'node:module';

const url = process.env.PROVIDER;
const require = createRequire(import.meta.url);
const body = { model: 'gpt-4.1', max_tokens: 100, messages: [{ role: 'user', content: 'Grüße' }] };
const options = { apiKey: 'sk-secret', baseURL: `${url}/v1`, maxRetries: 0 };
const chat = (client) => client.chat.completions.create(body);
const json = (fetch, path) => fetch(url + path, { method: 'POST', body: JSON.stringify(body) }).then((it) => it.text());

function byHttp(path, headers = {}) {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { method: 'POST', headers }, (answer) => answer.resume().on('end', resolve));
    sent.on('error', reject).end(JSON.stringify(body));
  });
}

/** Way → what makes a call. */
const ways = {
  'the SDK, and its client made before': async () => {
    const { default: OpenAI } = await import('openai');
    const client = new OpenAI(options);
    return () => chat(client);
  },
  'the SDK, with a client made after': async () => {
    const { default: OpenAI } = await import('openai');
    return () => chat(new OpenAI(options));
  },
  'the SDK required, and its client made before': async () => {
    const OpenAI = require('openai');
    const client = new OpenAI(options);
    return () => chat(client);
  },
  'a fetch brought along': async () => {
    const [{ HTTPClient, Mistral }, { fetch }] = await Promise.all([import('@mistralai/mistralai'), import('undici')]);
    const fetcher = (input) => fetch(input.url, { method: 'POST', headers: input.headers, body: JSON.stringify(body) });
    const client = new Mistral({ apiKey: 'k', serverURL: url, httpClient: new HTTPClient({ fetcher }) });
    return () => client.chat.complete(body);
  },
  'a fetch brought along, past the core': async () => {
    const [{ default: OpenAI }, { fetch }] = await Promise.all([import('openai'), import('undici')]);
    return () => chat(new OpenAI({ ...options, fetch }));
  },
  'node-fetch': async () => {
    const Groq = require('groq-sdk-0');
    return () => chat(new Groq({ ...options, baseURL: url }));
  },
  'node:http, as an SDK': async () => () => byHttp('/v1/chat/completions', { 'x-stainless-lang': 'js' }),
  'node:http, an application’s own': async () => () => byHttp('/api/chat'),
  'undici, an application’s own': async () => {
    const { fetch } = await import('undici');
    return () => json(fetch, '/api/chat');
  },
  'node:http, as an SDK, after a fetch of no format after all': async () => {
    const calls = [
      () => fetch(`${url}/v1/chat/completions`, { method: 'POST', body: '{"question":"?"}' }).then((it) => it.text()),
      () => byHttp('/v1/chat/completions', { 'x-stainless-lang': 'js' }),
    ];
    return () => calls.shift()();
  },
  'fetch, of no format after all': async () => () =>
    fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'x-stainless-lang': 'js' },
      body: '{"question":"a form of somebody else"}',
    }).then((answer) => answer.text()),
};

const call = await ways[process.env.WAY]();
if (process.env.REGISTER) await import(process.env.REGISTER);
await call();
await call();
console.log('answered');
