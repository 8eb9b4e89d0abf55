import { readFileSync } from 'node:fs';
import { findProvider } from '@pydantic/genai-prices';
import { describe, expect, it } from 'vitest';
import { formatUsd, parseUsd } from '../../src/domain/money.ts';
import { createCatalogue } from '../../src/pricing/catalogue.ts';
import { nanoUsdOf } from '../../src/pricing/decimal.ts';
import { price } from '../../src/pricing/price.ts';
import { GENAI_PRICES_VERSION } from '../../src/pricing/public-prices.ts';
import { CEILING, cardOf, catalogueWith, NOVEMBER, PUBLIC, rate, tokens } from './support.ts';

const at = (iso: string) => Date.parse(iso);

describe('a rate card', () => {
  it('keeps the exact decimal price, tiers included', () => {
    expect(cardOf('anthropic/claude-sonnet-4-5').units).toMatchObject({
      input_mtok: rate('3, 200000:6'),
      cache_read_mtok: rate('0.3, 200000:0.6'),
      cache_write_1h_mtok: rate('6, 200000:12'),
      web_searches_kcount: rate('10', 1000n),
    });
  });

  it('says which row priced it, and the context window', () => {
    expect(cardOf('openai/gpt-4.1-mini-2025-04-14')).toMatchObject({
      provider: 'openai',
      model: 'gpt-4.1-mini',
      source: 'genai-prices',
      catalogue: PUBLIC.version,
      contextWindow: 1_000_000,
      maxOutputTokens: 32_768,
    });
  });

  it('is the same object as long as the price holds', () => {
    expect(cardOf('openai/gpt-4.1')).toBe(cardOf('openai/gpt-4.1', NOVEMBER + 5));
  });

  it('is forgotten in the end: a flood of model names stays bounded and changes nothing', () => {
    const catalogue = catalogueWith();
    const before = catalogue.card('openai', 'gpt-4.1', NOVEMBER);
    for (let index = 0; index < 5000; index++) catalogue.card('acme', `model-${index}`, NOVEMBER);
    const after = catalogue.card('openai', 'gpt-4.1', NOVEMBER);
    expect(after).not.toBe(before);
    expect(after).toEqual(before);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 9e15])('has no price at the time %s', (time) => {
    expect(() => PUBLIC.card('openai', 'gpt-4.1', time)).toThrow(RangeError);
  });
});

describe('the largest output', () => {
  it.each([
    ['openai/gpt-4.1', 32_768],
    ['openai/gpt-4o-mini', 16_384],
    ['openai/ft:gpt-4o-mini-2024-07-18:acme::9x', 16_384],
    ['openai/gpt-5-pro', 272_000],
    ['openai/gpt-5-mini', 128_000],
    ['openai/gpt-4', 8_192],
    ['openai/o3', 100_000],
    ['anthropic/claude-sonnet-4-5', 64_000],
    ['anthropic/claude-opus-4-1-20250805', 32_000],
    ['anthropic/claude-opus-4-7', 128_000],
    ['aws/us.anthropic.claude-haiku-4-5-20251001-v1:0', 64_000],
    ['google/gemini-2.5-flash', 65_536],
    ['openai/text-embedding-3-small', 0],
    ['acme/unheard-of', CEILING.maxOutputTokens],
    // A family that the table does not know, with a context window below the ceiling's maximum.
    ['openai/computer-use-preview', 8_192],
  ])('%s writes at most %i tokens', (id, maximum) => {
    expect(cardOf(id).maxOutputTokens).toBe(maximum);
  });
});

