import { BROKEN, type Cases, CUT, EMBEDDED, LOST, OK, REJECTED } from './sdk.ts';

/** Cases of the SDKs that were made after OpenAI's. */
export const OPENAI_LIKE: Cases = {
  json: [OK],
  'json withResponse': [OK],
  'json asResponse': [OK],
  'json in parallel': [OK, OK],
  tools: [OK],
  stream: [OK],
  'stream tee': [OK],
  'stream break': [BROKEN],
  'stream abort': [BROKEN],
  'stream cut': [CUT],
  'aborted before': [],
  timeout: [LOST],
  400: [REJECTED],
  '429 then ok': [REJECTED, OK],
  embeddings: [EMBEDDED],
};
