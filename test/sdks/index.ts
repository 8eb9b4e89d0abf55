/** The SDKs that are tested. A new one is a file here, its test, an application in `apps/`, and a line. */
import { agents } from './agents.ts';
import { ai } from './ai.ts';
import { anthropic } from './anthropic.ts';
import { bedrock } from './bedrock.ts';
import { bedrockSdk } from './bedrock-sdk.ts';
import { cohere } from './cohere.ts';
import { plainFetch } from './fetch.ts';
import { google } from './google.ts';
import { groq } from './groq.ts';
import { langchainAnthropic } from './langchain-anthropic.ts';
import { langchainOpenai } from './langchain-openai.ts';
import { mistral } from './mistral.ts';
import { ollama } from './ollama.ts';
import { openai } from './openai.ts';
import type { Sdk } from './sdk.ts';
import { together } from './together.ts';
import { vertex } from './vertex.ts';

export const SDKS: readonly Sdk[] = [
  openai,
  anthropic,
  vertex,
  bedrockSdk,
  bedrock,
  google,
  ai,
  agents,
  langchainOpenai,
  langchainAnthropic,
  mistral,
  cohere,
  groq,
  together,
  ollama,
  plainFetch,
];
