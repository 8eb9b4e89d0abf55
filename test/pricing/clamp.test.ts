import { describe, expect, it } from 'vitest';
import { boundOf } from '../../src/pricing/bound.ts';
import { outputWithin } from '../../src/pricing/clamp.ts';
import { handMade } from './support.ts';

const card = handMade({ input_mtok: '2', cache_write_mtok: '2.5', output_mtok: '8', web_searches_kcount: '10' });

describe('what an amount can pay for', () => {
  it.each([
    ['output alone', { inputTokens: 0 }, 8_000_000n, undefined, 1_000],
    ['after input at its dearest', { inputTokens: 1_000 }, 10_500_000n, undefined, 1_000],
    ['after searches', { inputTokens: 0, webSearches: 2 }, 28_000_000n, undefined, 1_000],
    ['rounded down', { inputTokens: 0 }, 7_999_999n, undefined, 999],
    ['nothing, to the nano-dollar', { inputTokens: 1_000 }, 2_500_000n, undefined, 0],
    ['undefined when the input alone is more', { inputTokens: 1_000 }, 2_499_999n, undefined, undefined],
    ['undefined below nothing', { inputTokens: 0 }, -1n, undefined, undefined],
    ['of output, where input does not count', { inputTokens: 1_000_000 }, 8_000n, ['output'], 1],
    ['undefined, where output does not count', { inputTokens: 0 }, 8_000n, ['input'], undefined],
  ] as const)('%s', (_, bound, amount, classes, tokens) => {
    expect(outputWithin(card, bound, amount, classes)).toBe(tokens);
  });

  it('is never more than a count may be', () => {
    const tokens = outputWithin(card, { inputTokens: 0 }, 10n ** 24n)!;
    expect(() => boundOf(card, { inputTokens: 0, outputTokens: tokens })).not.toThrow();
  });
});
