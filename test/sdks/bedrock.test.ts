import { bedrock } from './bedrock.ts';
import { testSdk } from './test-sdk.ts';

testSdk(bedrock);
