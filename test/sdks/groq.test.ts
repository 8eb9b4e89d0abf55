import { groq } from './groq.ts';
import { testSdk } from './test-sdk.ts';

testSdk(groq);
