/** A receipt as the ledger keeps it: bigints as decimal strings, nothing else changed. */
import { COST_CLASSES } from '../domain/budget.ts';
import type { PriceStatus, Receipt, ReceiptLine } from '../domain/receipt.ts';
import { SOURCES } from './card.ts';
import * as read from './parse.ts';

const STATUSES = ['exact', 'partial', 'estimated', 'unpriced'] as const satisfies PriceStatus[];
const MAX_LINES = 64;
const MAX_NOTES = 64;

export type SerialisedLine = Omit<ReceiptLine, 'nanoUsdPerMillion'> & { nanoUsdPerMillion: string };
/** JSON-safe. */
export type SerialisedReceipt = Omit<Receipt, 'lines' | 'costNanoUsd'> & {
  lines: SerialisedLine[];
  costNanoUsd: string;
};

export function serialiseReceipt(receipt: Receipt): SerialisedReceipt {
  const lines = receipt.lines.map((line) => ({ ...line, nanoUsdPerMillion: line.nanoUsdPerMillion.toString() }));
  return { ...receipt, lines, costNanoUsd: receipt.costNanoUsd.toString() };
}

/** Undefined for anything that `serialiseReceipt` would not have written. Whether it replays is `replay`'s to say. */
export function parseReceipt(value: unknown): Receipt | undefined {
  const from = read.fields(value);
  if (!from) return undefined;
  const catalogue = read.text(from.catalogue);
  const source = read.oneOf(from.source, SOURCES);
  const provider = read.text(from.provider);
  const model = read.text(from.model);
  const status = read.oneOf(from.status, STATUSES);
  const pricedAt = read.integer(from.pricedAt);
  const modifiers = read.list(from.modifiers, MAX_NOTES, read.text);
  const lines = read.list(from.lines, MAX_LINES, receiptLine);
  const notes = read.optional(from, 'notes', (entry) => read.list(entry, MAX_NOTES, read.text));
  const costNanoUsd = read.bigintText(from.costNanoUsd);
  if (catalogue === undefined || !source || provider === undefined || model === undefined || !status) return undefined;
  if (pricedAt === undefined || !modifiers || !lines || !notes || costNanoUsd === undefined) return undefined;
  return { catalogue, source, provider, model, status, pricedAt, modifiers, lines, ...notes, costNanoUsd };
}

function receiptLine(value: unknown): ReceiptLine | undefined {
  const from = read.fields(value);
  if (!from) return undefined;
  const unit = read.text(from.unit);
  const costClass = read.oneOf(from.class, COST_CLASSES);
  const quantity = read.count(from.quantity);
  const nanoUsdPerMillion = read.bigintText(from.nanoUsdPerMillion);
  if (unit === undefined || !costClass || quantity === undefined || nanoUsdPerMillion === undefined) return undefined;
  return { unit, class: costClass, quantity, nanoUsdPerMillion };
}
