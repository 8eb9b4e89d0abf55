import { Readable } from 'node:stream';
import { load } from './load.mjs';
import { collect, collectGarbage, runCases } from './run-cases.mjs';

const aws = await load();
const { NodeHttpHandler } = await load('node handler');
const { FetchHttpHandler } = await load('fetch handler');

const credentials = { accessKeyId: 'AKIASECRET', secretAccessKey: 'secret', sessionToken: 'secret' };
const options = { region: 'us-east-1', endpoint: process.env.PROVIDER, credentials, maxAttempts: 3 };
const client = new aws.BedrockRuntimeClient(options);
const once = new aws.BedrockRuntimeClient({ ...options, maxAttempts: 1 });
const aggregated = new aws.BedrockRuntime(options);

const modelId = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
const messages = [{ role: 'user', content: [{ text: 'Grüße' }] }];
const body = { modelId, messages, inferenceConfig: { maxTokens: 100 } };
const tool = {
  toolSpec: { name: 'weather', inputSchema: { json: { type: 'object', properties: { city: { type: 'string' } } } } },
};
let steps = 0;

/** The step is meant for the first attempt: the SDK's retries bring the header along. */
function withStep(command, step) {
  const headers = { 'x-step': step, 'x-step-once': String(++steps) };
  const middleware = (next) => (args) => {
    Object.assign(args.request.headers, headers);
    return next(args);
  };
  if (step) command.middlewareStack.add(middleware, { step: 'build' });
  return command;
}

const seen = ({ $metadata: { attempts, httpStatusCode }, ...output }) => ({ attempts, httpStatusCode, ...output });
const converse = async (step, sendOptions, by = client) =>
  seen(await by.send(withStep(new aws.ConverseCommand(body), step), sendOptions));
const stream = async (step, sendOptions, by = client) =>
  (await by.send(withStep(new aws.ConverseStreamCommand(body), step), sendOptions)).stream;

const anthropic = { anthropic_version: 'bedrock-2023-05-31', max_tokens: 100 };
const asked = [{ role: 'user', content: 'Grüße' }];
const request = (model, own) => ({ modelId: model, contentType: 'application/json', body: JSON.stringify(own) });
const invoke = async (model, own, step) => {
  const answer = await client.send(withStep(new aws.InvokeModelCommand(request(model, own)), step));
  return JSON.parse(new TextDecoder().decode(answer.body));
};
const invokeStream = async (model, own, step) => {
  const command = new aws.InvokeModelWithResponseStreamCommand(request(model, own));
  return (await client.send(withStep(command, step))).body;
};
const decoded = async (events) =>
  (await collect(events)).map(({ chunk }) => JSON.parse(new TextDecoder().decode(chunk.bytes)));

