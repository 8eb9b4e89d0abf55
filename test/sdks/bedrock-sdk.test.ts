import { bedrockSdk } from './bedrock-sdk.ts';
import { testSdk } from './test-sdk.ts';

testSdk(bedrockSdk);
