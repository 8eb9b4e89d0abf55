/**
 * Plays `STORY` with the real SDKs of OpenAI and Anthropic; prints what came of it. `go(model, step)` is one call, to whichever of the
 * two has the model; a step other than `ok` fails at the provider.
 */
import { createServer } from 'node:http';
import Anthropic from '@anthropic-ai/sdk';
import { trace } from '@opentelemetry/api';
import OpenAI from 'openai';
import { flush, withAttribution } from '../../../src/index.ts';

const { PROVIDER, STORY } = process.env;
const openai = new OpenAI({ apiKey: 'k', baseURL: `${PROVIDER}/v1`, maxRetries: 0 });
const anthropic = new Anthropic({ apiKey: 'k', baseURL: PROVIDER, maxRetries: 0 });

async function go(model, step = 'ok', options = {}) {
  const messages = [{ role: 'user', content: 'Hello' }];
  const headers = step === 'ok' ? {} : { 'x-step': step };
  try {
    if (model.startsWith('claude'))
      await anthropic.messages.create({ model, max_tokens: 50, messages }, { headers, ...options });
    else if (model.includes('embedding'))
      await openai.embeddings.create({ model, input: 'Hello' }, { headers, ...options });
    else await openai.chat.completions.create({ model, messages }, { headers, ...options });
    return 'ok';
  } catch (error) {
    return error.code ?? error.name;
  }
}

/** Both in one handler of a server of this process, for each of `requests` at once. */
async function serving(requests) {
  let at = 0;
  const gate = Promise.withResolvers();
  const server = createServer(async (_request, response) => {
    const mine = requests[at++];
    if (at === requests.length) gate.resolve();
    await gate.promise;
    await mine();
    response.end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  await Promise.all(requests.map(() => fetch(url)));
  server.close();
}

const stories = {
  plain: async () => [await go('gpt-4.1', '500'), await go('claude-haiku-4-5')],
  provider: async () => [await go('gpt-4.1', '429'), await go('gpt-4.1-mini')],
  retry: async () => [await go('gpt-4.1', '500'), await go('gpt-4.1')],
  retried: async () => [await go('gpt-4.1', '500'), await go('gpt-4.1'), await go('claude-haiku-4-5')],
  chain: async () => [await go('gpt-4.1', '500'), await go('gpt-4.1-mini', '429'), await go('claude-haiku-4-5')],
  'retry of the fallback': async () => [
    await go('gpt-4.1', '500'),
    await go('claude-haiku-4-5', '429'),
    await go('claude-haiku-4-5'),
  ],
  'retries in the SDK': async () => [
    await go('gpt-4.1', '500'),
    await go('claude-haiku-4-5', '429', { maxRetries: 2 }),
  ],
  kinds: async () => [await go('text-embedding-3-small', '500'), await go('gpt-4.1')],
  denial: async () => [await go('denied'), await go('gpt-4.1')],
  timeout: async () => [await go('gpt-4.1', 'hang', { timeout: 200 }), await go('claude-haiku-4-5')],
  'own timeout': async () => [
    await go('gpt-4.1', 'hang', { signal: AbortSignal.timeout(200) }),
    await go('claude-haiku-4-5'),
  ],
  abort: async () => {
    const controller = new AbortController();
    const first = go('gpt-4.1', 'hang', { signal: controller.signal });
    setTimeout(() => controller.abort(), 200);
    return [await first, await go('claude-haiku-4-5')];
  },
  refused: async () => {
    const closed = createServer();
    await new Promise((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address();
    await new Promise((resolve) => closed.close(resolve));
    const away = new OpenAI({ apiKey: 'k', baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 });
    await away.chat.completions.create({ model: 'gpt-4.1', messages: [] }).catch(() => undefined);
    return [await go('claude-haiku-4-5')];
  },
  fetched: async () => {
    const body = JSON.stringify({ model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hello' }] });
    await fetch(`${PROVIDER}/v1/chat/completions`, { method: 'POST', body, headers: { 'x-step': '429' } });
    return [await go('claude-haiku-4-5')];
  },
  'cut stream': async () => {
    const messages = [{ role: 'user', content: 'Hello' }];
    const request = { model: 'gpt-4.1', messages, stream: true };
    const stream = await openai.chat.completions.create(request, { headers: { 'x-step': 'cut' } });
    try {
      for await (const _ of stream);
    } catch {
      return [await go('claude-haiku-4-5')];
    }
  },
  'left stream': async () => {
    const messages = [{ role: 'user', content: 'Hello' }];
    const stream = await openai.chat.completions.create({ model: 'gpt-4.1', messages, stream: true });
    for await (const _ of stream) break;
    return [await go('claude-haiku-4-5')];
  },
  /** Both begin before either has failed. */
  parallel: () => Promise.all([go('gpt-4.1', '500'), go('claude-haiku-4-5')]),
  said: () => withAttribution({ fallback: 'primary', route: 'eu' }, async () => [await go('gpt-4.1')]),
  scopes: () =>
    withAttribution({ workflow: 'w' }, async () => [
      await withAttribution({ agent: 'first' }, () => go('gpt-4.1', '500')),
      await withAttribution({ agent: 'second' }, () => go('claude-haiku-4-5')),
    ]),
  /** A fails and another request, served at the same time, asks another model for its own reasons. */
  requests: () => {
    const failed = Promise.withResolvers();
    const requests = [
      async () => {
        await go('gpt-4.1', '500');
        failed.resolve();
        await go('claude-haiku-4-5');
      },
      async () => {
        await failed.promise;
        await go('gpt-4.1-mini');
      },
    ];
    return serving(requests);
  },
  /** Jobs of a worker, each with its own way out. */
  jobs: async () => {
    const job = (customer) =>
      withAttribution({ customer }, async () => {
        await go('gpt-4.1', '500');
        await go('claude-haiku-4-5');
      });
    await Promise.all(['a', 'b', 'c'].map(job));
  },
  traces: async () => {
    const tracer = trace.getTracer('app');
    const work = (work) => tracer.startActiveSpan('work', { root: true }, (span) => work().finally(() => span.end()));
    const failed = Promise.withResolvers();
    await Promise.all([
      work(async () => {
        await go('gpt-4.1', '500');
        failed.resolve();
        await go('claude-haiku-4-5');
      }),
      work(async () => {
        await failed.promise;
        await go('gpt-4.1-mini');
      }),
    ]);
  },
};

if (process.env.TRACED) {
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  new NodeSDK({
    instrumentations: [],
    traceExporter: { export: (_, done) => done({ code: 0 }), shutdown: async () => {} },
  }).start();
}
const told = await stories[STORY]();
await flush();
console.log(JSON.stringify(told ?? []));
