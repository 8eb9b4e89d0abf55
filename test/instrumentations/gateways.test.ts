/** Gateways: what they say of an answer, as JSON and header tables, as garbage, and through the real SDK of OpenAI. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openaiChat } from '../../instrumentations/formats/openai-chat.ts';
import { gateOf, providerByHeaders } from '../../instrumentations/gateway-requests.ts';
import { type GatewayName, gatewayBy, type HeaderOf, hear, through } from '../../instrumentations/gateways.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startProvider, type TestProvider } from '../support/provider.ts';
import { REGISTER, runApp } from '../support/run-app.ts';
import { allow, type StubServer, startStub } from '../support/stub-server.ts';

type Headers = Record<string, string>;
const of =
  (headers: Headers): HeaderOf =>
  (name) =>
    headers[name];
const REQUEST = { model: 'gpt-4.1', stream: false, bound: { inputTokens: 100 } };
const CHAT = {
  id: 'chatcmpl-1',
  model: 'gpt-4.1',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 12, completion_tokens: 3 },
};
const read = (gateway: GatewayName, headers: Headers, more: object = {}) =>
  through(openaiChat, hear(gateway, of(headers))).response({ ...CHAT, ...more }, REQUEST);

/** Header sets as the gateways' own pages and sources show them. */
const LITELLM = {
  'x-litellm-call-id': 'b980db26-9512-45cc-b1da-c511a363b83f',
  'x-litellm-model-id': 'cb41bc03f4c33d310019bae8c5afdb1af0a8f97b36a234405a9807614988457c',
  'x-litellm-model-api-base': 'https://x-example-1234.openai.azure.com',
  'x-litellm-version': '1.40.21',
  'x-litellm-response-cost': '2.85e-05',
  'x-litellm-attempted-fallbacks': '0',
};
const CLOUDFLARE = { 'cf-aig-log-id': '01M1KZWN069WWNPC18V05NKHSS', 'cf-aig-cache-status': 'MISS', 'cf-aig-step': '0' };
const PORTKEY = {
  'x-portkey-trace-id': 't',
  'x-portkey-cache-status': 'DISABLED',
  'x-portkey-last-used-option-index': 'config.targets[1]',
  'x-portkey-provider': 'anthropic',
  'x-portkey-retry-attempt-count': '0',
};
const BIFROST = { 'x-bifrost-request-id': 'r', 'x-bifrost-provider': 'openai', 'x-bifrost-resolved-model': 'gpt-4o' };

