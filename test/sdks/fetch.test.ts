import { plainFetch } from './fetch.ts';
import { testSdk } from './test-sdk.ts';

testSdk(plainFetch);
