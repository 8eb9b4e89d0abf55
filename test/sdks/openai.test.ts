import { openai } from './openai.ts';
import { testSdk } from './test-sdk.ts';

testSdk(openai);