await runCases({
  json: () => converse(),
  'json in parallel': () => Promise.all([converse(), converse(), converse()]),
  'json with a callback': () =>
    new Promise((resolve, reject) => {
      client.send(new aws.ConverseCommand(body), (error, output) => (error ? reject(error) : resolve(seen(output))));
    }),
  'json, the command sent twice': async () => {
    const command = new aws.ConverseCommand(body);
    return [seen(await client.send(command)), seen(await client.send(command))];
  },
  'json of the aggregated client': async () => seen(await aggregated.converse(body)),
  'json of a subclass': () =>
    converse(undefined, undefined, new (class Own extends aws.BedrockRuntimeClient {})(options)),
  'json of 30 KB': async () => {
    const long = [{ role: 'user', content: [{ text: 'Grüße, 世界. '.repeat(2000) }] }];
    return seen(await client.send(new aws.ConverseCommand({ ...body, messages: long })));
  },
  'json over HTTP/1.1': () =>
    converse(undefined, undefined, new aws.BedrockRuntimeClient({ ...options, requestHandler: new NodeHttpHandler() })),
  'json through fetch': () =>
    converse(
      undefined,
      undefined,
      new aws.BedrockRuntimeClient({ ...options, requestHandler: new FetchHttpHandler() }),
    ),
  'tool and its result': async () => {
    const toolConfig = { tools: [tool] };
    const { output } = await client.send(new aws.ConverseCommand({ ...body, toolConfig }));
    const { toolUseId } = output.message.content[0].toolUse;
    const result = { toolResult: { toolUseId, content: [{ text: 'rain' }] } };
    const more = [...messages, output.message, { role: 'user', content: [result] }];
    return [output, seen(await client.send(new aws.ConverseCommand({ ...body, toolConfig, messages: more })))];
  },
  'json cut': () => converse('cut', undefined, once),
  stream: async () => collect(await stream()),
  'stream in parallel': async () => Promise.all([collect(await stream()), collect(await stream())]),
  'stream as Readable': async () => collect(Readable.from(await stream())),
  'stream over HTTP/1.1': async () => {
    const by = new aws.BedrockRuntimeClient({ ...options, requestHandler: new NodeHttpHandler() });
    return collect(await stream(undefined, undefined, by));
  },
  'stream through fetch': async () => {
    const by = new aws.BedrockRuntimeClient({ ...options, requestHandler: new FetchHttpHandler() });
    return collect(await stream(undefined, undefined, by));
  },
  'stream break': async () => {
    const events = [];
    for await (const event of await stream('slow')) {
      events.push(event);
      if (events.length === 3) break;
    }
    return events;
  },
  'stream left after its last event': async () => {
    for await (const event of await stream()) if (event.metadata) return event;
  },
  'stream abort': async () => {
    const controller = new AbortController();
    let count = 0;
    for await (const _ of await stream('slow', { abortSignal: controller.signal })) {
      count += 1;
      if (count === 4) setTimeout(() => controller.abort(), 5);
    }
    return count;
  },
  'stream cut': async () => collect(await stream('cut')),
  'stream cut over HTTP/1.1': async () => {
    const by = new aws.BedrockRuntimeClient({ ...options, requestHandler: new NodeHttpHandler() });
    return collect(await stream('cut', undefined, by));
  },
  'stream unread': async () => {
    await (async () => void (await stream()))();
    await collectGarbage();
  },
  'aborted before': () => converse(undefined, { abortSignal: AbortSignal.abort() }),
  'aborted while waiting': () => converse('hang', { abortSignal: AbortSignal.timeout(500) }, once),
  timeout: () => converse('hang', { requestTimeout: 500 }, once),
  'timeout then ok': () => converse('hang', { requestTimeout: 500 }),
  400: () => converse('400'),
  '429 then ok': () => converse('429'),
  '500, no retry': () => converse('500', undefined, once),
  'stream 500 then ok': async () => collect(await stream('500')),
  'nobody listens': () =>
    converse(
      undefined,
      undefined,
      new aws.BedrockRuntimeClient({ ...options, endpoint: 'http://127.0.0.1:4', maxAttempts: 1 }),
    ),
  'no credentials': () => {
    const refused = () => Promise.reject(new Error('no credentials'));
    return converse(
      undefined,
      undefined,
      new aws.BedrockRuntimeClient({ ...options, credentials: refused, maxAttempts: 1 }),
    );
  },
  'invoke Claude': () => invoke(modelId, { ...anthropic, messages: asked }),
  'invoke Nova': () => invoke('amazon.nova-lite-v1:0', { messages, inferenceConfig: { maxTokens: 100 } }),
  'invoke Titan': () => invoke('amazon.titan-text-express-v1', { inputText: 'Grüße' }),
  'invoke Llama': () => invoke('meta.llama3-1-8b-instruct-v1:0', { prompt: 'Grüße', max_gen_len: 100 }),
  'invoke Mistral': () => invoke('mistral.mistral-7b-instruct-v0:2', { prompt: 'Grüße', max_tokens: 100 }),
  'invoke Cohere': () => invoke('cohere.command-r-v1:0', { message: 'Grüße', max_tokens: 100 }),
  'invoke stream Claude': async () => decoded(await invokeStream(modelId, { ...anthropic, messages: asked })),
  'invoke stream Llama': async () =>
    decoded(await invokeStream('meta.llama3-1-8b-instruct-v1:0', { prompt: 'Grüße', max_gen_len: 100 })),
  'invoke stream Mistral': async () =>
    decoded(await invokeStream('mistral.mistral-large-2402-v1:0', { prompt: 'Grüße', max_tokens: 100 })),
  'invoke stream break': async () => {
    for await (const _ of await invokeStream(modelId, { ...anthropic, messages: asked }, 'slow')) break;
  },
  'invoke stream cut': async () => decoded(await invokeStream(modelId, { ...anthropic, messages: asked }, 'cut')),
  embeddings: () => invoke('amazon.titan-embed-text-v2:0', { inputText: 'Grüße' }),
  'embeddings of Cohere': () => invoke('cohere.embed-english-v3', { texts: ['Grüße'], input_type: 'search_query' }),
  rerank: () => invoke('cohere.rerank-v3-5:0', { query: 'Grüße', documents: ['a'], api_version: 2 }),
  'tokens counted': async () =>
    seen(await client.send(new aws.CountTokensCommand({ modelId, input: { converse: { messages } } }))),
});
