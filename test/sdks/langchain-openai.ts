import { LANGCHAIN } from './langchain.ts';
import { deniedInCore, EMBEDDED, maxTokens, OK, type Sdk } from './sdk.ts';

export const langchainOpenai: Sdk = {
  name: '@langchain/openai',
  app: 'langchain-openai',
  providers: ['openai'],
  packages: [
    { name: '@langchain/openai', loads: ['import', 'require', 'bundle'] },
    { name: 'langchain-0.3/openai', loads: ['import', 'require', 'bundle'] },
  ],
  acting: { case: 'invoke', denied: deniedInCore, model: 'gpt-4.1-mini', limit: maxTokens },
  cases: {
    ...LANGCHAIN,
    'responses API': [OK],
    'responses API stream': [OK],
    'embed a query': [EMBEDDED],
    'embed documents': [EMBEDDED],
  },
};
