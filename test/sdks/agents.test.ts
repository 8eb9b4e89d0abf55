import { agents } from './agents.ts';
import { testSdk } from './test-sdk.ts';

testSdk(agents);
