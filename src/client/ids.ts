import { randomBytes } from 'node:crypto';

/** Ids whose random part is made at once, and the bytes of one. */
const IDS = 128;
const BYTES = 10;
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

const DASH = 45;
const DIGITS = Buffer.from('0123456789abcdef', 'latin1');
const VARIANTS = Buffer.from('89ab', 'latin1');
const written = Buffer.alloc(TAIL * IDS);

/** Digit by digit into one buffer: strings cut and put together for each id take twice as long. */
function drawTails(): void {
  const random = randomBytes(BYTES * IDS);
  for (let id = 0, at = 0; id < IDS; id += 1, at += TAIL) writeTail(random, id * BYTES, at);
  tails = written.toString('latin1');
  taken = 0;
}

function writeTail(random: Buffer, from: number, to: number): void {
  let at = to;
  for (let digit = 0; digit < TAIL - 2; digit += 1) {
    const byte = random[from + (digit >> 1)]!;
    const bits = digit % 2 === 0 ? byte >> 4 : byte & 15;
    if (digit === 3) written[at++] = DASH;
    written[at++] = digit === 3 ? VARIANTS[bits & 3]! : DIGITS[bits]!;
    if (digit === 6) written[at++] = DASH;
  }
}
