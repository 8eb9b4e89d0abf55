import { anthropic } from './anthropic.ts';
import { testSdk } from './test-sdk.ts';

testSdk(anthropic);
