import { ai } from './ai.ts';
import { testSdk } from './test-sdk.ts';

testSdk(ai);
