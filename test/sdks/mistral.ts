import { BROKEN, CUT, EMBEDDED, LOST, maxTokens, OK, REJECTED, type Sdk } from './sdk.ts';

export const mistral: Sdk = {
  name: '@mistralai/mistralai',
  app: 'mistral',
  providers: ['mistral'],
  packages: [
    // The newest is ESM alone.
    { name: '@mistralai/mistralai', loads: ['import', 'bundle'] },
    { name: 'mistralai-1', loads: ['import', 'require', 'bundle'] },
  ],
  // Its own telemetry asks for these where they are installed.
  external: ['@opentelemetry/sdk-trace-base', '@opentelemetry/resources', '@opentelemetry/exporter-*'],
  acting: {
    case: 'json',
    denied: () => ({ message: /the month is spent/ }),
    model: 'mistral-small-latest',
    limit: maxTokens,
  },
  cases: {
    json: [OK],
    'json in parallel': [OK, OK],
    tools: [OK],
    stream: [OK],
    'stream break': [BROKEN],
    'stream abort': [BROKEN],
    'stream cut': [CUT],
    'aborted before': [],
    timeout: [LOST],
    400: [REJECTED],
    '429 then ok': [REJECTED, OK],
    embeddings: [EMBEDDED],
  },
};
