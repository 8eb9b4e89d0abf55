import { BROKEN, CUT, EMBEDDED, LOST, maxTokens, OK, REJECTED, type Sdk } from './sdk.ts';

export const cohere: Sdk = {
  name: 'cohere-ai',
  app: 'cohere',
  providers: ['cohere'],
  packages: [
    { name: 'cohere-ai', loads: ['import', 'require', 'bundle'] },
    { name: 'cohere-ai-7', loads: ['import', 'require', 'bundle'] },
  ],
  acting: {
    case: 'json',
    denied: () => ({ message: /402[\s\S]*the month is spent/ }),
    model: 'command-r7b',
    limit: maxTokens,
  },
  cases: {
    json: [OK],
    'json withRawResponse': [OK],
    'json in parallel': [OK, OK],
    stream: [OK],
    'stream break': [BROKEN],
    'stream abort': [BROKEN],
    'stream cut': [CUT],
    'aborted before': [],
    timeout: [LOST],
    400: [REJECTED],
    '429 then ok': [REJECTED, OK],
    'first version json': [OK],
    'first version stream': [OK],
    'first version stream break': [BROKEN],
    embeddings: [EMBEDDED],
    rerank: ['settled ok 0/0 searches 1'],
  },
};