describe('dated prices', () => {
  it.each([
    ['openai/o3', '2025-06-09T23:59:59Z', '10'],
    ['openai/o3', '2025-06-10T00:00:00Z', '2'],
    ['openai/o3', '2020-01-01T00:00:00Z', '10'],
    ['openai/gpt-5.6-luna', '2026-07-29T23:59:59Z', '1'],
    ['openai/gpt-5.6-luna', '2026-07-30T00:00:00Z', '0.2'],
    ['deepseek/deepseek-v4-pro', '2026-11-22T05:00:00Z', '0.66'],
    ['deepseek/deepseek-v4-pro', '2026-11-22T03:59:59Z', '1.32'],
  ])('%s at %s costs %s a million', (id, instant, usd) => {
    expect(formatUsd(cardOf(id, at(instant)).units.input_mtok!.base)).toBe(usd);
  });

  it('a card says until when it holds', () => {
    expect(cardOf('openai/o3', at('2025-06-09T00:00:00Z')).validUntil).toBe(at('2025-06-10T00:00:00Z'));
    expect(cardOf('openai/o3').validUntil).toBeUndefined();
    expect(cardOf('deepseek/deepseek-v4-pro', at('2026-11-22T02:00:00Z')).validUntil).toBe(at('2026-11-22T04:00:00Z'));
    expect(cardOf('deepseek/deepseek-v4-pro', at('2026-11-22T23:00:00Z')).validUntil).toBe(at('2026-11-23T01:00:00Z'));
  });

  it('the order of questions does not matter', () => {
    const catalogue = catalogueWith();
    const asked = ['2025-07-01', '2025-01-01', '2025-07-01', '2025-06-10', '2025-01-01'];
    const prices = asked.map((day) => formatUsd(catalogue.card('openai', 'o3', at(day)).units.input_mtok!.base));
    expect(prices).toEqual(['2', '10', '2', '2', '10']);
  });
});

describe('a model that nobody can price', () => {
  it.each(['openai/sora-2', 'azure/our-deployment', 'acme/gpt-4.1', 'google/lyria-3'])(
    '%s costs the ceiling and says so',
    (id) => {
      const card = cardOf(id);
      expect(card).toMatchObject({ source: 'ceiling', model: id.slice(id.indexOf('/') + 1) });
      const receipt = price(card, tokens(1_000_000, 1_000_000, { cachedReadTokens: 500_000 }), NOVEMBER, 'measured');
      expect(receipt).toMatchObject({ source: 'ceiling', status: 'unpriced', costNanoUsd: parseUsd('210') });
      expect(receipt.notes?.[0]).toBe(`nobody knows a price of ${id}: priced at the ceiling`);
    },
  );

  it('a row that lists nothing is not taken for free, unless its provider gives it away', () => {
    expect(cardOf('openrouter/google/lyria-3-pro-preview').source).toBe('ceiling');
    expect(cardOf('openrouter/qwen/qwen3-coder:free').units.input_mtok).toEqual(rate('0'));
    expect(cardOf('google/gemma-3-27b-it').units.output_mtok).toEqual(rate('0'));
  });

  it('says so when not even units were reported', () => {
    const receipt = price(cardOf('openai/sora-2'), tokens(0, 0), NOVEMBER, 'measured');
    expect(receipt.status).toBe('unpriced');
    expect(receipt.notes).toContain('no units were reported: the true cost is not known');
  });
});

