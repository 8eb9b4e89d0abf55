import { OPENAI_LIKE } from './openai-like.ts';
import { deniedInCore, maxTokens, type Sdk } from './sdk.ts';

export const together: Sdk = {
  name: 'together-ai',
  app: 'groq-together',
  providers: ['together'],
  packages: [
    { name: 'together-ai', loads: ['import', 'require', 'bundle'] },
    { name: 'together-ai-0.49', loads: ['import', 'require', 'bundle'] },
  ],
  acting: { case: 'json', denied: deniedInCore, model: 'llama-3.1-8b', limit: maxTokens },
  retriesAreOneCall: true,
  cases: OPENAI_LIKE,
};
