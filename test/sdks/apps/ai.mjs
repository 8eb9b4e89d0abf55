import { z } from 'zod';
import { load } from './load.mjs';
import { collect, runCases } from './run-cases.mjs';

const {
  createGateway,
  embed,
  embedMany,
  experimental_generateSpeech: generateSpeech,
  experimental_transcribe: transcribe,
  generateImage,
  generateObject,
  generateText,
  Output,
  stepCountIs,
  streamObject,
  streamText,
  tool,
} = await load();
const { createOpenAI } = await load('openai');
const { createAnthropic } = await load('anthropic');
const { createGoogleGenerativeAI } = await load('google');

globalThis.AI_SDK_LOG_WARNINGS = false;
const url = process.env.PROVIDER;
const openai = createOpenAI({ apiKey: 'sk-secret-of-ai', baseURL: `${url}/v1` });
const anthropic = createAnthropic({ apiKey: 'sk-ant-secret', baseURL: `${url}/v1` });
const google = createGoogleGenerativeAI({ apiKey: 'AIza-secret', baseURL: `${url}/v1beta` });
const gateway = createGateway({ apiKey: 'vck-secret', baseURL: `${url}/v4/ai` });

const prompt = 'Grüße, 世界';
const schema = z.object({ answer: z.number() });
const weather = tool({ inputSchema: z.object({ city: z.string() }), execute: ({ city }) => `rain in ${city}` });
const step = (name, rest) => ({ headers: { 'x-step': name, 'x-step-once': crypto.randomUUID() }, ...rest });
/** A request that nobody answers, and whose time is over as soon as it is with the provider, whatever the load of the machine. */
function timedOut() {
  const controller = new AbortController();
  const asked = step('hang', { abortSignal: controller.signal });
  const over = () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
  void fetch(`${url}/arrived/${asked.headers['x-step-once']}`).then(over);
  return asked;
}
/** What does not change from run to run. */
const seen = ({ text, finishReason, usage, steps, toolCalls }) => ({
  text,
  finishReason,
  usage,
  calls: toolCalls.length,
  steps: steps.length,
});
/** Parts of a stream without what the SDK numbers or dates. */
const parts = (all) => all.map(({ type, text }) => ({ type, text }));

/** The same cases of every model; a stream's errors reach its caller in `onError`. */
function casesOf(name, model) {
  const generate = (rest) => generateText({ model, prompt, maxOutputTokens: 100, ...rest });
  const errors = [];
  const onError = ({ error }) => void errors.push(error);
  const stream = (rest) => streamText({ model, prompt, maxOutputTokens: 100, onError, ...rest });
  const told = () => errors.splice(0).map(({ name: error, statusCode }) => ({ error, statusCode }));
  const cases = {
    generateText: async () => seen(await generate()),
    'generateText in parallel': async () => (await Promise.all([generate(), generate(), generate()])).map(seen),
    'generateText, output': async () => (await generate({ output: Output.object({ schema }) })).output,
    'generateText, steps': async () => seen(await generate({ tools: { weather }, stopWhen: stepCountIs(3) })),
    generateObject: async () => (await generateObject({ model, prompt, schema })).object,
    'aborted before': () => generate({ abortSignal: AbortSignal.abort() }),
    timeout: () => generate(timedOut()),
    400: () => generate(step('400')),
    '429 then ok': async () => seen(await generate(step('429'))),
    '500, no retry': () => generate(step('500', { maxRetries: 0 })),
    'json cut': () => generate(step('cut', { maxRetries: 0 })),
    textStream: async () => collect(stream().textStream),
    fullStream: async () => parts(await collect(stream().fullStream)),
    toUIMessageStream: async () => parts(await collect(stream().toUIMessageStream())),
    toUIMessageStreamResponse: async () => {
      const response = stream().toUIMessageStreamResponse();
      return { status: response.status, lines: (await response.text()).split('\n').length };
    },
    'stream, text alone': async () => stream().text,
    'stream, usage alone': async () => stream().totalUsage,
    'stream, steps': async () => {
      const result = stream({ tools: { weather }, stopWhen: stepCountIs(3) });
      return [await result.text, (await result.steps).length];
    },
    streamObject: async () => [
      await collect(streamObject({ model, prompt, schema, onError }).partialObjectStream),
      told(),
    ],
    'stream abort': async () => {
      const controller = new AbortController();
      const texts = [];
      for await (const text of stream(step('slow', { abortSignal: controller.signal })).textStream) {
        texts.push(text);
        controller.abort();
      }
      return texts.slice(0, 1); // What else had arrived by then is the network's business.
    },
    'stream 500 then ok': async () => [await collect(stream(step('500')).textStream), told()],
    'stream cut': async () => [parts(await collect(stream(step('cut')).fullStream)), told()],
    'stream 400': async () => [await collect(stream(step('400')).textStream), told()],
  };
  return Object.fromEntries(Object.entries(cases).map(([label, run]) => [`${name} ${label}`, run]));
}

await runCases({
  ...casesOf('responses', openai('gpt-4.1')),
  ...casesOf('chat', openai.chat('gpt-4.1')),
  ...casesOf('anthropic', anthropic('claude-haiku-4-5')),
  ...casesOf('google', google('gemini-2.5-flash')),
  ...casesOf('gateway', gateway('openai/gpt-4.1')),
  'openai embed': async () => (await embed({ model: openai.embedding('text-embedding-3-small'), value: 'hi' })).usage,
  'openai embedMany': async () =>
    (await embedMany({ model: openai.embedding('text-embedding-3-small'), values: ['hi', 'ho'] })).usage,
  'google embed': async () => (await embed({ model: google.embedding('gemini-embedding-001'), value: 'hi' })).embedding,
  'google embedMany': async () =>
    (await embedMany({ model: google.embedding('gemini-embedding-001'), values: ['hi', 'ho'] })).usage,
  'gateway embed': async () =>
    (await embed({ model: gateway.embeddingModel('openai/text-embedding-3-small'), value: 'hi' })).usage,
  'openai generateImage': async () => {
    const { image, usage } = await generateImage({ model: openai.image('gpt-image-1'), prompt: 'a house' });
    return [image.base64, usage];
  },
  'google generateImage': async () => {
    const { images } = await generateImage({ model: google.image('imagen-4.0-generate-001'), prompt, n: 2 });
    return images.map(({ base64 }) => base64);
  },
  'openai generateSpeech': async () =>
    (await generateSpeech({ model: openai.speech('tts-1'), text: 'The house is safe.' })).audio.base64,
  'openai transcribe': async () =>
    (await transcribe({ model: openai.transcription('gpt-4o-transcribe'), audio: Buffer.from('RIFF....WAVE') })).text,
});
