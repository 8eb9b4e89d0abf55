import { load } from './load.mjs';
import { runCases } from './run-cases.mjs';

const { Agent, OpenAIProvider, Runner, setTracingDisabled, tool } = await load();
const { OpenAI } = await load('openai');

setTracingDisabled(true);

const client = (step, more) =>
  new OpenAI({
    apiKey: 'sk-secret-of-openai',
    baseURL: `${process.env.PROVIDER}/v1`,
    maxRetries: 2,
    ...(step && { defaultHeaders: { 'x-step': step } }),
    ...more,
  });
/** Both of OpenAI's APIs, of which responses is the default. */
const runner = (step, { useResponses = true, ...more } = {}) =>
  new Runner({ modelProvider: new OpenAIProvider({ openAIClient: client(step, more), useResponses }) });
const chat = { useResponses: false };

const modelSettings = { maxTokens: 100 };
const weather = tool({
  name: 'weather',
  description: 'The weather of a city',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
  execute: ({ city }) => `rain in ${city}`,
});
const plain = new Agent({ name: 'plain', instructions: 'Be brief.', model: 'gpt-4.1', modelSettings });
const withTool = plain.clone({ name: 'with a tool', tools: [weather] });
const first = Agent.create({ ...plain, name: 'first', handoffs: [plain] });

const told = ({ finalOutput, lastAgent, state }) => ({
  finalOutput,
  last: lastAgent?.name,
  requests: state.usage.requests,
  tokens: state.usage.totalTokens,
});
const streamed = async (running) => {
  const result = await running;
  const events = [];
  for await (const event of result) events.push(event.type);
  await result.completed;
  return { events, ...told(result) };
};

await runCases({
  run: async () => told(await runner().run(plain, 'Grüße')),
  'run twice in parallel': () => Promise.all(['a', 'b'].map(async (text) => told(await runner().run(plain, text)))),
  'run with a tool': async () => told(await runner().run(withTool, 'The weather in Bonn?')),
  'run with a handoff': async () => told(await runner().run(first, 'Grüße')),
  'streamed run': () => streamed(runner().run(plain, 'Grüße', { stream: true })),
  'streamed run left': async () => {
    const result = await runner('slow').run(plain, 'Grüße', { stream: true });
    const controller = new AbortController();
    let seen = 0;
    for await (const _ of result.toStream()) {
      seen += 1;
      if (seen === 2) break;
    }
    controller.abort();
    return seen;
  },
  'streamed run aborted': async () => {
    const controller = new AbortController();
    const result = await runner('slow').run(plain, 'Grüße', { stream: true, signal: controller.signal });
    let seen = 0;
    for await (const _ of result) {
      seen += 1;
      if (seen === 2) controller.abort();
    }
    await result.completed;
    return seen;
  },
  'chat run': async () => told(await runner(undefined, chat).run(plain, 'Grüße')),
  'chat run with a tool': async () => told(await runner(undefined, chat).run(withTool, 'The weather in Bonn?')),
  'chat run with a handoff': async () => told(await runner(undefined, chat).run(first, 'Grüße')),
  'chat streamed run': () => streamed(runner(undefined, chat).run(plain, 'Grüße', { stream: true })),
  'chat streamed run with a tool': () =>
    streamed(runner(undefined, chat).run(withTool, 'The weather in Bonn?', { stream: true })),
  400: async () => told(await runner('400').run(plain, 'Grüße')),
  '429 then ok': async () => told(await runner('429').run(plain, 'Grüße')),
  'streamed run cut': () => streamed(runner('cut').run(plain, 'Grüße', { stream: true })),
  'more turns than allowed': async () => told(await runner().run(withTool, 'Grüße', { maxTurns: 1 })),
});
