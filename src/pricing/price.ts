import type { CostClass } from '../domain/budget.ts';
import { divideRounded, type NanoUsd } from '../domain/money.ts';
import type { PriceStatus, Receipt, ReceiptLine } from '../domain/receipt.ts';
import type { UsageSource } from '../domain/usage.ts';
import { servedModifiers } from './modifiers.ts';
import type { Price, RateCard } from './pricing.ts';
import { modified, rateAt } from './rate.ts';
import { split } from './split.ts';
import { unitsOf } from './substitutes.ts';
import { UNITS } from './units.ts';
import { usageProblem } from './usage-problem.ts';

export { usageProblem } from './usage-problem.ts';

const REASONING = UNITS.findIndex((unit) => unit.key === 'output_reasoning_mtok');

/**
 * What an attempt cost, with the lines that say so; rounded once, half up.
 * Errors: `RangeError` for usage that cannot be, as `usageProblem` puts it.
 */
export const price: Price = (card, usage, at, source) => {
  const problem = usageProblem(usage);
  if (problem) throw new RangeError(`usage of ${card.provider}/${card.model}: ${problem}`);
  const units = unitsOf(card);
  const quantities = split(usage, units[REASONING]!.own);
  const notes = card.notes ? [...card.notes] : [];
  const modifiers = servedModifiers(card, usage, notes);
  const lines: ReceiptLine[] = [];
  for (let index = 0; index < units.length; index++) {
    const quantity = quantities[index]!;
    const unit = units[index]!;
    if (quantity === 0 || (unit.key === 'requests_kcount' && !unit.own)) continue;
    const rate = rateAt(unit.rate, usage.inputTokens);
    const nanoUsdPerMillion = modified(rate, unit.class, modifiers, 'half-up');
    lines.push({ unit: unit.key, class: unit.class, quantity, nanoUsdPerMillion });
    if (unit.note) notes.push(unit.note);
  }
  if (card.source === 'ceiling' && lines.length === 0) notes.push('no units were reported: the true cost is not known');
  return {
    catalogue: card.catalogue,
    source: card.source,
    provider: card.provider,
    model: card.model,
    status: statusOf(card, source, notes),
    pricedAt: at,
    modifiers: modifiers.map((modifier) => modifier.name),
    lines,
    ...(notes.length > 0 && { notes }),
    costNanoUsd: sum(lines),
  };
};

function statusOf(card: RateCard, source: UsageSource, notes: readonly string[]): PriceStatus {
  if (card.source === 'ceiling') return 'unpriced';
  if (source === 'estimated') return 'estimated';
  return notes.length > 0 ? 'partial' : 'exact';
}

/** The cost that a receipt's lines add up to: what it says, or the receipt is not ours. */
export function replay(receipt: Receipt): NanoUsd {
  return sum(receipt.lines);
}

/** What counts towards a budget that is narrowed to some classes, rounded once, half up. Absent classes: all of it. */
export function costOf(receipt: Receipt, classes?: readonly CostClass[]): NanoUsd {
  return classes ? sum(receipt.lines, classes) : receipt.costNanoUsd;
}

/** Each class that has a line. The parts are rounded one by one, so they may miss the whole by a nano-dollar or two. */
export function costByClass(receipt: Receipt): Partial<Record<CostClass, NanoUsd>> {
  const costs: Partial<Record<CostClass, NanoUsd>> = {};
  for (const line of receipt.lines) costs[line.class] ??= sum(receipt.lines, [line.class]);
  return costs;
}

function sum(lines: readonly ReceiptLine[], classes?: readonly CostClass[]): NanoUsd {
  let total = 0n;
  for (const line of lines) {
    if (!classes || classes.includes(line.class)) total += BigInt(line.quantity) * line.nanoUsdPerMillion;
  }
  return divideRounded(total, 1_000_000n, 'half-up');
}