describe('an answer through', () => {
  test.each<[what: string, gateway: GatewayName, headers: Headers, evidence: object, model: string]>([
    [
      'LiteLLM to Azure: its model is a deployment, so the body names it',
      'litellm',
      { ...LITELLM, 'x-litellm-model-name': 'azure/my-deployment' },
      {
        servedProvider: 'azure',
        gatewayRoute: LITELLM['x-litellm-model-id'],
        reportedCostNanoUsd: 28_500n,
      },
      'gpt-4.1',
    ],
    [
      'LiteLLM that fell back',
      'litellm',
      {
        ...LITELLM,
        'x-litellm-model-name': 'bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0',
        'x-litellm-attempted-fallbacks': '1',
        'x-litellm-response-cost': 'None',
      },
      { servedProvider: 'aws', gatewayRoute: LITELLM['x-litellm-model-id'], fallback: { by: 'gateway' } },
      'us.anthropic.claude-haiku-4-5-20251001-v1:0',
    ],
    [
      'LiteLLM to a model of nobody’s: where it is, tells no provider',
      'litellm',
      { 'x-litellm-call-id': 'c', 'x-litellm-model-api-base': 'http://ollama:11434' },
      {},
      'gpt-4.1',
    ],
    ['Portkey', 'portkey', PORTKEY, { servedProvider: 'anthropic', gatewayRoute: 'config.targets[1]' }, 'gpt-4.1'],
    [
      'Cloudflare’s second step',
      'cloudflare',
      { ...CLOUDFLARE, 'cf-aig-step': '1' },
      { gatewayRoute: 'step 1', fallback: { by: 'gateway' } },
      'gpt-4.1',
    ],
    [
      'a dynamic route of Cloudflare’s',
      'cloudflare',
      { ...CLOUDFLARE, 'cf-aig-provider': 'google-ai-studio', 'cf-aig-model': 'gemini-2.5-flash' },
      { servedProvider: 'google', gatewayRoute: 'step 0' },
      'gemini-2.5-flash',
    ],
    ['Helicone', 'helicone', { 'helicone-id': 'h', 'helicone-cache': 'MISS' }, {}, 'gpt-4.1'],
    [
      'Helicone’s second way',
      'helicone',
      { 'helicone-id': 'h', 'helicone-fallback-index': '1' },
      { gatewayRoute: 'fallback 1', fallback: { by: 'gateway' } },
      'gpt-4.1',
    ],
    ['Bifrost', 'bifrost', BIFROST, { servedProvider: 'openai' }, 'gpt-4o'],
    [
      'Bifrost that fell back',
      'bifrost',
      {
        ...BIFROST,
        'x-bifrost-routing-info-provider': 'vertex',
        'x-bifrost-routing-info-model': 'gemini-2.5-flash',
        'x-bifrost-routing-info-is-fallback': 'true',
        'x-bifrost-routing-info-primary-provider': 'openai',
        'x-bifrost-routing-info-primary-model': 'gpt-4.1',
      },
      { servedProvider: 'google', fallback: { by: 'gateway', provider: 'openai', model: 'gpt-4.1' } },
      'gemini-2.5-flash',
    ],
  ])('%s', (_, gateway, headers, evidence, model) => {
    const facts = read(gateway, headers);
    expect(facts.evidence).toEqual({ gateway, ...evidence });
    expect([facts.model, facts.usage]).toEqual([model, { inputTokens: 12, outputTokens: 3 }]);
    expect(gatewayBy(of(headers))).toBe(gateway);
  });

  test('a body that names the model outdoes a header, unless it repeats what was asked for', () => {
    const headers = { ...LITELLM, 'x-litellm-model-name': 'openai/gpt-4.1-mini' };
    expect(read('litellm', headers, { model: 'gpt-4.1-mini-2025-04-14' }).model).toBe('gpt-4.1-mini-2025-04-14');
    expect(read('litellm', headers, { model: 'gpt-4.1' }).model).toBe('gpt-4.1-mini');
  });

  test.each<[what: string, more: object, evidence: object]>([
    [
      'its provider and what it charges',
      { provider: 'Amazon Bedrock', usage: { ...CHAT.usage, cost: 0.00014 } },
      { servedProvider: 'aws', reportedCostNanoUsd: 140_000n },
    ],
    [
      'with one’s own key, what the provider is paid besides its fee',
      {
        provider: 'Groq',
        usage: { ...CHAT.usage, cost: 0.01, is_byok: true, cost_details: { upstream_inference_cost: 0.2 } },
      },
      { servedProvider: 'groq', reportedCostNanoUsd: 210_000_000n },
    ],
    ['a provider that the price catalogue does not have', { provider: 'DeepInfra' }, { servedProvider: 'deepinfra' }],
  ])('OpenRouter tells %s', (_, more, evidence) => {
    expect(read('openrouter', {}, more).evidence).toEqual({ gateway: 'openrouter', ...evidence });
  });

  const ROUTING = {
    originalModelId: 'anthropic/claude-opus-4',
    resolvedProvider: 'anthropic',
    resolvedProviderApiModelId: 'claude-opus-4-20250514',
    finalProvider: 'anthropic',
    canonicalSlug: 'anthropic/claude-opus-4',
  };
  test.each<[what: string, more: object]>([
    ['at the top', { providerMetadata: { gateway: { cost: '0.0045', routing: ROUTING } } }],
    [
      'with the message',
      {
        choices: [
          {
            message: { content: 'Hi', provider_metadata: { gateway: { cost: '0.0045', routing: ROUTING } } },
            finish_reason: 'stop',
          },
        ],
      },
    ],
  ])('Vercel tells its routing %s', (_, more) => {
    expect(read('vercel', {}, more)).toMatchObject({
      model: 'claude-opus-4-20250514',
      evidence: { gateway: 'vercel', servedProvider: 'anthropic', reportedCostNanoUsd: 4_500_000n },
    });
  });

  test('Vercel that fell back names the attempt that succeeded', () => {
    const routing = {
      ...ROUTING,
      finalProvider: 'bedrock',
      attempts: [
        { provider: 'anthropic', providerApiModelId: 'claude-opus-4-20250514', success: false },
        { provider: 'bedrock', providerApiModelId: 'us.anthropic.claude-opus-4-20250514-v1:0', success: true },
      ],
    };
    expect(read('vercel', {}, { providerMetadata: { gateway: { routing } } })).toMatchObject({
      model: 'us.anthropic.claude-opus-4-20250514-v1:0',
      evidence: { servedProvider: 'aws', fallback: { by: 'gateway', provider: 'anthropic' } },
    });
  });

  test('in chunks tells the same', () => {
    const reader = through(openaiChat, hear('openrouter', of({}))).stream({ ...REQUEST, stream: true });
    reader.push({ id: 'g', provider: 'OpenAI', model: 'openai/gpt-4.1', choices: [{ delta: { content: 'Hi' } }] });
    expect(reader.facts().evidence).toEqual({ gateway: 'openrouter', servedProvider: 'openai' });
    reader.push({ choices: [{ delta: {}, finish_reason: 'stop' }], usage: { ...CHAT.usage, cost: 0.5 } });
    expect(reader.facts()).toMatchObject({
      model: 'openai/gpt-4.1',
      usage: { inputTokens: 12, outputTokens: 3 },
      evidence: { gateway: 'openrouter', servedProvider: 'openai', reportedCostNanoUsd: 500_000_000n },
    });
  });
});

