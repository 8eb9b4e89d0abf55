/** Cases of OpenAI's SDK beyond chats: texts to continue, pictures, speech, recordings. */
import { BROKEN, type Cases, CUT, LOST, OK, REJECTED } from './sdk.ts';

/** Neither the answer nor the request says what it comes to. */
const GUESSED = 'settled ok, estimated';
const SPOKEN = 'settled ok 0/0 characters 9';
const HEARD = 'settled ok 0/0 seconds 9';
const PAINTED = 'settled ok 0/0 images 1';

export const MEDIA: Cases = {
  'completions json': [OK],
  'completions stream': [OK],
  'completions stream with usage': [OK],
  'completions stream break': [BROKEN],
  'images json': [OK],
  'images by the piece': [PAINTED],
  'images stream': [OK],
  'images stream break': [BROKEN],
  'images edit': [OK],
  'images edit of two files, as a stream': [OK],
  'images edit of a file that is read as it is sent': [OK],
  'images variation': [PAINTED],
  'speech arrayBuffer()': [SPOKEN],
  'speech blob()': [SPOKEN],
  'speech text()': [SPOKEN],
  'speech body': [SPOKEN],
  'speech clone()': [SPOKEN],
  'speech broken off': [BROKEN],
  'speech unread': [LOST],
  'speech cut': [CUT],
  'speech 500 then ok': [REJECTED, SPOKEN],
  'speech by the token': [GUESSED],
  'speech as events': [OK],
  transcription: [OK],
  'transcription withResponse': [OK],
  'transcription by the second': [HEARD],
  'transcription as text': [GUESSED],
  'transcription stream': [OK],
  'transcription stream break': [BROKEN],
  'transcription of a file that is read as it is sent': [OK],
  'transcription 400': [REJECTED],
  'transcription 429 then ok': [REJECTED, OK],
  'transcription timeout': [LOST],
  'transcription aborted before': [],
  translation: [GUESSED],
  'translation that tells its length': [HEARD],
  'azure images': [OK],
  'azure transcription': [OK],
  'batch started': ['released ok 0/0'],
  'batch read back, time and again': [OK],
  'batches listed': [OK, OK],
  'batch of Azure read back': [OK],
  'moderation, file, model': [],
};

/** At fetch a body that is read as it is sent is the provider's. */
export const UNSEEN_AT_FETCH: Cases = {
  'images edit of a file that is read as it is sent': [],
  'transcription of a file that is read as it is sent': [],
};

/** And that is said. */
export const SAYS_UNSEEN = /^spendfuse: a openai-\w+ request to \S+ has a body that can be read only once.*\n/gm;
