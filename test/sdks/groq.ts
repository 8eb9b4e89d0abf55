import { OPENAI_LIKE } from './openai-like.ts';
import { deniedInCore, maxTokens, type Sdk } from './sdk.ts';

export const groq: Sdk = {
  name: 'groq-sdk',
  app: 'groq-together',
  providers: ['groq'],
  packages: [
    { name: 'groq-sdk', loads: ['import', 'require', 'bundle'] },
    // It sends through node-fetch unless it is told otherwise, and takes the fetch that it finds then: so after us.
    { name: 'groq-sdk-0', loads: ['import', 'require'], before: 'groq-sdk-0/shims/web', atFetch: true },
  ],
  acting: { case: 'json', denied: deniedInCore, model: 'llama-3.1-8b', limit: maxTokens },
  retriesAreOneCall: true,
  cases: OPENAI_LIKE,
};
