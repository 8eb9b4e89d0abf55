import { cohere } from './cohere.ts';
import { testSdk } from './test-sdk.ts';

testSdk(cohere);
