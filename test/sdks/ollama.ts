import { BROKEN, CUT, EMBEDDED, OK, REJECTED, type Sdk } from './sdk.ts';

export const ollama: Sdk = {
  name: 'ollama',
  app: 'ollama',
  providers: ['ollama'],
  packages: [
    { name: 'ollama', loads: ['import', 'require', 'bundle'] },
    { name: 'ollama-0.5', loads: ['import', 'require', 'bundle'] },
  ],
  acting: {
    case: 'json',
    denied: () => ({ name: 'ResponseError', message: /the month is spent/ }),
    model: 'llama3.2:1b',
    limit: ({ options }) => (options as { num_predict?: number }).num_predict,
  },
  // It neither cancels a stream that a `break` leaves nor reads on, so nothing tells until the process ends.
  left: ['stream break'],
  cases: {
    json: [OK],
    'json in parallel': [OK, OK],
    stream: [OK],
    'stream break': [],
    'stream abort': [BROKEN],
    'client abort': [BROKEN],
    'stream cut': [CUT],
    400: [REJECTED],
    generate: [OK],
    'generate stream': [OK],
    embed: [EMBEDDED],
    'older embeddings': ['settled ok, estimated'],
  },
};
