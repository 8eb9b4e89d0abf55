/** Both of LangChain's packages: what differs is in `langchain-openai.mjs` and `langchain-anthropic.mjs`. */
import { runCases } from './run-cases.mjs';

export const tool = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'The weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};

const schema = {
  title: 'answer',
  type: 'object',
  properties: { answer: { type: 'number' } },
  required: ['answer'],
};

/** What an application reads of a message; ids of runs change from call to call. */
const seen = ({ content, tool_calls, usage_metadata, response_metadata }) => ({
  content,
  tool_calls: tool_calls?.map(({ name, args }) => ({ name, args })),
  usage_metadata,
  finish: response_metadata?.finish_reason ?? response_metadata?.stop_reason,
});
const chunks = async (stream) => {
  const all = [];
  for await (const chunk of stream) all.push(seen(chunk));
  return all;
};

/** Such headers make the provider fail once, for LangChain takes the SDK's own retries away and tries again above it. */
export const headersOf = (step) => ({
  'x-step': step.replace(' once', ''),
  ...(step.endsWith(' once') && { 'x-step-once': `${step} of ${process.pid}` }),
});

/** `model(step, options)`: a chat model whose requests carry the provider's step. It tries again twice, unless told otherwise. */
export function runLangChain(model, more = {}) {
  const chat = model();
  return runCases({
    invoke: async () => seen(await chat.invoke('Grüße, 世界')),
    'invoke with messages': async () =>
      seen(
        await chat.invoke([
          ['system', 'Be brief.'],
          ['human', 'Grüße'],
        ]),
      ),
    batch: async () => (await chat.batch(['Grüße', 'and', 'so on'])).map(seen),
    stream: async () => chunks(await chat.stream('Grüße')),
    'stream break': async () => {
      let count = 0;
      for await (const _ of await model('slow').stream('Grüße')) {
        count += 1;
        if (count === 2) break;
      }
      return count;
    },
    'stream abort': async () => {
      const controller = new AbortController();
      let count = 0;
      for await (const _ of await model('slow').stream('Grüße', { signal: controller.signal })) {
        count += 1;
        if (count === 2) controller.abort();
      }
      return count;
    },
    'stream cut': async () => chunks(await model('cut').stream('Grüße')),
    'tool call and its result': async () => {
      const bound = chat.bindTools([tool]);
      const asked = await bound.invoke('The weather in Bonn?');
      const [{ id }] = asked.tool_calls;
      const messages = [['human', 'The weather in Bonn?'], asked, { role: 'tool', content: 'rain', tool_call_id: id }];
      return [seen(asked), seen(await bound.invoke(messages))];
    },
    'structured output': async () => chat.withStructuredOutput(schema, { name: 'answer' }).invoke('Grüße'),
    'aborted before': async () => seen(await chat.invoke('Grüße', { signal: AbortSignal.abort() })),
    'aborted while waiting': async () => {
      const result = await model('hang').invoke('Grüße', { signal: AbortSignal.timeout(1000) });
      return seen(result);
    },
    400: async () => seen(await model('400').invoke('Grüße')),
    '500, no retry': async () => seen(await model('500', { maxRetries: 0 }).invoke('Grüße')),
    '500, tried again': async () => seen(await model('500 once').invoke('Grüße')),
    'invoke in parallel': async () => (await Promise.all([chat.invoke('a'), chat.invoke('b')])).map(seen),
    'streams in parallel': () => Promise.all(['a', 'b'].map(async (text) => chunks(await chat.stream(text)))),
    ...more,
  });
}
