import { google } from './google.ts';
import { testSdk } from './test-sdk.ts';

testSdk(google);
