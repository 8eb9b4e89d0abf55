/** What LangChain's packages have in common. Each call is metered in the SDK below them; a retry of theirs is a call of its own. */
import { BROKEN, type Cases, CUT, LOST, OK, REJECTED } from './sdk.ts';

export const LANGCHAIN: Cases = {
  invoke: [OK],
  'invoke with messages': [OK],
  'invoke in parallel': [OK, OK],
  batch: [OK, OK, OK],
  stream: [OK],
  'streams in parallel': [OK, OK],
  'stream break': [BROKEN],
  'stream abort': [BROKEN],
  'stream cut': [CUT],
  'tool call and its result': [OK, OK],
  'structured output': [OK],
  'aborted before': [],
  'aborted while waiting': [LOST],
  '400': [REJECTED],
  '500, no retry': [REJECTED],
  '500, tried again': [REJECTED, OK],
};