describe('an answer out of the gateway’s cache', () => {
  test.each<[GatewayName, Headers]>([
    ['openrouter', { 'x-openrouter-cache-status': 'HIT' }],
    ['litellm', { ...LITELLM, 'x-litellm-cache-key': '586bf3f3c1bf5aecb55bd9996494d3bb' }],
    ['portkey', { ...PORTKEY, 'x-portkey-cache-status': 'SEMANTIC HIT' }],
    ['cloudflare', { ...CLOUDFLARE, 'cf-aig-cache-status': 'HIT' }],
    ['helicone', { 'helicone-id': 'h', 'helicone-cache': 'HIT' }],
  ])('of %s bills nothing, whatever it counts, and its id is the first one’s', (gateway, headers) => {
    for (const usage of [CHAT.usage, { prompt_tokens: 0, completion_tokens: 0 }, undefined]) {
      const facts = read(gateway, headers, { usage });
      expect(facts).toMatchObject({ model: 'gpt-4.1', usage: { inputTokens: 0, outputTokens: 0 } });
      expect(facts).not.toHaveProperty('responseId');
      expect(facts).not.toHaveProperty('estimate');
      expect(facts.evidence).toMatchObject({ gateway, gatewayCached: true });
      expect(facts.evidence).not.toHaveProperty('reportedCostNanoUsd');
    }
  });

  test.each(['MISS', 'SEMANTIC MISS', 'REFRESH', 'DISABLED', 'hit or miss', ''])('is not told by "%s"', (status) => {
    expect(read('portkey', { ...PORTKEY, 'x-portkey-cache-status': status }).usage?.inputTokens).toBe(12);
  });
});

