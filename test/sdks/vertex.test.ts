import { testSdk } from './test-sdk.ts';
import { vertex } from './vertex.ts';

testSdk(vertex);
