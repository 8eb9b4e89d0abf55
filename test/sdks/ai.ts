import { BROKEN, type Cases, CUT, EMBEDDED, LOST, maxTokens, OK, REJECTED, type Sdk } from './sdk.ts';

/** What every model's provider has to hear the same of. */
const OF_A_MODEL: Cases = {
  generateText: [OK],
  'generateText in parallel': [OK, OK, OK],
  'generateText, output': [OK],
  'generateText, steps': [OK, OK],
  generateObject: [OK],
  'aborted before': [],
  timeout: [LOST],
  '400': [REJECTED],
  '429 then ok': [REJECTED, OK],
  '500, no retry': [REJECTED],
  'json cut': [LOST],
  textStream: [OK],
  fullStream: [OK],
  toUIMessageStream: [OK],
  toUIMessageStreamResponse: [OK],
  'stream, text alone': [OK],
  'stream, usage alone': [OK],
  'stream, steps': [OK, OK],
  streamObject: [OK],
  'stream abort': [BROKEN],
  'stream 500 then ok': [REJECTED, OK],
  'stream cut': [CUT],
  'stream 400': [REJECTED],
};

const of = (model: string): Cases =>
  Object.fromEntries(Object.entries(OF_A_MODEL).map(([label, settlements]) => [`${model} ${label}`, settlements]));

/** The newest provider for Google takes no models of Imagen. */
const NO_IMAGEN = { 'google generateImage': [] };

export const ai: Sdk = {
  name: 'ai',
  app: 'ai',
  providers: ['openai', 'anthropic', 'google', 'vercel'],
  packages: [
    {
      name: 'ai',
      loads: ['import', 'require', 'bundle'],
      others: { openai: '@ai-sdk/openai', anthropic: '@ai-sdk/anthropic', google: '@ai-sdk/google' },
      except: { import: NO_IMAGEN, require: NO_IMAGEN, bundle: NO_IMAGEN },
    },
    {
      name: 'ai-6',
      loads: ['import', 'require', 'bundle'],
      others: { openai: 'ai-sdk-openai-3', anthropic: 'ai-sdk-anthropic-3', google: 'ai-sdk-google-3' },
    },
  ],
  acting: {
    case: 'chat generateText',
    denied: () => ({ name: 'AI_APICallError', message: /the month is spent/ }),
    model: 'gpt-4.1-mini',
    limit: maxTokens,
  },
  retriesAreOneCall: true,
  cases: {
    ...of('responses'),
    ...of('chat'),
    ...of('anthropic'),
    ...of('google'),
    ...of('gateway'),
    'openai embed': [EMBEDDED],
    'openai embedMany': [EMBEDDED],
    'google embed': [EMBEDDED],
    'google embedMany': [EMBEDDED],
    'gateway embed': [EMBEDDED],
    'openai generateImage': [OK],
    'google generateImage': ['settled ok 0/0 images 2'],
    'openai generateSpeech': ['settled ok 0/0 characters 18'],
    'openai transcribe': [OK],
  },
};
