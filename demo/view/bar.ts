import type { BudgetNow } from '../api.ts';
import type { Line, Span, Style } from './line.ts';

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const RESERVED = '▒';
const TRACK = '·';
const THRESHOLD = '┊';
const CAP = '┃';

export const STATE_STYLE: Record<BudgetNow['state'], Style> = { ok: 'green', soft: 'yellow', hard: 'red' };

/**
 * Spent, then reserved, then what is left of the limit with its thresholds, then a wall where the budget stops calls: one
 * cell more than `width`.
 */
export function bar(budget: BudgetNow, width: number): Line {
  const { spent, reserved, unresolved, limit, cap, thresholds, state } = budget;
  const style = STATE_STYLE[state];
  const filled = Math.min(width, cells(spent, limit, width));
  const full = Math.floor(filled);
  const partial = EIGHTHS[Math.floor((filled - full) * 8)]!;
  const heldTo = Math.min(width, Math.ceil(cells(spent + reserved + unresolved, limit, width)));
  const used = full + partial.length;
  const held = Math.max(0, heldTo - used);
  return [
    [style, '█'.repeat(full) + partial],
    [style, RESERVED.repeat(held)],
    ...track(used + held, width, thresholds),
    ['red', cap === undefined ? ' ' : CAP],
  ];
}

function cells(amount: bigint, limit: bigint, width: number): number {
  return limit === 0n ? width : (Number(amount) / Number(limit)) * width;
}

function track(from: number, width: number, thresholds: readonly number[]): Span[] {
  const marks = new Set(thresholds.filter((at) => at < 100).map((at) => Math.round((at / 100) * width)));
  let text = '';
  for (let cell = from; cell < width; cell += 1) text += marks.has(cell) ? THRESHOLD : TRACK;
  return [['dim', text]];
}

/** `84 %`; cut, so that 100 % is never said before it is true. */
export function percent({ spent, limit }: BudgetNow): string {
  return limit === 0n ? '–' : `${(spent * 100n) / limit} %`;
}
