import { testSdk } from './test-sdk.ts';
import { together } from './together.ts';

testSdk(together);
