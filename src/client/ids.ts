import { randomBytes } from 'node:crypto';

/** Random ones of an id: 3 beside the version, 4 of which the first makes the variant, 12 more. */
const DIGITS = 19;
const POOL_BYTES = 4096;
/** Random hexadecimal digits, drawn in bulk: a string, for cutting it is cheaper than putting bytes together. */
let pool = '';
let taken = 0;
/** The part that says the time, for calls within one millisecond. */
let prefix = '';
let prefixMs = -1;

/** A UUIDv7: its first 48 bits are the time, so that ids sort (and index) by it. */
export function uuidv7(nowMs: number): string {
  if (taken + DIGITS > pool.length) {
    pool = randomBytes(POOL_BYTES).toString('hex');
    taken = 0;
  }
  const at = taken;
  taken += DIGITS;
  if (nowMs !== prefixMs) {
    const time = nowMs.toString(16).padStart(12, '0');
    prefix = `${time.slice(0, 8)}-${time.slice(8)}-7`;
    prefixMs = nowMs;
  }
  const variant = '89ab'[Number.parseInt(pool.charAt(at + 3), 16) & 3];
  return `${prefix}${pool.slice(at, at + 3)}-${variant}${pool.slice(at + 4, at + 7)}-${pool.slice(at + 7, at + 19)}`;
}
