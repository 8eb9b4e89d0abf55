import { langchainAnthropic } from './langchain-anthropic.ts';
import { testSdk } from './test-sdk.ts';

testSdk(langchainAnthropic);
