import { mistral } from './mistral.ts';
import { testSdk } from './test-sdk.ts';

testSdk(mistral);
