import { describe, expect, it } from 'vitest';
import { parseUsd } from '../../src/domain/money.ts';
import { MAX_USAGE_COUNT, type Usage } from '../../src/domain/usage.ts';
import { costByClass, costOf, price, replay, usageProblem } from '../../src/pricing/price.ts';
import { cardOf, EVERY_CLASS, handMade, NOVEMBER, tokens } from './support.ts';

const priced = (card: Parameters<typeof price>[0], usage: Usage) => price(card, usage, NOVEMBER, 'measured');

describe('a receipt', () => {
  it('has one line for each unit, disjoint, with its class', () => {
    const usage = tokens(1000, 500, { cachedReadTokens: 400, cacheWrite5mTokens: 100, cacheWrite1hTokens: 50 });
    const receipt = priced(cardOf('anthropic/claude-haiku-4-5'), { ...usage, webSearches: 3, reasoningTokens: 200 });
    expect(receipt.lines.map(({ unit, class: name, quantity }) => [unit, name, quantity])).toEqual([
      ['input_mtok', 'input', 450],
      ['cache_read_mtok', 'cached_read', 400],
      ['cache_write_mtok', 'cache_write', 100],
      ['cache_write_1h_mtok', 'cache_write', 50],
      ['output_mtok', 'output', 500],
      ['web_searches_kcount', 'fee', 3],
    ]);
  });

  it('has the modifiers in its rates, and names them', () => {
    const usage = tokens(10, 0, { batch: true, inferenceGeo: 'us' });
    const receipt = priced(cardOf('anthropic/claude-opus-4-7'), usage);
    expect(receipt.modifiers).toEqual(['batch 1/2', 'us-geo 11/10']);
    expect(receipt.lines[0]?.nanoUsdPerMillion).toBe(parseUsd('2.75'));
  });

  it('is rounded once, half up', () => {
    const card = handMade({ input_mtok: '0.0004', output_mtok: '0.0001' });
    expect(priced(card, tokens(1, 0)).costNanoUsd).toBe(0n);
    expect(priced(card, tokens(1, 1)).costNanoUsd).toBe(1n);
    expect(priced(card, tokens(3, 2)).costNanoUsd).toBe(1n);
  });

  it('prices reasoning apart where the card does', () => {
    const card = handMade({ input_mtok: '1', output_mtok: '2', output_reasoning_mtok: '3' });
    const receipt = priced(card, tokens(0, 1_000_000, { reasoningTokens: 400_000 }));
    expect(receipt).toMatchObject({ costNanoUsd: parseUsd('2.4'), status: 'exact' });
  });

  it('takes a fee for the request where the card has one', () => {
    const card = handMade({ input_mtok: '1', requests_kcount: '5' });
    expect(priced(card, tokens(0, 0)).costNanoUsd).toBe(parseUsd('0.005'));
    expect(priced(handMade({ input_mtok: '1' }), tokens(0, 0)).lines).toEqual([]);
  });

  it('takes images that may be cached for uncached as long as there is room', () => {
    const card = handMade({ input_mtok: '1', cache_read_mtok: '0', input_image_mtok: '4' });
    const receipt = priced(card, tokens(1_000_000, 0, { inputImageTokens: 800_000, cachedReadTokens: 500_000 }));
    expect(receipt.lines.map(({ unit, quantity }) => [unit, quantity])).toEqual([
      ['cache_read_mtok', 500_000],
      ['input_image_mtok', 500_000],
    ]);
  });
});

