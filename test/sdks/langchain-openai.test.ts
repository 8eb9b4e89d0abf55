import { langchainOpenai } from './langchain-openai.ts';
import { testSdk } from './test-sdk.ts';

testSdk(langchainOpenai);
