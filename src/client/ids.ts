import { randomBytes } from 'node:crypto';

/** Ids whose random part is made at once, and the bytes and hexadecimal digits of one. */
const IDS = 128;
const BYTES = 10;
const DIGITS = 2 * BYTES;
/** `xxx-vxxx-xxxxxxxxxxxx`: what follows the time and the version. */
const TAIL = 21;
/** Random parts, one after the other: cutting one string is cheaper than putting many together. */
let tails = '';
let taken = 0;
/** The part that says the time, for calls within one millisecond. */
let prefix = '';
let prefixMs = -1;

/** A UUIDv7: its first 48 bits are the time, so that ids sort (and index) by it. */
export function uuidv7(nowMs: number): string {
  if (taken === tails.length) drawTails();
  if (nowMs !== prefixMs) {
    const time = nowMs.toString(16).padStart(12, '0');
    prefix = `${time.slice(0, 8)}-${time.slice(8)}-7`;
    prefixMs = nowMs;
  }
  const at = taken;
  taken += TAIL;
  return prefix + tails.slice(at, taken);
}

function drawTails(): void {
  const digits = randomBytes(BYTES * IDS).toString('hex');
  const drawn: string[] = [];
  for (let at = 0; at < digits.length; at += DIGITS) drawn.push(tailOf(digits.slice(at, at + DIGITS)));
  tails = drawn.join('');
  taken = 0;
}

function tailOf(random: string): string {
  const variant = '89ab'[Number.parseInt(random.charAt(3), 16) & 3];
  return `${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
}
