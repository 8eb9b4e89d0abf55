/** Money, shares and durations, read exactly from the text in which they stand. */
import { MAX_NANO_USD, NANO_PER_USD, type NanoUsd, parseDecimal, parseUsd } from '../domain/money.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import { leaf, quote, type Read } from './leaf.ts';

/** `1000`, `1_000`, `0.05`: at most nine places, no sign, no exponent. */
const PLAIN_DECIMAL = /^\d[\d_]{0,30}(\.\d{1,20})?$/;
const MONEY_JSON = { type: ['number', 'string'] };

/** An amount of USD above zero (or zero, where that says something) and below what the ledger can keep. */
export function usd(noun: string, options: { zero?: boolean } = {}) {
  return leaf('an amount of USD', MONEY_JSON, (text) => readUsd(noun, text, options.zero ?? false));
}

function readUsd(noun: string, text: string, zero: boolean): Read<NanoUsd> {
  if (/^-\s*[\d.]/.test(text)) return { wrong: `${noun} ${text} is negative`, mend: 'use an amount above 0' };
  if (!PLAIN_DECIMAL.test(text)) {
    return {
      wrong: `${noun} ${quote(text)} is not an amount of USD`,
      mend: 'write a plain number such as 1000 or 0.05',
    };
  }
  const amount = exactly(() => parseUsd(text));
  if (amount === undefined)
    return { wrong: `${noun} ${text} has more than 9 decimal places`, mend: 'round it to nano-USD' };
  if (amount === 0n && !zero) return { wrong: `${noun} is 0`, mend: 'use an amount above 0' };
  if (amount < MAX_NANO_USD) return { value: amount };
  return { wrong: `${noun} ${text} is absurd`, mend: `stay below ${MAX_NANO_USD / NANO_PER_USD}` };
}

/** Basis points from a percentage: 70% is 7000. At most 100 %, which is called `whole` in the complaint. */
export function percent(noun: string, whole = '100%') {
  const json = { type: 'string', pattern: '^\\d{1,3}(\\.\\d{1,2})?\\s*%$' };
  return leaf('a percentage such as 75%', json, (text) => readPercent(noun, text, whole));
}

function readPercent(noun: string, text: string, whole: string): Read<number> {
  const number = /^(\d{1,9}(?:\.\d+)?)\s*(%?)$/.exec(text);
  if (!number) return { wrong: `${noun} ${quote(text)} is not a percentage`, mend: 'write it as 75%' };
  if (number[2] === '')
    return { wrong: `${noun} ${text} has no percent sign`, mend: `write ${asPercent(number[1]!)}%` };
  const points = exactly(() => parseDecimal(number[1]!, 2));
  if (points === undefined) return { wrong: `${noun} ${text} has more than 2 decimal places`, mend: 'round it' };
  if (points === 0n) return { wrong: `${noun} is 0%`, mend: 'use at least 0.01%' };
  if (points > 10_000n) return { wrong: `${noun} ${text} exceeds ${whole}`, mend: 'use at most 100%' };
  return { value: Number(points) };
}

/** Somebody who writes 0.75 means 75 %. */
function asPercent(number: string): string {
  return number.startsWith('0.') ? String(Number((Number(number) * 100).toFixed(2))) : number;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `500ms`, `5s`, `10m`, `24h`, `7d`, within bounds. */
export function duration(noun: string, least: DurationMs, most: DurationMs) {
  const json = { type: 'string', pattern: '^\\d+\\s*(ms|s|m|h|d)$' };
  return leaf('a duration such as 10m', json, (text): Read<DurationMs> => {
    const [, count, unit] = /^(\d{1,9})\s*(ms|s|m|h|d)$/.exec(text) ?? [];
    if (count === undefined || unit === undefined) {
      return { wrong: `${noun} ${quote(text)} is not a duration`, mend: 'write it as 500ms, 5s, 10m, 24h or 7d' };
    }
    const value = Number(count) * UNIT_MS[unit]!;
    if (value < least) return { wrong: `${noun} ${text} is too short`, mend: `use at least ${showDuration(least)}` };
    if (value > most) return { wrong: `${noun} ${text} is too long`, mend: `use at most ${showDuration(most)}` };
    return { value };
  });
}

/** In the largest unit that divides it: 86400000 is `1d`. */
export function showDuration(value: DurationMs): string {
  const unit = ['d', 'h', 'm', 's'].find((name) => value > 0 && value % UNIT_MS[name]! === 0) ?? 'ms';
  return `${value / UNIT_MS[unit]!}${unit}`;
}

/** A day, `2026-11-01`, as its first instant in UTC; or an instant with its offset. */
export function instant(noun: string) {
  return leaf('a date such as 2026-11-01', { type: 'string' }, (text): Read<EpochMs> => {
    const day = /^\d{4}-\d{2}-\d{2}$/.test(text);
    const full = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$/.test(text);
    const value = day || full ? Date.parse(text) : Number.NaN;
    // Date.parse rolls February 30 over into March.
    const real = Number.isFinite(value) && (full || new Date(value).toISOString().startsWith(text));
    if (real) return { value };
    return { wrong: `${noun} ${quote(text)} is not a date`, mend: 'write it as 2026-11-01 or 2026-11-01T00:00:00Z' };
  });
}

function exactly(parse: () => bigint): bigint | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
