/** How much of an attempt's worst case a budget holds, and whether it may shorten an output that does not fit. */
import type { HoldMode } from '../domain/budget.ts';
import { either, leaf, map, quote, type Read, whole } from './leaf.ts';

/** `p50` … `p99.9` in basis points. */
const PERCENTILES = { least: 5_000, most: 9_990 };

const strict = leaf('strict', { const: 'strict' }, (text): Read<HoldMode> => {
  if (text === 'strict') return { value: text };
  if (text === 'expected') return { wrong: 'holds: expected needs a percentile', mend: 'write { expected: p99 }' };
  return { wrong: `unknown hold mode ${quote(text)}`, mend: 'write strict or { expected: p99 }' };
});

const percentile = leaf(
  'a percentile such as p99',
  { type: 'string', pattern: '^p(?:[5-9]\\d(?:\\.\\d{1,2})?)$' },
  (text): Read<number> => {
    const [, whole, fraction = ''] = /^p(\d{1,3})(?:\.(\d{1,2}))?$/.exec(text) ?? [];
    if (whole === undefined) return { wrong: `${quote(text)} is not a percentile`, mend: 'write it as p99 or p99.9' };
    const basisPoints = Number(whole) * 100 + Number(fraction.padEnd(2, '0'));
    // Below it most attempts would cost more than is held; above it nothing is learned in any sensible time.
    if (basisPoints < PERCENTILES.least) return { wrong: `percentile ${text} is too low`, mend: 'use at least p50' };
    if (basisPoints <= PERCENTILES.most) return { value: basisPoints };
    return { wrong: `percentile ${text} is too high`, mend: 'use at most p99.9, or holds: strict' };
  },
);

export const holds = either('strict or { expected: p99 }', [
  strict,
  map({ expected: percentile }, 'a map with expected').transform(
    ({ expected }): HoldMode => ({ expectedBasisPoints: expected }),
  ),
])
  .describe('What is held of an attempt: its worst case, or the share that a percentile of attempts needs.')
  .meta({ id: 'holds' });

/** Shorter answers than this are of little use to anybody. */
const DEFAULT_LEAST_TOKENS = 256;

/** In output tokens; 0 for `false`. */
export const clampOutput = either('true, false or { at_least: 256 }', [
  leaf('true or false', { type: 'boolean' }, (text): Read<number> => {
    if (text === 'true' || text === 'false') return { value: text === 'true' ? DEFAULT_LEAST_TOKENS : 0 };
    const tokens = /^\d+$/.test(text) ? text : DEFAULT_LEAST_TOKENS;
    return { wrong: `clamp_output ${quote(text)} is neither true nor false`, mend: `write { at_least: ${tokens} }` };
  }),
  map({ at_least: whole('at_least', 1, 10_000_000) }, 'a map with at_least').transform(({ at_least }) => at_least),
])
  .describe('Shorten the output of an attempt that does not fit to what the budget can still pay for.')
  .meta({ id: 'clamp_output' });