describe('contract prices', () => {
  const contract = {
    provider: 'openai',
    model: 'gpt-4.1*',
    from: at('2026-01-01T00:00:00Z'),
    until: at('2027-01-01T00:00:00Z'),
    nanoUsdPerMillion: { input_mtok: parseUsd('1.5'), output_mtok: parseUsd('6') },
  };
  const catalogue = catalogueWith(contract);

  it('win over the public price, which gives the rest', () => {
    const card = catalogue.card('openai', 'gpt-4.1', NOVEMBER);
    const usage = tokens(2_000_000, 1_000_000, { cachedReadTokens: 1_000_000, webSearches: 1 });
    expect(price(card, usage, NOVEMBER, 'measured')).toMatchObject({
      source: 'contract',
      status: 'exact',
      costNanoUsd: parseUsd('8.01'),
    });
  });

  it('hold from their first instant to before their last', () => {
    const source = (time: number) => catalogue.card('openai', 'gpt-4.1', time).source;
    expect(source(contract.from - 1)).toBe('genai-prices');
    expect(source(contract.from)).toBe('contract');
    expect(source(contract.until - 1)).toBe('contract');
    expect(source(contract.until)).toBe('genai-prices');
    expect(catalogue.card('openai', 'gpt-4.1', contract.from - 1).validUntil).toBe(contract.from);
  });

  it('the first that matches wins', () => {
    const dear = { ...contract, model: 'gpt-4.1', nanoUsdPerMillion: { input_mtok: parseUsd('9') } };
    expect(catalogueWith(dear, contract).card('openai', 'gpt-4.1', NOVEMBER).units.input_mtok).toEqual(rate('9'));
    expect(catalogueWith(contract, dear).card('openai', 'gpt-4.1', NOVEMBER).units.input_mtok).toEqual(rate('1.5'));
  });

  it('price a model that nobody else knows, with the ceiling for what they leave out', () => {
    const own = { provider: 'llm.internal', model: 'house-*', nanoUsdPerMillion: { input_mtok: 0n } };
    const card = catalogueWith(own).card('llm.internal', 'house-1', NOVEMBER);
    expect(price(card, tokens(1_000_000, 0), NOVEMBER, 'measured')).toMatchObject({ status: 'exact', costNanoUsd: 0n });
    const receipt = price(card, tokens(0, 1_000_000), NOVEMBER, 'measured');
    expect(receipt).toMatchObject({ source: 'contract', status: 'partial', costNanoUsd: parseUsd('180') });
    expect(receipt.notes).toEqual(['output_mtok: not in the contract, priced at the ceiling']);
  });

  it('may be written with the name that OpenTelemetry gives the provider', () => {
    const google = { provider: 'gcp.gemini', model: '*', nanoUsdPerMillion: { input_mtok: 7n } };
    expect(catalogueWith(google).card('google', 'gemini-2.5-pro', NOVEMBER).units.input_mtok?.base).toBe(7n);
  });

  it.each([
    ['input_tokens', 1n, /"input_tokens" is no price key; use input_mtok/],
    ['input_mtok', -1n, /input_mtok is negative/],
  ])('%s at %s is refused', (key, amount, message) => {
    const broken = { provider: 'openai', model: '*', nanoUsdPerMillion: { [key]: amount } };
    expect(() => catalogueWith(broken)).toThrow(message);
  });
});

describe('the version', () => {
  it('names the package as installed', () => {
    const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
    const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
    expect(dependencies['@pydantic/genai-prices']).toBe(GENAI_PRICES_VERSION);
    const installed = new URL('../../node_modules/@pydantic/genai-prices/package.json', import.meta.url);
    expect(JSON.parse(readFileSync(installed, 'utf8'))).toMatchObject({ version: GENAI_PRICES_VERSION });
    expect(PUBLIC.version).toMatch(/^genai-prices@0\.1\.8\+[0-9a-f]{12}$/);
  });

  it('changes with the contracts and the ceiling, and with nothing else', () => {
    const contract = { provider: 'openai', model: 'gpt-4.1', nanoUsdPerMillion: { input_mtok: 5n } };
    const ceiling = { ...CEILING, outputNanoUsdPerMillion: 1n };
    const versions = [PUBLIC, catalogueWith(contract), createCatalogue({ contracts: [], ceiling })].map(
      (c) => c.version,
    );
    expect(new Set(versions).size).toBe(3);
    expect(catalogueWith().version).toBe(PUBLIC.version);
  });
});

describe('prices as decimals', () => {
  it.each([
    [0.1, 100_000_000n],
    [0.0375, 37_500_000n],
    [1e-7, 100n],
    [0.30000000000000004, 300_000_000n],
    [600, 600_000_000_000n],
    [0, 0n],
  ])('%d USD', (usd, nano) => expect(nanoUsdOf(usd)).toBe(nano));

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('%d is no price', (usd) => {
    expect(() => nanoUsdOf(usd)).toThrow(RangeError);
  });

  it('every row of the public catalogue compiles', () => {
    let rows = 0;
    for (const id of ['openai', 'anthropic', 'google', 'aws', 'azure', 'mistral', 'groq', 'openrouter', 'deepseek']) {
      for (const model of findProvider({ providerId: id })!.models) {
        expect(PUBLIC.card(id, model.id, NOVEMBER).units).toBeTypeOf('object');
        rows++;
      }
    }
    expect(rows).toBeGreaterThan(1000);
  });
});
