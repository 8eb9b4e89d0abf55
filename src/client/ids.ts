import { randomFillSync } from 'node:crypto';

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const pool = new Uint8Array(4096);
let taken = pool.length;
/** The part that says the time, for calls within one millisecond. */
let prefix = '';
let prefixMs = -1;

/** A UUIDv7: its first 48 bits are the time, so that ids sort (and index) by it. Random bytes are drawn in bulk. */
export function uuidv7(nowMs: number): string {
  if (taken + 10 > pool.length) {
    randomFillSync(pool);
    taken = 0;
  }
  const at = taken;
  taken += 10;
  const hex = (offset: number): string => HEX[pool[at + offset] as number] as string;
  if (nowMs !== prefixMs) {
    const time = nowMs.toString(16).padStart(12, '0');
    prefix = `${time.slice(0, 8)}-${time.slice(8)}-`;
    prefixMs = nowMs;
  }
  const version = HEX[0x70 | ((pool[at] as number) & 0x0f)];
  const variant = HEX[0x80 | ((pool[at + 2] as number) & 0x3f)];
  return `${prefix}${version}${hex(1)}-${variant}${hex(3)}-${hex(4)}${hex(5)}${hex(6)}${hex(7)}${hex(8)}${hex(9)}`;
}