describe('a unit without a price of its own', () => {
  const bare = { input_mtok: '2', output_mtok: '8' };
  const M = 1_000_000;
  it.each<[string, Record<string, string>, Usage, string, string]>([
    [
      'cached reads',
      bare,
      tokens(M, 0, { cachedReadTokens: M }),
      '2',
      'cache_read_mtok: no price of its own, priced as uncached input',
    ],
    [
      'cache writes',
      bare,
      tokens(M, 0, { cacheWrite5mTokens: M }),
      '2',
      'cache_write_mtok: no price of its own, priced as input',
    ],
    [
      'one-hour writes',
      bare,
      tokens(M, 0, { cacheWrite1hTokens: M }),
      '4',
      'cache_write_1h_mtok: no price of its own, priced as twice the input',
    ],
    [
      'one-hour writes beside dear short ones',
      { ...bare, cache_write_mtok: '5' },
      tokens(M, 0, { cacheWrite1hTokens: M }),
      '5',
      'cache_write_1h_mtok: no price of its own, priced as twice the input',
    ],
    [
      'audio in',
      bare,
      tokens(M, 0, { inputAudioTokens: M }),
      '2',
      'input_audio_mtok: no price of its own, priced as input',
    ],
    [
      'cached audio',
      { ...bare, cache_read_mtok: '1', input_audio_mtok: '40' },
      tokens(M, 0, { inputAudioTokens: M, cachedReadTokens: M, cachedAudioTokens: M }),
      '40',
      'cache_audio_read_mtok: no price of its own, priced as uncached audio, or cached text where audio has no price',
    ],
    [
      'audio out',
      { ...bare, output_image_mtok: '30' },
      tokens(0, M, { outputAudioTokens: M }),
      '30',
      'output_audio_mtok: no price of its own, priced as the dearest other output',
    ],
    [
      'images out',
      bare,
      tokens(0, M, { outputImageTokens: M }),
      '8',
      'output_image_mtok: no price of its own, priced as output',
    ],
    [
      'any output of an embedding',
      { input_mtok: '0.02' },
      tokens(0, M),
      '0.02',
      "output_mtok: no price of its own, priced as the card's dearest token price",
    ],
    [
      'characters',
      bare,
      tokens(0, 0, { inputCharacters: M }),
      '30',
      'input_characters_mcount: no price of its own, priced as 30 USD per million',
    ],
    [
      'seconds of audio',
      bare,
      tokens(0, 0, { inputAudioSeconds: 3600 }),
      '0.36',
      'input_audio_hours: no price of its own, priced as 0.36 USD per hour',
    ],
    [
      'pictures',
      bare,
      tokens(0, 0, { outputImages: 1000 }),
      '120',
      'output_images_kcount: no price of its own, priced as 120 USD per thousand',
    ],
    [
      'tokens of what is billed by the second',
      { input_audio_hours: '0.36' },
      tokens(M, 0),
      '30',
      "input_mtok: no price of its own, priced as the card's dearest token price",
    ],
    [
      'web searches',
      bare,
      tokens(0, 0, { webSearches: 1000 }),
      '35',
      'web_searches_kcount: no price of its own, priced as 35 USD per thousand',
    ],
  ])('%s: a stated stand-in', (_name, units, usage, usd, note) => {
    expect(priced(handMade(units), usage)).toMatchObject({
      costNanoUsd: parseUsd(usd),
      status: 'partial',
      notes: [note],
    });
  });

  it.each<[string, Usage, string]>([
    ['images in, which vision models count as input', tokens(M, 0, { inputImageTokens: M }), '2'],
    ['reasoning, which is output', tokens(0, M, { reasoningTokens: M }), '8'],
  ])('%s: nothing is doubtful', (_name, usage, usd) => {
    expect(priced(handMade(bare), usage)).toMatchObject({ costNanoUsd: parseUsd(usd), status: 'exact' });
  });

  it('takes the tiers of its stand-in along', () => {
    const card = handMade({ input_mtok: '2, 100:4', cache_write_mtok: '5, 200:6', output_mtok: '8' });
    const written = (count: number) => priced(card, tokens(count, 0, { cacheWrite1hTokens: count })).costNanoUsd;
    expect([written(100), written(101), written(201)]).toEqual([500_000n, 808_000n, 1_608_000n]);
  });

  it('is free where the catalogue says that the price is 0', () => {
    const card = handMade({ input_mtok: '0', output_mtok: '0' });
    expect(priced(card, tokens(10, 10))).toMatchObject({ costNanoUsd: 0n, status: 'exact' });
  });

  it('needs some token price to stand on', () => {
    const card = handMade({ web_searches_kcount: '10' });
    expect(() => priced(card, tokens(1, 1))).toThrow('rate card acme/m-1 has no token price');
  });
});

