import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  displayUsd,
  divideRounded,
  formatUsd,
  MAX_NANO_USD,
  parseDecimal,
  parseNanoUsd,
  parseUsd,
} from '../../src/domain/money.ts';

const amount = fc.bigInt({ min: -MAX_NANO_USD, max: MAX_NANO_USD });

describe('an amount written by a person', () => {
  test.each([
    ['1000', 1_000_000_000_000n],
    ['0.05', 50_000_000n],
    ['1_000.50', 1_000_500_000_000n],
    ['0.000000001', 1n],
    ['-1.5', -1_500_000_000n],
    ['+2', 2_000_000_000n],
    ['-0', 0n],
    [' 7 ', 7_000_000_000n],
    ['007', 7_000_000_000n],
    ['1.5e3', 1_500_000_000_000n],
    ['25E-1', 2_500_000_000n],
    ['1.1000000000000', 1_100_000_000n],
    ['0.1', 100_000_000n],
    ['9007199254740993', 9_007_199_254_740_993_000_000_000n],
    ['0e-999', 0n],
  ])('%j is %d nano-USD', (text, nanoUsd) => {
    expect(parseUsd(text)).toBe(nanoUsd);
  });

  test.each([
    ['0.0000000001', 'has more than 9 decimal places'],
    ['1e-10', 'has more than 9 decimal places'],
    ['1e-999', 'has more than 9 decimal places'],
    ['', 'is not a decimal number'],
    [' ', 'is not a decimal number'],
    ['abc', 'is not a decimal number'],
    ['$5', 'is not a decimal number'],
    ['1,000', 'is not a decimal number'],
    ['1.', 'is not a decimal number'],
    ['.5', 'is not a decimal number'],
    ['1.2.3', 'is not a decimal number'],
    ['--1', 'is not a decimal number'],
    ['1e', 'is not a decimal number'],
    ['1e9999', 'is not a decimal number'],
    ['NaN', 'is not a decimal number'],
    ['Infinity', 'is not a decimal number'],
    ['0x10', 'is not a decimal number'],
    ['1 000', 'is not a decimal number'],
    ['_1', 'is not a decimal number'],
    ['1_', 'is not a decimal number'],
    ['1__0', 'is not a decimal number'],
    ['１００', 'is not a decimal number'],
    ['1\n2', 'is not a decimal number'],
  ])('%j is refused: it %s', (text, why) => {
    expect(() => parseUsd(text)).toThrow(new RangeError(`"${text}" ${why}`));
  });

  it('reads back as it was formatted, whatever the amount', () => {
    fc.assert(fc.property(amount, (nanoUsd) => parseUsd(formatUsd(nanoUsd)) === nanoUsd));
  });

  it('is scaled exactly, to any scale', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.integer({ min: 0, max: 30 }), (digits, scale) => {
        expect(parseDecimal(`${digits}e-${scale}`, scale)).toBe(digits);
        expect(parseDecimal(`${digits}`, scale)).toBe(digits * 10n ** BigInt(scale));
      }),
    );
  });
});

describe('an amount on the wire', () => {
  it('reads back as it was written', () => {
    fc.assert(fc.property(amount, (nanoUsd) => parseNanoUsd(String(nanoUsd)) === nanoUsd));
  });

  test.each(['', ' 1', '1.0', '+1', '1e3', '--1', '0x1', '1_000', 'NaN', '1\n', '99999999999999999999'])(
    '%j is refused',
    (text) => {
      expect(() => parseNanoUsd(text)).toThrow(new RangeError(`"${text}" is not an integer amount of nano-USD`));
    },
  );
});

test.each([
  [0n, '0'],
  [1_640_000n, '0.00164'],
  [5_000_000_000_000n, '5000'],
  [-1_500_000_000n, '-1.5'],
  [1n, '0.000000001'],
  [-1n, '-0.000000001'],
])('%d nano-USD is formatted as %s', (nanoUsd, text) => {
  expect(formatUsd(nanoUsd)).toBe(text);
});

describe('an amount shown to people', () => {
  test.each([
    [0n, '$0.00'],
    [1_234_500_000_000n, '$1,234.50'],
    [1_234_567_890_000_000_000n, '$1,234,567,890.00'],
    [999_995_000_000n, '$1,000.00'],
    [420_000n, '$0.00042'],
    [1n, '$0.000000001'],
    [12n, '$0.000000012'],
    [9_999_999n, '$0.0099'],
    [10_000_000n, '$0.01'],
    [995_208_000n, '$0.9952'],
    [1_500_100_000n, '$1.5001'],
    [9_999_949_999n, '$9.9999'],
    [9_999_950_000n, '$10.00'],
    [10_004_000_000n, '$10.00'],
    [500_000_000n, '$0.50'],
    [5_000_000n, '$0.0050'],
    [-1_500_000_000n, '-$1.50'],
    [-420_000n, '-$0.00042'],
  ])('%d nano-USD is %s', (nanoUsd, text) => {
    expect(displayUsd(nanoUsd)).toBe(text);
  });

  it('is within a cent, and never shows something as nothing', () => {
    fc.assert(
      fc.property(amount, (nanoUsd) => {
        const shown = parseUsd(displayUsd(nanoUsd).replaceAll(/[$,]/g, ''));
        const off = shown - nanoUsd;
        expect(off < 0n ? -off : off).toBeLessThanOrEqual(5_000_000n);
        if (nanoUsd !== 0n) expect(shown).not.toBe(0n);
      }),
    );
  });
});

describe('division', () => {
  test.each([
    [7n, 2n, 'up', 4n],
    [7n, 2n, 'down', 3n],
    [7n, 2n, 'half-up', 4n],
    [5n, 4n, 'half-up', 1n],
    [8n, 2n, 'up', 4n],
    [0n, 3n, 'up', 0n],
  ] as const)('%d / %d rounded %s is %d', (dividend, divisor, rounding, quotient) => {
    expect(divideRounded(dividend, divisor, rounding)).toBe(quotient);
  });

  it('is off by less than one, and by at most a half when rounded half up', () => {
    const positive = fc.bigInt({ min: 1n, max: 10n ** 20n });
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 30n }), positive, (dividend, divisor) => {
        const over = (rounding: 'up' | 'down' | 'half-up') =>
          divideRounded(dividend, divisor, rounding) * divisor - dividend;
        expect(over('up')).toSatisfy((rest: bigint) => rest >= 0n && rest < divisor);
        expect(over('down')).toSatisfy((rest: bigint) => rest <= 0n && -rest < divisor);
        expect(over('half-up')).toSatisfy((rest: bigint) => rest * 2n <= divisor && rest * -2n < divisor);
      }),
    );
  });
});
