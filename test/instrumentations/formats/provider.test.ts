import { findProvider } from '@pydantic/genai-prices';
import { describe, expect, it } from 'vitest';
import { providerOf } from '../../../instrumentations/formats/index.ts';

const format = { provider: 'whatever-the-format-says' };

describe('providerOf', () => {
  it.each([
    ['api.openai.com', 'openai'],
    ['eu.api.openai.com', 'openai'],
    ['api.openai.com:443', 'openai'],
    ['API.OpenAI.com', 'openai'],
    ['acme-prod.openai.azure.com', 'azure'],
    ['acme.cognitiveservices.azure.com', 'azure'],
    ['acme.services.ai.azure.com', 'azure'],
    ['api.groq.com', 'groq'],
    ['api.together.xyz', 'together'],
    ['api.mistral.ai', 'mistral'],
    ['api.deepseek.com', 'deepseek'],
    ['openrouter.ai', 'openrouter'],
    ['api.x.ai', 'x-ai'],
    ['us-east-1.api.x.ai', 'x-ai'],
    ['api.fireworks.ai', 'fireworks'],
    ['api.anthropic.com', 'anthropic'],
    ['bedrock-runtime.eu-west-1.amazonaws.com', 'aws'],
    ['bedrock-agent-runtime.eu-west-1.amazonaws.com', 'aws'],
    ['generativelanguage.googleapis.com', 'google'],
    ['aiplatform.googleapis.com', 'google'],
    ['europe-west4-aiplatform.googleapis.com', 'google'],
    ['aiplatform.eu.rep.googleapis.com', 'google'],
  ])('knows %s as %s', (host, provider) => {
    expect(providerOf(host, format)).toBe(provider);
  });

  it.each(['127.0.0.1:4010', 'gateway.example.com', 'api.openai.com.example.com', 'constructor', ''])(
    'takes the unknown host "%s" at the word of the format',
    (host) => {
      expect(providerOf(host, format)).toBe(format.provider);
    },
  );

  it.each([
    'api.openai.com',
    'api.anthropic.com',
    'api.groq.com',
    'api.together.xyz',
    'api.mistral.ai',
    'api.deepseek.com',
    'openrouter.ai',
    'api.x.ai',
    'api.fireworks.ai',
    'api.cerebras.ai',
    'api.perplexity.ai',
    'api.cohere.com',
    'api.moonshot.ai',
    'api.novita.ai',
    'api.z.ai',
    'open.bigmodel.cn',
    'api.minimax.io',
    'api.voyageai.com',
    'inference.baseten.co',
    'api.avian.io',
    'api.arcee.ai',
    'api.doubleword.ai',
    'api.githubcopilot.com',
    'generativelanguage.googleapis.com',
    'acme.openai.azure.com',
    'bedrock-runtime.us-east-1.amazonaws.com',
  ])('gives %s the name that the price catalogue gives it', (host) => {
    expect(providerOf(host, format)).toBe(findProvider({ providerApiUrl: `https://${host}` })?.id);
  });
});