describe('how it was served', () => {
  it.each<[string, string, Partial<Usage>, string, string]>([
    [
      'Gemini priority where only a range is published',
      'google/gemini-2.5-pro',
      { serviceTier: 'priority' },
      '5',
      'priority 2/1: published as 75 to 100 % more, the top of it is used',
    ],
    [
      'flex on Bedrock',
      'aws/global.anthropic.claude-opus-4-7-v1:0',
      { serviceTier: 'flex' },
      '5',
      'service tier "flex" has no known price: standard rates',
    ],
    [
      'an unknown tier costs the standard rate',
      'openai/gpt-4.1',
      { serviceTier: 'Scale' },
      '2',
      'service tier "scale" has no known price: standard rates',
    ],
    [
      'a batch where nobody says what it costs',
      'x-ai/grok-4.3',
      { batch: true },
      '2.5',
      'service tier "batch" has no known price: standard rates',
    ],
    [
      'priority without a published ratio',
      'openai/gpt-5-nano',
      { serviceTier: 'priority' },
      '0.125',
      'priority 5/2: no ratio is published, the dearest known one is used',
    ],
    [
      "Anthropic's priority is capacity bought ahead",
      'anthropic/claude-opus-4-7',
      { serviceTier: 'priority' },
      '5',
      'priority 1/1: committed capacity is settled by contract, shown at standard rates',
    ],
    [
      'an unknown place costs the dearest known',
      'anthropic/claude-opus-4-7',
      { inferenceGeo: 'eu' },
      '5.5',
      'inference geography "eu" has no known price',
    ],
    [
      'a place where places have no price',
      'openai/gpt-4.1',
      { inferenceGeo: 'us' },
      '2',
      'inference geography "us" has no known price',
    ],
  ])('%s', (_name, id, served, usd, note) => {
    const receipt = priced(cardOf(id), tokens(1_000_000, 0, served));
    expect(receipt).toMatchObject({ costNanoUsd: parseUsd(usd), status: 'partial', notes: [note] });
  });

  it.each(['default', 'Standard', 'auto', 'on_demand', ''])('tier "%s" is the standard one', (serviceTier) => {
    const receipt = priced(cardOf('openai/gpt-4.1'), tokens(10, 10, { serviceTier }));
    expect(receipt).toMatchObject({ status: 'exact', modifiers: [] });
  });

  it('a tier as long as a novel is not kept', () => {
    const receipt = priced(cardOf('openai/gpt-4.1'), tokens(1, 0, { serviceTier: 'x'.repeat(100_000) }));
    expect(receipt.notes?.[0]?.length).toBeLessThan(150);
  });
});

describe('the status', () => {
  const card = handMade({ input_mtok: '2', output_mtok: '8' });
  it.each<[string, Parameters<typeof price>]>([
    ['exact', [card, tokens(1, 1), NOVEMBER, 'measured']],
    ['partial', [card, tokens(1, 1, { cachedReadTokens: 1 }), NOVEMBER, 'measured']],
    ['partial', [{ ...card, notes: ['doubtful'] }, tokens(1, 1), NOVEMBER, 'measured']],
    ['estimated', [card, tokens(1, 1), NOVEMBER, 'estimated']],
    ['estimated', [card, tokens(1, 1, { cachedReadTokens: 1 }), NOVEMBER, 'estimated']],
    ['unpriced', [{ ...card, source: 'ceiling' }, tokens(1, 1), NOVEMBER, 'measured']],
    ['unpriced', [{ ...card, source: 'ceiling' }, tokens(1, 1), NOVEMBER, 'estimated']],
  ])('%s', (status, args) => expect(price(...args).status).toBe(status));
});

