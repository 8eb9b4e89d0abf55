import { BROKEN, CUT, deniedInCore, LOST, maxTokens, OK, REJECTED, type Sdk, UNSENT } from './sdk.ts';

/** A bundle is caught at the global fetch, which such a call never reaches. */
const BEFORE_FETCH = { bundle: { 'no credentials': [] } };

export const vertex: Sdk = {
  name: '@anthropic-ai/vertex-sdk',
  app: 'vertex',
  providers: ['google'],
  packages: [
    { name: '@anthropic-ai/vertex-sdk', loads: ['import', 'require', 'bundle'], except: BEFORE_FETCH },
    { name: 'vertex-sdk-0', loads: ['import', 'require', 'bundle'], except: BEFORE_FETCH },
  ],
  acting: { case: 'json', denied: deniedInCore, model: 'claude-haiku-4-5', limit: maxTokens },
  retriesAreOneCall: true,
  cases: {
    json: [OK],
    'json withResponse': [OK],
    'json in parallel': [OK, OK],
    'json unread': [LOST],
    'beta json': [OK],
    'tool use': [OK],
    stream: [OK],
    'stream helper': [OK],
    'stream tee': [OK],
    'stream break': [BROKEN],
    'stream controller.abort': [BROKEN],
    'stream cut': [CUT],
    'aborted before': [],
    timeout: [LOST],
    '400': [REJECTED],
    '429 then ok': [REJECTED, OK],
    'stream 500 then ok': [REJECTED, OK],
    'nobody listens': [UNSENT],
    'no credentials': [UNSENT],
    middleware: [OK],
    'middleware and a stream': [OK],
    'tokens counted': [],
    'plain json': [OK],
    'plain stream': [OK],
    'plain 429': [REJECTED],
  },
};