describe('garbage', () => {
  const NAMES = ['x-litellm-model-name', 'x-litellm-model-api-base', 'x-litellm-model-id', 'x-litellm-response-cost']
    .concat(['x-litellm-attempted-fallbacks', 'x-portkey-provider', 'x-portkey-last-used-option-index', 'cf-aig-step'])
    .concat([
      'cf-aig-provider',
      'cf-aig-model',
      'helicone-fallback-index',
      'x-bifrost-provider',
      'x-bifrost-fallback-index',
    ])
    .concat(['x-portkey-cache-status', 'cf-aig-cache-status', 'helicone-cache', 'x-openrouter-cache-status']);
  const GATEWAYS: GatewayName[] = ['openrouter', 'litellm', 'portkey', 'vercel', 'cloudflare', 'helicone', 'bifrost'];
  const header = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('/', 'openai/', '-1', '1e999', 'NaN', '0x10'));
  const headers = fc.dictionary(fc.constantFrom(...NAMES), header);
  const member = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }), fc.double());
  const body = fc.record(
    {
      provider: member,
      usage: fc.oneof(
        member,
        fc.dictionary(fc.constantFrom('cost', 'is_byok', 'cost_details', 'prompt_tokens'), member),
      ),
      choices: fc.oneof(member, fc.array(member)),
      provider_metadata: fc.oneof(
        member,
        fc.dictionary(fc.constant('gateway'), fc.dictionary(fc.constant('routing'), member)),
      ),
      providerMetadata: fc.record({
        gateway: fc.record({ routing: fc.dictionary(fc.string(), member), cost: member }),
      }),
    },
    { requiredKeys: [] },
  );

  test('in headers and bodies is left out, and what is told fits the wire', () => {
    fc.assert(
      fc.property(fc.constantFrom(...GATEWAYS), headers, body, (gateway, given, json) => {
        const { evidence } = through(openaiChat, hear(gateway, of(given))).response(json, REQUEST);
        const { fallback, reportedCostNanoUsd: cost, gatewayCached: _, ...words } = evidence ?? {};
        for (const word of [...Object.values(words), fallback?.provider, fallback?.model]) {
          if (word !== undefined) expect(word).toMatch(/^[\x21-\x7e][\x20-\x7e]{0,127}$/);
        }
        if (cost !== undefined) expect(cost >= 0n && cost <= 2_000_000n * 10n ** 9n).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('in a URL or its headers names no provider', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string({ unit: 'binary' }), (host, path, text) => {
        gateOf(host, path);
        gateOf('gateway.ai.cloudflare.com', path);
        for (const gateway of GATEWAYS) providerByHeaders(gateway, () => text);
      }),
    );
  });
});

describe('a request to a gateway', () => {
  test.each([
    ['openrouter.ai', '/api/v1/chat/completions', { name: 'openrouter', provider: 'openrouter' }],
    ['api.portkey.ai', '/v1/chat/completions', { name: 'portkey' }],
    ['ai-gateway.vercel.sh', '/v1/chat/completions', { name: 'vercel', prefixed: true }],
    ['gateway.ai.cloudflare.com', '/v1/acc/gw/anthropic/v1/messages', { name: 'cloudflare', provider: 'anthropic' }],
    ['gateway.ai.cloudflare.com', '/v1/acc/gw/google-ai-studio/v1/x', { name: 'cloudflare', provider: 'google' }],
    ['gateway.ai.cloudflare.com', '/v1/acc/gw/grok/v1/chat/completions', { name: 'cloudflare', provider: 'x-ai' }],
    ['gateway.ai.cloudflare.com', '/v1/acc/gw/compat/chat/completions', { name: 'cloudflare', prefixed: true }],
    ['gateway.ai.cloudflare.com', '/v1/acc/gw/replicate/v1/x', { name: 'cloudflare' }],
    ['oai.helicone.ai', '/v1/chat/completions', { name: 'helicone', provider: 'openai' }],
    ['anthropic.helicone.ai', '/v1/messages', { name: 'helicone', provider: 'anthropic' }],
    ['api.openai.com', '/v1/chat/completions', undefined],
    ['constructor', '/', undefined],
  ])('%s%s', (host, path, gate) => {
    expect(gateOf(host, path)).toEqual(gate);
  });

  test.each<[GatewayName, Headers, string | undefined]>([
    ['portkey', { 'x-portkey-provider': 'vertex-ai' }, 'google'],
    ['portkey', { 'x-portkey-provider': '@openai-prod' }, undefined],
    ['helicone', { 'helicone-target-url': 'https://api.groq.com/openai/v1' }, 'groq'],
    ['helicone', { 'helicone-target-url': 'not a url' }, undefined],
    ['vercel', { 'x-portkey-provider': 'openai' }, undefined],
  ])('%s with %o', (gateway, headers, provider) => {
    expect(providerByHeaders(gateway, of(headers))).toBe(provider);
  });
});

