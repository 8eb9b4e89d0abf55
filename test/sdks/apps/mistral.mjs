import { load } from './load.mjs';
import { collect, runCases } from './run-cases.mjs';

// This SDK sends a clone of its request, and Node loses the abort or timeout of a clone once the garbage collector has come by
// (nodejs/node#55428), which holds it by a weak reference: the call hangs, with us or without. Here references hold.
globalThis.WeakRef = class {
  #target;
  constructor(target) {
    this.#target = target;
  }
  deref() {
    return this.#target;
  }
};

const { Mistral } = await load();
const client = new Mistral({ apiKey: 'secret-of-mistral', serverURL: process.env.PROVIDER });
const body = { model: 'mistral-large-latest', messages: [{ role: 'user', content: 'Grüße, 世界' }], maxTokens: 100 };
const fim = { model: 'codestral-latest', prompt: 'Grüße(', suffix: ')', maxTokens: 100 };
const agent = { agentId: 'ag_1', messages: body.messages, maxTokens: 100 };
const conversation = { model: 'mistral-medium-latest', inputs: 'Grüße, 世界', completionArgs: { maxTokens: 100 } };
const more = { inputs: 'Grüße, 世界', completionArgs: { maxTokens: 100 } };
const backoff = { initialInterval: 1, maxInterval: 5, exponent: 1.5, maxElapsedTime: 30_000 };
const retries = { strategy: 'backoff', backoff, retryConnectionErrors: false };
const step = (name, rest) => ({ headers: { 'x-step': name, 'x-step-once': crypto.randomUUID() }, ...rest });
const tool = { type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } };

async function broken(stream) {
  const seen = [];
  for await (const event of stream) {
    seen.push(event);
    if (seen.length === 3) break;
  }
  return seen;
}

await runCases({
  json: () => client.chat.complete(body),
  'json in parallel': () => Promise.all([client.chat.complete(body), client.chat.complete(body)]),
  tools: () => client.chat.complete({ ...body, tools: [tool] }),
  stream: async () => collect(await client.chat.stream(body)),
  'stream break': async () => broken(await client.chat.stream(body, step('slow'))),
  'stream abort': async () => {
    const controller = new AbortController();
    const seen = [];
    const options = step('slow', { fetchOptions: { signal: controller.signal } });
    for await (const event of await client.chat.stream(body, options)) {
      seen.push(event);
      if (seen.length === 2) controller.abort();
    }
    return seen.slice(0, 2); // What else had arrived by then is the network's business.
  },
  'stream cut': async () => collect(await client.chat.stream(body, step('cut'))),
  'aborted before': () => client.chat.complete(body, { fetchOptions: { signal: AbortSignal.abort() } }),
  timeout: () => client.chat.complete(body, step('hang', { timeoutMs: 1500 })),
  400: () => client.chat.complete(body, step('400')),
  '429 then ok': () => client.chat.complete(body, step('429', { retries })),
  embeddings: () => client.embeddings.create({ model: 'mistral-embed', inputs: ['hi'] }),
  fim: () => client.fim.complete(fim),
  'fim 400': () => client.fim.complete(fim, step('400')),
  'fim stream': async () => collect(await client.fim.stream(fim)),
  'fim stream break': async () => broken(await client.fim.stream(fim, step('slow'))),
  agents: () => client.agents.complete(agent),
  'agents tools': () => client.agents.complete({ ...agent, tools: [tool] }),
  'agents stream': async () => collect(await client.agents.stream(agent)),
  'agents stream cut': async () => collect(await client.agents.stream(agent, step('cut'))),
  conversation: () => client.beta.conversations.start(conversation),
  'conversation with an agent': () => client.beta.conversations.start({ agentId: 'ag_1', inputs: 'Grüße, 世界' }),
  'conversation 429 then ok': () => client.beta.conversations.start(conversation, step('429', { retries })),
  'conversation append': () =>
    client.beta.conversations.append({ conversationId: 'conv_1', conversationAppendRequest: more }),
  'conversation restart': () =>
    client.beta.conversations.restart({
      conversationId: 'conv_1',
      conversationRestartRequest: { ...more, fromEntryId: 'msg_1' },
    }),
  'conversation stream': async () => collect(await client.beta.conversations.startStream(conversation)),
  'conversation stream break': async () =>
    broken(await client.beta.conversations.startStream(conversation, step('slow'))),
  'conversation append stream': async () =>
    collect(
      await client.beta.conversations.appendStream({
        conversationId: 'conv_1',
        conversationAppendStreamRequest: more,
      }),
    ),
  'conversation append stream cut': async () =>
    collect(
      await client.beta.conversations.appendStream(
        { conversationId: 'conv_1', conversationAppendStreamRequest: more },
        step('cut'),
      ),
    ),
  'conversation restart stream': async () =>
    collect(
      await client.beta.conversations.restartStream({
        conversationId: 'conv_1',
        conversationRestartStreamRequest: { ...more, fromEntryId: 'msg_1' },
      }),
    ),
});
