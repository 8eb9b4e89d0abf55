import { describe, expect, it } from 'vitest';
import { bedrockConverse } from '../../../instrumentations/formats/bedrock-converse.ts';
import { bedrockInvoke } from '../../../instrumentations/formats/bedrock-invoke.ts';
import { familyOf, modelIn, withModel } from '../../../instrumentations/formats/bedrock-path.ts';
import { FRAMING_TOKENS } from '../../../instrumentations/formats/bound.ts';
import type { Rewrite } from '../../../instrumentations/formats/format.ts';
import { providerOfHost } from '../../../instrumentations/formats/index.ts';
import { bytes } from './recording.ts';

const ARN = 'arn:aws:bedrock:us-east-1:123456789012:';
const path = (model: string, verb = 'invoke'): string => `/model/${encodeURIComponent(model)}/${verb}`;

describe('the model in the path', () => {
  it.each([
    ['anthropic.claude-haiku-4-5-20251001-v1:0', 'anthropic.claude-haiku-4-5-20251001-v1:0', 'anthropic'],
    ['us-gov.anthropic.claude-3-haiku-20240307-v1:0', 'us-gov.anthropic.claude-3-haiku-20240307-v1:0', 'anthropic'],
    ['global.amazon.nova-2-lite-v1:0', 'global.amazon.nova-2-lite-v1:0', 'amazon.nova'],
    ['amazon.titan-text-lite-v1', 'amazon.titan-text-lite-v1', 'amazon.titan'],
    [
      'arn:aws:bedrock:us-east-1::foundation-model/meta.llama3-8b-instruct-v1:0',
      'meta.llama3-8b-instruct-v1:0',
      'meta',
    ],
    [`${ARN}inference-profile/eu.mistral.pixtral-large-2502-v1:0`, 'eu.mistral.pixtral-large-2502-v1:0', 'mistral'],
    [`${ARN}application-inference-profile/abc123`, 'application-inference-profile/abc123', undefined],
    [`${ARN}provisioned-model/xyz`, 'provisioned-model/xyz', undefined],
    ['arn:aws-us-gov:bedrock:us-gov-west-1:1:imported-model/m', 'imported-model/m', undefined],
  ])('%s is %s', (sent, model, family) => {
    expect(modelIn(path(sent))).toBe(model);
    expect(modelIn(`/proxy${path(sent, 'converse-stream')}`)).toBe(model);
    expect(familyOf(model)).toBe(family);
    expect(modelIn(withModel(path(sent), 'meta.llama4-scout:0'))).toBe('meta.llama4-scout:0');
  });

  it('is unknown where the path has none, and stays as it is where it cannot be decoded', () => {
    expect(modelIn('/invoke')).toBe('unknown');
    expect(modelIn('/model/%E0%A4%A/invoke')).toBe('%E0%A4%A');
    expect(withModel('/invoke', 'x')).toBe('/invoke');
  });
});

describe('a host of Bedrock', () => {
  it.each([
    ['bedrock-runtime.us-east-1.amazonaws.com', 'aws'],
    ['bedrock-runtime-fips.us-gov-west-1.amazonaws.com:443', 'aws'],
    ['bedrock-runtime.cn-north-1.amazonaws.com.cn', 'aws'],
    ['bedrock-mantle.us-east-1.api.aws', 'aws'],
    ['vpce-0a1b-xyz.bedrock-runtime.eu-west-1.vpce.amazonaws.com', 'aws'],
    ['bedrock.us-east-1.amazonaws.com', undefined],
    ['bedrock-runtime.us-east-1.amazonaws.com.evil.example', undefined],
  ])('%s', (host, provider) => {
    expect(providerOfHost(host)).toBe(provider);
  });
});