describe('through the SDK of OpenAI', () => {
  const REDIRECT = fileURLToPath(new URL('../support/apps/redirect.mjs', import.meta.url));
  const APP = fileURLToPath(new URL('../support/apps/gateways.mjs', import.meta.url));
  let provider: TestProvider;
  let gateway: TestGateway;
  let stub: StubServer;
  let folder: string;

  beforeAll(async () => {
    provider = await startProvider();
    gateway = await startGateway(provider.url);
  });
  beforeEach(async () => {
    stub = await startStub();
    stub.decide = allow;
    folder = mkdtempSync(join(tmpdir(), 'spendfuse-gateways-'));
    return async () => {
      await stub.stop();
      rmSync(folder, { recursive: true });
    };
  });
  afterAll(async () => {
    await gateway.stop();
    await provider.stop();
  });

  async function play(calls: readonly object[]) {
    const where = { GATEWAY: gateway.url, SPENDFUSE_ENDPOINT: stub.url, SPENDFUSE_JOURNAL: folder };
    const env = { ...where, CALLS: JSON.stringify(calls) };
    const ran = await runApp({ args: ['--import', REDIRECT, '--import', REGISTER, APP], env });
    expect(ran.json, ran.stderr).toEqual(calls.map(() => 'ok'));
    return stub.settlements.filter(({ end }) => end === 'settled');
  }

  test('hosted gateways: what is asked for, what is served and what they charge are all told', async () => {
    const settled = await play([
      {
        baseURL: 'https://openrouter.ai/api/v1',
        model: 'openai/gpt-4.1',
        answer: { body: { provider: 'Azure', model: 'openai/gpt-4.1', usage: { cost: 0.001 } } },
      },
      {
        baseURL: 'https://ai-gateway.vercel.sh/v1',
        model: 'xai/grok-4',
        stream: true,
        answer: { body: { provider_metadata: { gateway: { cost: '0.002', routing: { finalProvider: 'xai' } } } } },
      },
      {
        baseURL: 'https://gateway.ai.cloudflare.com/v1/acc/gw/groq',
        answer: { headers: CLOUDFLARE },
      },
      {
        baseURL: 'https://api.portkey.ai/v1',
        headers: { 'x-portkey-provider': 'mistral-ai' },
        answer: { headers: PORTKEY },
      },
    ]);
    expect(gateway.asked.map((path) => path.split('/')[0])).toEqual([
      'openrouter.ai',
      'ai-gateway.vercel.sh',
      'gateway.ai.cloudflare.com',
      'api.portkey.ai',
    ]);
    const told = settled.map(({ provider: asked, evidence }) => [asked, evidence]);
    expect(told).toEqual([
      ['openrouter', { gateway: 'openrouter', served_provider: 'azure', reported_cost: '1000000' }],
      ['x-ai', { gateway: 'vercel', served_provider: 'x-ai', reported_cost: '2000000' }],
      ['groq', { gateway: 'cloudflare', gateway_route: 'step 0' }],
      ['mistral', { gateway: 'portkey', served_provider: 'anthropic', gateway_route: 'config.targets[1]' }],
    ]);
  });

  test('one on a host of one’s own is known by its answers, JSON and streams, and its cache bills nothing', async () => {
    const cached = { headers: { ...LITELLM, 'x-litellm-cache-key': 'k' } };
    const baseURL = 'GATEWAY/v1';
    const settled = await play([
      { baseURL, answer: { headers: LITELLM } },
      { baseURL, stream: true, answer: { headers: LITELLM } },
      { baseURL, answer: cached },
      { baseURL, stream: true, answer: cached },
    ]);
    const usage = settled.map(({ usage: { input_tokens, output_tokens }, measured, evidence }) => [
      input_tokens,
      output_tokens,
      measured,
      evidence?.served_provider,
      evidence?.gateway_cached,
    ]);
    expect(usage).toEqual([
      [40, 12, true, 'azure', undefined],
      [40, 12, true, 'azure', undefined],
      [0, 0, true, 'azure', true],
      [0, 0, true, 'azure', true],
    ]);
  });

  test('a host that names no gateway is a provider’s: nothing is told of any', async () => {
    const calls = Array.from({ length: 10 }, () => ({ baseURL: 'GATEWAY/v1' }));
    const settled = await play(calls);
    expect(settled.map(({ evidence }) => evidence)).toEqual(calls.map(() => undefined));
  });
});
