import { ollama } from './ollama.ts';
import { testSdk } from './test-sdk.ts';

testSdk(ollama);
