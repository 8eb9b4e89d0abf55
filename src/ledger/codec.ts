/** JSON text of what a database keeps whole, with every bigint as a decimal string. */
import type { AlertEvent } from '../domain/alert.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { HoldState } from '../domain/hold.ts';
import type { Draw } from '../domain/lease.ts';
import type { NanoUsd } from '../domain/money.ts';
import type { Receipt } from '../domain/receipt.ts';
import type { EpochMs } from '../domain/time.ts';
import type { AccountDemand, Posting, RemainderClosing, Settlement, SettleRequest } from './ledger.ts';

type Body = Pick<
  Settlement,
  'usage' | 'source' | 'status' | 'receipt' | 'responseId' | 'traceId' | 'spanId' | 'evidence'
>;

const decimal = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);

export function encodeBody(request: SettleRequest): string {
  const { usage, source, status, receipt, responseId, traceId, spanId } = request;
  const evidence = request.evidence && plainEvidence(request.evidence);
  return JSON.stringify({
    usage,
    source,
    status,
    receipt: plainReceipt(receipt),
    responseId,
    traceId,
    spanId,
    evidence,
  });
}

function plainEvidence({ reportedCostNanoUsd, ...rest }: Evidence) {
  return { ...rest, reportedCostNanoUsd: reportedCostNanoUsd?.toString() };
}

function reviveEvidence(evidence: Evidence): Evidence {
  const { reportedCostNanoUsd } = evidence;
  return reportedCostNanoUsd === undefined
    ? evidence
    : { ...evidence, reportedCostNanoUsd: BigInt(reportedCostNanoUsd) };
}

/** Written out, because a replacer is called for everything in it and takes several times as long. */
function plainReceipt({ lines, costNanoUsd, ...rest }: Receipt) {
  const plain = lines.map((line) => ({ ...line, nanoUsdPerMillion: line.nanoUsdPerMillion.toString() }));
  return { ...rest, lines: plain, costNanoUsd: costNanoUsd.toString() };
}

export function decodeBody(text: string): Body {
  const body = JSON.parse(text);
  const revived = { ...body, receipt: reviveReceipt(body.receipt) };
  if (body.evidence) revived.evidence = reviveEvidence(body.evidence);
  return revived;
}

function reviveReceipt(receipt: Receipt): Receipt {
  const lines = receipt.lines.map((line) => ({ ...line, nanoUsdPerMillion: BigInt(line.nanoUsdPerMillion) }));
  return { ...receipt, lines, costNanoUsd: BigInt(receipt.costNanoUsd) };
}

export function encodeEvent(event: AlertEvent): string {
  return JSON.stringify(event, decimal);
}

export function decodeEvent(text: string): AlertEvent {
  const event = JSON.parse(text);
  return { ...event, limitNanoUsd: BigInt(event.limitNanoUsd), spentNanoUsd: BigInt(event.spentNanoUsd) };
}

type PostingRow = [budget: string, instance: string, start: number, end: number, since: number, amount: string];
type DemandRow = [...PostingRow, cap: string, expected?: 1];
type DrawRow = [slice: string, amount: string];

/** The beginning of a row, which is the same for all that is posted to one account: by instance, the newest window. */
interface Beginning {
  budget: string;
  start: EpochMs;
  end: EpochMs;
  since: EpochMs;
  text: string;
}
const beginnings = new Map<string, Beginning>();
const MOST_BEGINNINGS = 10_000;

/** As `JSON.stringify` writes the row, without its end: most of its time would go into the same times of day. */
function beginningOf({ budget, instance, window: { start, end }, since }: Omit<Posting, 'amountNanoUsd'>): string {
  const known = beginnings.get(instance);
  if (known && known.start === start && known.end === end && known.since === since && known.budget === budget) {
    return known.text;
  }
  const text = JSON.stringify([budget, instance, start, end, since]).slice(0, -1);
  if (beginnings.size >= MOST_BEGINNINGS) beginnings.clear();
  beginnings.set(instance, { budget, start, end, since, text });
  return text;
}

const postingFrom = ([budget, instance, start, end, since, amount]: PostingRow | DemandRow): Posting => {
  return { budget, instance, window: { start, end }, since, amountNanoUsd: BigInt(amount) };
};

/** Rows, not objects: a third of the text, and cheaper to hand to another thread than a structured clone. */
export function encodePostings(postings: readonly Posting[]): string {
  let text = '[';
  for (const posting of postings) {
    if (text.length > 1) text += ',';
    text += `${beginningOf(posting)},"${posting.amountNanoUsd}"]`;
  }
  return `${text}]`;
}

export function decodePostings(text: string): Posting[] {
  const rows: PostingRow[] = JSON.parse(text);
  return rows.map(postingFrom);
}

export function encodeDemands(demands: readonly AccountDemand[]): string {
  let text = '[';
  for (const demand of demands) {
    if (text.length > 1) text += ',';
    const { amountNanoUsd, capNanoUsd, expected } = demand;
    text += `${beginningOf(demand)},"${amountNanoUsd}","${capNanoUsd}"${expected ? ',1' : ''}]`;
  }
  return `${text}]`;
}

export function decodeDemands(text: string): AccountDemand[] {
  const rows: DemandRow[] = JSON.parse(text);
  return rows.map((row) => {
    const demand: AccountDemand = { ...postingFrom(row), capNanoUsd: BigInt(row[6]) };
    if (row[7]) demand.expected = true;
    return demand;
  });
}

export function encodeDraws(draws: readonly Draw[]): string {
  return JSON.stringify(draws.map(({ slice, amountNanoUsd }): DrawRow => [slice, amountNanoUsd.toString()]));
}

export function decodeDraws(text: string): Draw[] {
  const rows: DrawRow[] = JSON.parse(text);
  return rows.map(([slice, amount]) => ({ slice, amountNanoUsd: BigInt(amount) }));
}

export function encodeState(state: HoldState): string {
  return JSON.stringify(state.state === 'settled' ? { ...state, costNanoUsd: state.costNanoUsd.toString() } : state);
}

export function decodeState(text: string): HoldState {
  const state: HoldState = JSON.parse(text);
  return state.state === 'settled' ? { ...state, costNanoUsd: BigInt(state.costNanoUsd) } : state;
}

/** What an estimated settlement left of a hold: open with its shares, or closed. */
export interface Remainder {
  remainderNanoUsd: NanoUsd;
  remainders?: readonly NanoUsd[];
  remainderSince?: EpochMs;
  remainderClosed?: RemainderClosing;
}

/** null when nothing remained. */
export function encodeRemainder(remainder: Remainder): string | null {
  const { remainderNanoUsd, remainders, remainderSince, remainderClosed } = remainder;
  if (remainderNanoUsd === 0n && !remainderClosed) return null;
  return JSON.stringify({ remainderNanoUsd, remainders, remainderSince, remainderClosed }, decimal);
}

export function decodeRemainder(text: string | null): Remainder {
  if (text === null) return { remainderNanoUsd: 0n };
  const kept = JSON.parse(text);
  const remainder: Remainder = { remainderNanoUsd: BigInt(kept.remainderNanoUsd) };
  if (kept.remainders) remainder.remainders = kept.remainders.map(BigInt);
  if (kept.remainderSince !== undefined) remainder.remainderSince = kept.remainderSince;
  if (kept.remainderClosed) {
    remainder.remainderClosed = { ...kept.remainderClosed, amountNanoUsd: BigInt(kept.remainderClosed.amountNanoUsd) };
  }
  return remainder;
}