describe('a rewrite', () => {
  const messages = [{ role: 'user', content: 'hi' }];
  const claude = { anthropic_version: 'bedrock-2023-05-31', max_tokens: 900, messages };
  const cases: [string, object, string, object][] = [
    ['lowers', claude, 'anthropic.claude-x', { ...claude, max_tokens: 50 }],
    ['never raises', { prompt: 'x', max_gen_len: 9 }, 'meta.llama3', { prompt: 'x', max_gen_len: 9 }],
    ['adds Llama’s limit', { prompt: 'x' }, 'us.meta.llama3', { prompt: 'x', max_gen_len: 50 }],
    ['adds Mistral’s limit', { prompt: 'x' }, 'mistral.mistral-7b', { prompt: 'x', max_tokens: 50 }],
    ['adds AI21’s limit', { prompt: 'x' }, 'ai21.j2-mid-v1', { prompt: 'x', maxTokens: 50 }],
    [
      'adds Titan’s limit',
      { inputText: 'x' },
      'amazon.titan-text-lite-v1',
      { inputText: 'x', textGenerationConfig: { maxTokenCount: 50 } },
    ],
    [
      'lowers Nova’s limit by the name that it has',
      { messages: [{ content: [{ text: 'x' }] }], inferenceConfig: { max_new_tokens: 900, topP: 1 } },
      'amazon.nova-lite-v1:0',
      { messages: [{ content: [{ text: 'x' }] }], inferenceConfig: { max_new_tokens: 50, topP: 1 } },
    ],
    [
      'lowers the limit of an open model',
      { messages, max_tokens: 900 },
      'qwen.qwen3-32b',
      { messages, max_tokens: 50 },
    ],
  ];

  it.each(cases)('%s: %j', (_what, body, model, expected) => {
    const before = JSON.stringify(body);
    expect(bedrockInvoke.canRewrite?.(body, path(model), { maxOutputTokens: 50 })).toBe(true);
    expect(bedrockInvoke.rewrite(body, { model: 'ignored', maxOutputTokens: 50 }, path(model))).toEqual(expected);
    expect(JSON.stringify(body)).toBe(before);
  });

  it.each<[string, object, string, Rewrite, boolean]>([
    ['within a family', claude, 'us.anthropic.claude-x', { model: 'anthropic.claude-y' }, true],
    ['to another family', claude, 'us.anthropic.claude-x', { model: 'amazon.nova-lite-v1:0' }, false],
    ['from Nova to Titan', { messages, schemaVersion: 'v1' }, 'amazon.nova-x', { model: 'amazon.titan-y' }, false],
    [
      'of a profile that speaks Claude’s words',
      claude,
      `${ARN}application-inference-profile/a`,
      { model: 'anthropic.z' },
      true,
    ],
    [
      'of a profile in words of nobody',
      { prompt: 'x' },
      `${ARN}application-inference-profile/a`,
      { model: 'meta.z' },
      false,
    ],
    ['of a limit without a name', { prompt: 'x' }, `${ARN}imported-model/a`, { maxOutputTokens: 5 }, false],
    [
      'of a limit by the name that is there',
      { prompt: 'x', max_tokens: 9 },
      `${ARN}imported-model/a`,
      { maxOutputTokens: 5 },
      true,
    ],
  ])('%s', (_what, body, model, rewrite, possible) => {
    expect(bedrockInvoke.canRewrite?.(body, path(model), rewrite)).toBe(possible);
  });

  it('of Converse may be to any model, and takes the thinking along', () => {
    const thinking = { type: 'enabled', budget_tokens: 4000 };
    const body = {
      messages,
      inferenceConfig: { maxTokens: 8000 },
      additionalModelRequestFields: { thinking, top_k: 5 },
    };
    expect(bedrockConverse.canRewrite).toBeUndefined();
    expect(bedrockConverse.rewrite(body, { maxOutputTokens: 2000 })).toEqual({
      messages,
      inferenceConfig: { maxTokens: 2000 },
      additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1024 }, top_k: 5 },
    });
    expect(bedrockConverse.rewrite({ messages }, { maxOutputTokens: 20 })).toMatchObject({
      inferenceConfig: { maxTokens: 20 },
    });
  });
});

describe('the bound of Converse', () => {
  const DATA = 'A'.repeat(4000);
  const asked = (block: object, rest: object = {}) => ({ messages: [{ role: 'user', content: [block] }], ...rest });
  // Tokens above (below) one per byte of the request and the framing.
  const cases: [string, object, number, object][] = [
    ['text', asked({ text: 'hi' }), 0, { audio: false }],
    ['a picture inside', asked({ image: { source: { bytes: DATA } } }), 6_500 - 4000, { audio: false }],
    [
      'a picture in a bucket',
      asked({ image: { source: { s3Location: { uri: 's3://b/i' } } } }),
      6_500,
      { audio: false },
    ],
    [
      'a picture in a tool’s result',
      asked({ toolResult: { content: [{ image: { source: { bytes: DATA } } }] } }),
      2_500,
      { audio: false },
    ],
    ['a document as text', asked({ document: { source: { text: 'abc' } } }), 0, { audio: false }],
    ['a document of pages', asked({ document: { source: { bytes: DATA } } }), 0, { unseenInput: true }],
    ['a film', asked({ video: { source: { s3Location: { uri: 's3://b/v' } } } }), 0, { unseenInput: true }],
    ['speech', asked({ audio: { source: { bytes: DATA } } }), 0, {}],
    ['a kept prompt', { promptVariables: { a: { text: 'b' } } }, 0, { unseenInput: true }],
    ['tools', asked({ text: 'x' }, { toolConfig: { tools: [{ toolSpec: {} }] } }), 1_000, { audio: false }],
    [
      'a tool that Anthropic writes itself',
      asked({ text: 'x' }, { additionalModelRequestFields: { tools: [{ type: 'computer_20250124' }] } }),
      4_000,
      { audio: false },
    ],
    [
      'a service tier',
      asked({ text: 'x' }, { serviceTier: { type: 'priority' } }),
      0,
      { audio: false, serviceTier: 'priority' },
    ],
  ];

  it.each(cases)('%s', (_what, body, above, rest) => {
    const { inputTokens, ...others } = bedrockConverse.request(body, bytes(body), path('m', 'converse'))!.bound;
    expect(inputTokens).toBe(bytes(body) + FRAMING_TOKENS + above);
    expect(others).toEqual(rest);
  });
});

describe('usage of Converse that is garbage', () => {
  it.each([
    [{ inputTokens: -1, outputTokens: 1 }, 'usage.inputTokens is -1'],
    [{ inputTokens: 1 }, 'usage.outputTokens is missing'],
    [
      { inputTokens: 1, outputTokens: 1, cacheReadInputTokens: '4' },
      'usage.cacheReadInputTokens is no number (string)',
    ],
    [{ inputTokens: 1, outputTokens: 1, cacheDetails: [{ ttl: '1h', inputTokens: 1.5 }] }, 'usage.inputTokens is 1.5'],
    [{ inputTokens: 5, outputTokens: 0 }, 'usage counts no output tokens, but 3 bytes were received'],
    ['many', 'usage is no object'],
  ])('%j: %s', (usage, invalid) => {
    const request = bedrockConverse.request({ messages: [] }, 30, path('m', 'converse'))!;
    const facts = bedrockConverse.response({ output: { message: { content: [{ text: 'abc' }] } }, usage }, request);
    expect(facts).toMatchObject({ invalid, estimate: { outputTokens: 1 } });
    expect(facts.usage).toBeUndefined();
  });
});
