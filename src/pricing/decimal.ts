import { divideRounded, parseDecimal } from '../domain/money.ts';

/** Digits kept before the one rounding to nano-USD; no price list comes near it. */
const SCALE = 24;

/**
 * A price list's number (USD per unit) as integer nano-USD, from its shortest decimal text and without float arithmetic:
 * 0.1 is a tenth here. Errors: `RangeError` when it is negative, not finite or smaller than anybody's price.
 */
export function nanoUsdOf(usd: number): bigint {
  if (!(usd >= 0)) throw new RangeError(`${usd} is not a price`);
  return divideRounded(parseDecimal(String(usd), SCALE), 10n ** BigInt(SCALE - 9), 'half-up');
}
