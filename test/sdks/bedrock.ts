import { BROKEN, CUT, deniedInCore, EMBEDDED, LOST, OK, REJECTED, type Sdk, UNSENT } from './sdk.ts';

/** It sends past fetch, so in a bundle, where its module cannot be found, nothing sees its calls. */
const LOADS = ['import', 'require'] as const;
const HANDLERS = { 'node handler': '@smithy/node-http-handler', 'fetch handler': '@smithy/fetch-http-handler' };

/** The newer one reads the first event before it gives the stream. */
const NOTHING_READ = { 'stream unread': [LOST] };

export const bedrock: Sdk = {
  name: '@aws-sdk/client-bedrock-runtime',
  app: 'bedrock',
  providers: ['aws'],
  packages: [
    { name: '@aws-sdk/client-bedrock-runtime', loads: LOADS, others: HANDLERS },
    {
      name: 'client-bedrock-runtime-3.921',
      loads: LOADS,
      others: HANDLERS,
      except: { import: NOTHING_READ, require: NOTHING_READ },
    },
  ],
  acting: {
    case: 'json',
    denied: deniedInCore,
    model: 'anthropic.claude-opus-4-7',
    limit: ({ inferenceConfig }) => (inferenceConfig as { maxTokens?: number }).maxTokens,
  },
  retriesAreOneCall: true,
  cases: {
    json: [OK],
    'json in parallel': [OK, OK, OK],
    'json with a callback': [OK],
    'json, the command sent twice': [OK, OK],
    'json of the aggregated client': [OK],
    'json of a subclass': [OK],
    'json of 30 KB': [OK],
    'json over HTTP/1.1': [OK],
    'json through fetch': [OK],
    'tool and its result': [OK, OK],
    'json cut': [LOST],
    stream: [OK],
    'stream in parallel': [OK, OK],
    'stream as Readable': [OK],
    'stream over HTTP/1.1': [OK],
    'stream through fetch': [OK],
    'stream break': [BROKEN],
    'stream left after its last event': [OK],
    'stream abort': [BROKEN],
    'stream cut': [CUT],
    'stream cut over HTTP/1.1': [CUT],
    'stream unread': [BROKEN],
    'aborted before': [],
    'aborted while waiting': [LOST],
    timeout: [LOST],
    'timeout then ok': [LOST, OK],
    '400': [REJECTED],
    '429 then ok': [REJECTED, OK],
    '500, no retry': [REJECTED],
    'stream 500 then ok': [REJECTED, OK],
    'nobody listens': [UNSENT],
    'no credentials': [],
    'invoke Claude': [OK],
    'invoke Nova': [OK],
    'invoke Titan': [OK],
    'invoke Llama': [OK],
    'invoke Mistral': [OK],
    'invoke Cohere': [OK],
    'invoke stream Claude': [OK],
    'invoke stream Llama': [OK],
    'invoke stream Mistral': [OK],
    'invoke stream break': [BROKEN],
    'invoke stream cut': [CUT],
    embeddings: [EMBEDDED],
    'embeddings of Cohere': [EMBEDDED],
    rerank: ['settled ok, estimated'],
    'tokens counted': [],
  },
};