describe('usage that cannot be', () => {
  const bad = (values: Record<string, unknown>) => ({ ...tokens(100, 100), ...values }) as Usage;
  it.each<[string, Record<string, unknown>, string]>([
    ['negative', { inputTokens: -1 }, 'inputTokens is -1; it must be an integer from 0 to 10000000000'],
    ['broken', { outputTokens: 1.5 }, 'outputTokens is 1.5; it must be an integer from 0 to 10000000000'],
    ['not a number', { inputTokens: Number.NaN }, 'inputTokens is NaN; it must be an integer from 0 to 10000000000'],
    ['a text', { webSearches: '3' }, 'webSearches is string; it must be an integer from 0 to 10000000000'],
    ['absent', { outputTokens: undefined }, 'outputTokens is undefined; it must be an integer from 0 to 10000000000'],
    [
      'absurd',
      { inputTokens: MAX_USAGE_COUNT + 1 },
      'inputTokens is 10000000001; it must be an integer from 0 to 10000000000',
    ],
    [
      'cached > input',
      { cachedReadTokens: 101 },
      'cached reads and writes (101) exceed inputTokens (100), which includes them',
    ],
    [
      'cached + written > input',
      { cachedReadTokens: 50, cacheWrite5mTokens: 30, cacheWrite1hTokens: 21 },
      'cached reads and writes (101) exceed inputTokens (100), which includes them',
    ],
    [
      'audio + images > input',
      { inputAudioTokens: 60, inputImageTokens: 60 },
      'input audio and images (120) exceed inputTokens (100), which includes them',
    ],
    [
      'cached audio > cached',
      { cachedAudioTokens: 2, cachedReadTokens: 1, inputAudioTokens: 2 },
      'cachedAudioTokens (2) exceed cachedReadTokens (1), which includes them',
    ],
    [
      'cached audio > audio',
      { cachedAudioTokens: 2, cachedReadTokens: 2, inputAudioTokens: 1 },
      'cachedAudioTokens (2) exceed inputAudioTokens (1), which includes them',
    ],
    [
      'reasoning > output',
      { reasoningTokens: 101 },
      'reasoningTokens (101) exceed outputTokens (100), which includes them',
    ],
    [
      'audio + images > output',
      { outputAudioTokens: 99, outputImageTokens: 2 },
      'output audio and images (101) exceed outputTokens (100), which includes them',
    ],
  ])('%s', (_name, values, problem) => {
    expect(usageProblem(bad(values))).toBe(problem);
    const message = `usage of openai/gpt-4.1: ${problem}`;
    expect(() => priced(cardOf('openai/gpt-4.1'), bad(values))).toThrow(new RangeError(message));
  });

  it('is not usage at the edge of what can be', () => {
    expect(
      usageProblem(tokens(MAX_USAGE_COUNT, MAX_USAGE_COUNT, { cachedReadTokens: MAX_USAGE_COUNT })),
    ).toBeUndefined();
    expect(usageProblem(tokens(0, 0))).toBeUndefined();
  });
});

describe('costs by class', () => {
  const usage = tokens(1_000_000, 500_000, { cachedReadTokens: 400_000, webSearches: 2 });
  const receipt = priced(cardOf('openai/gpt-4.1'), usage);

  it('narrow the cost to some lines', () => {
    expect(costOf(receipt, ['input'])).toBe(parseUsd('1.2'));
    expect(costOf(receipt, ['cached_read', 'fee'])).toBe(parseUsd('0.22'));
    expect(costOf(receipt, [])).toBe(0n);
    expect(costOf(receipt, ['image'])).toBe(0n);
    expect(costOf(receipt)).toBe(receipt.costNanoUsd);
    expect(costOf(receipt, EVERY_CLASS)).toBe(receipt.costNanoUsd);
  });

  it('are listed for each class that has a line', () => {
    expect(costByClass(receipt)).toEqual({
      input: parseUsd('1.2'),
      cached_read: parseUsd('0.2'),
      output: parseUsd('4'),
      fee: parseUsd('0.02'),
    });
  });

  it('a receipt that was tampered with does not replay', () => {
    const lines = receipt.lines.map((line) => ({ ...line, quantity: line.quantity + 1 }));
    expect(replay({ ...receipt, lines })).not.toBe(receipt.costNanoUsd);
  });
});
