/** One call of Google's SDK, after which it prints what came of it. `RETRIES`: yes; `STREAM`: yes; `EMBED`: yes. */
import { GoogleGenAI } from '@google/genai';
import { oneCall } from './google-call-ways.mjs';

await oneCall(GoogleGenAI);
