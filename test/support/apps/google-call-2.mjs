/** As google-call.mjs, with the major before. */
import { GoogleGenAI } from 'google-genai-2';
import { oneCall } from './google-call-ways.mjs';

await oneCall(GoogleGenAI);
