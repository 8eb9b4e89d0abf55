/**
 * Money is integer nano-USD (1 USD = 1,000,000,000) in a `bigint`; on the wire it is a decimal string of nano-USD.
 * Nothing here goes through a float: amounts are parsed from the text in which somebody wrote them.
 */
export type NanoUsd = bigint;

export const NANO_PER_USD = 1_000_000_000n;

/** No account, limit or attempt may reach this: one billion USD, well inside SQLite's signed 64 bits. */
export const MAX_NANO_USD: NanoUsd = 1_000_000_000n * NANO_PER_USD;

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * A decimal text times 10^scale as an integer, exactly.
 * Errors: `RangeError` when the text is no decimal number or has digits below the scale.
 */
export function parseDecimal(text: string, scale: number): bigint {
  const match = DECIMAL.exec(text.trim().replaceAll(/(?<=\d)_(?=\d)/g, ''));
  if (!match) throw new RangeError(`"${text}" is not a decimal number`);
  const [, sign, whole = '0', fraction = '', exponent = '0'] = match;
  const shift = scale - fraction.length + Number(exponent);
  let digits = BigInt(whole + fraction);
  if (shift >= 0) digits *= 10n ** BigInt(shift);
  else {
    const divisor = 10n ** BigInt(-shift);
    if (digits % divisor !== 0n) throw new RangeError(`"${text}" has more than ${scale} decimal places`);
    digits /= divisor;
  }
  return sign === '-' ? -digits : digits;
}

/** USD as written by a person (`1000`, `0.05`, `1_000.50`) to nano-USD. Errors: `RangeError`, as `parseDecimal`. */
export function parseUsd(text: string): NanoUsd {
  return parseDecimal(text, 9);
}

/** Nano-USD from its wire form, a decimal integer string. Errors: `RangeError` when it is anything else. */
export function parseNanoUsd(text: string): NanoUsd {
  if (!/^-?\d{1,19}$/.test(text)) throw new RangeError(`"${text}" is not an integer amount of nano-USD`);
  return BigInt(text);
}

/** Plain decimal USD with trailing zeros cut: `0.00164`, `5000`, `-1.5`. */
export function formatUsd(amount: NanoUsd): string {
  const sign = amount < 0n ? '-' : '';
  const digits = (amount < 0n ? -amount : amount).toString().padStart(10, '0');
  const fraction = digits.slice(-9).replace(/0+$/, '');
  return `${sign}${digits.slice(0, -9)}${fraction ? `.${fraction}` : ''}`;
}

/**
 * For people: `$1,234.50`, below ten dollars up to four places (`$0.9952`), and below one cent as many as it takes to
 * show two digits (`$0.00042`).
 */
export function displayUsd(amount: NanoUsd): string {
  const sign = amount < 0n ? '-' : '';
  const absolute = amount < 0n ? -amount : amount;
  if (absolute > 0n && absolute < NANO_PER_USD / 100n) {
    const digits = absolute.toString().padStart(9, '0');
    const first = digits.search(/[1-9]/);
    return `${sign}$0.${digits.slice(0, first + 2)}`;
  }
  // Below ten dollars a cent is much: what is left of a small limit must not round up to the whole of it.
  const places = absolute < 10n * NANO_PER_USD ? 4 : 2;
  const digits = divideRounded(absolute, 10n ** BigInt(9 - places), 'half-up')
    .toString()
    .padStart(places + 1, '0');
  const whole = digits.slice(0, -places).replace(/\B(?=(\d{3})+$)/g, ',');
  const fraction = digits.slice(-places);
  return `${sign}$${whole}.${fraction.slice(0, 2)}${fraction.slice(2).replace(/0+$/, '')}`;
}

export type Rounding = 'up' | 'down' | 'half-up';

/** Integer division of a non-negative dividend with a named rounding. */
export function divideRounded(dividend: bigint, divisor: bigint, rounding: Rounding): bigint {
  const quotient = dividend / divisor;
  const remainder = dividend % divisor;
  if (remainder === 0n) return quotient;
  if (rounding === 'up') return quotient + 1n;
  if (rounding === 'down') return quotient;
  return remainder * 2n >= divisor ? quotient + 1n : quotient;
}
