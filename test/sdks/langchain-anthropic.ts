import { LANGCHAIN } from './langchain.ts';
import { deniedInCore, maxTokens, OK, type Sdk } from './sdk.ts';

export const langchainAnthropic: Sdk = {
  name: '@langchain/anthropic',
  app: 'langchain-anthropic',
  providers: ['anthropic'],
  packages: [
    { name: '@langchain/anthropic', loads: ['import', 'require', 'bundle'] },
    { name: 'langchain-0.3/anthropic', loads: ['import', 'require', 'bundle'] },
  ],
  acting: { case: 'invoke', denied: deniedInCore, model: 'claude-3-5-haiku', limit: maxTokens },
  cases: { ...LANGCHAIN, 'streaming option': [OK] },
};
