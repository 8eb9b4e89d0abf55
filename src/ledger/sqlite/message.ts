/**
 * What goes between the two threads. Reservations, settlements and their plain answers go as lines of JSON in one string a
 * message: a structured clone takes several times as long, because it looks at every property of every small object. All
 * else, which is rare, is cloned. JSON has no bare line break in it, so lines cannot be mistaken.
 */
import type { Call, Reply } from './core.ts';
import type { ReservedReply, ReserveText, SettledReply, SettleText } from './operations.ts';

/** In the order of the calls; a string stands for any number of them. */
export type Message = (string | Call)[];
/** What the worker says back: replies, those in one string among them, and how many messages it has taken for them. */
export type Answer = { taken: number; plain: string; replies: Reply[] };

type CallLine = [id: number, name: 'reserve' | 'settle', now: number, count: number];
type ReserveLine = [
  attemptId: string,
  session: string,
  digest: string,
  amount: string,
  expiresAt: number,
  callId: string,
  provider: string,
  model: string,
  reply: string | null,
  validUntil: number | null,
];
type SettleLine = [
  attemptId: string,
  session: string,
  digest: string,
  admittedAt: number,
  cost: string,
  estimated: boolean,
  remainder: string,
  callId: string,
  provider: string,
  model: string,
  sums: number[],
  split: [draws: string, hold: string] | null,
];

export function encodeCalls(calls: readonly Call[]): Message {
  const message: Message = [];
  let lines: string[] = [];
  for (const call of calls) {
    if (call.name === 'reserve') addReserve(lines, call.id, ...(call.args as [readonly ReserveText[], number]));
    else if (call.name === 'settle') addSettle(lines, call.id, ...(call.args as [readonly SettleText[], number]));
    else {
      if (lines.length > 0) message.push(lines.join('\n'));
      lines = [];
      message.push(call);
    }
  }
  if (lines.length > 0) message.push(lines.join('\n'));
  return message;
}

export function decodeCalls(message: Message): Call[] {
  return message.flatMap((part) => (typeof part === 'string' ? decodeLines(part.split('\n')) : part));
}

function decodeLines(lines: readonly string[]): Call[] {
  const calls: Call[] = [];
  const reader = new Lines(lines);
  while (reader.hasMore) {
    const [id, name, now, count] = JSON.parse(reader.next()) as CallLine;
    const read = name === 'reserve' ? readReserve : readSettle;
    const texts = Array.from({ length: count }, () => read(reader));
    calls.push({ id, name, args: [texts, now] });
  }
  return calls;
}

class Lines {
  readonly #lines: readonly string[];
  #at = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  get hasMore(): boolean {
    return this.#at < this.#lines.length;
  }

  next(): string {
    return this.#lines[this.#at++]!;
  }
}

function addReserve(lines: string[], id: number, texts: readonly ReserveText[], now: number): void {
  lines.push(JSON.stringify([id, 'reserve', now, texts.length] satisfies CallLine));
  for (const { attemptId, session, digest, amountNanoUsd, expiresAt, slice, demands, detail } of texts) {
    const { callId, provider, model, attribution, reply = null } = detail;
    const amount = amountNanoUsd.toString();
    const validUntil = slice ? slice.validUntil : null;
    const line: ReserveLine = [
      attemptId,
      session,
      digest,
      amount,
      expiresAt,
      callId,
      provider,
      model,
      reply,
      validUntil,
    ];
    lines.push(JSON.stringify(line), attribution, demands);
  }
}

function readReserve(lines: Lines): ReserveText {
  const line = JSON.parse(lines.next()) as ReserveLine;
  const [attemptId, session, digest, amount, expiresAt, callId, provider, model, reply, validUntil] = line;
  const detail: ReserveText['detail'] = { callId, provider, model, attribution: lines.next() };
  if (reply !== null) detail.reply = reply;
  const amountNanoUsd = BigInt(amount);
  const text: ReserveText = { attemptId, session, digest, amountNanoUsd, demands: lines.next(), expiresAt, detail };
  if (validUntil !== null) text.slice = { validUntil };
  return text;
}

function addSettle(lines: string[], id: number, texts: readonly SettleText[], now: number): void {
  lines.push(JSON.stringify([id, 'settle', now, texts.length] satisfies CallLine));
  for (const text of texts) {
    const { callId, provider, model, attribution } = text.detail;
    const { body, sums } = text.more;
    const line: SettleLine = [
      text.attemptId,
      text.session,
      text.digest,
      text.admittedAt,
      text.costNanoUsd.toString(),
      text.estimated,
      text.remainderNanoUsd.toString(),
      callId,
      provider,
      model,
      [
        sums.calls,
        sums.inputTokens,
        sums.cachedReadTokens,
        sums.cacheWriteTokens,
        sums.outputTokens,
        sums.reasoningTokens,
        sums.unpricedCalls,
        sums.estimatedCalls,
      ],
      text.split ? [text.split.draws, text.split.holdNanoUsd.toString()] : null,
    ];
    lines.push(JSON.stringify(line), attribution, text.postings, body);
  }
}

function readSettle(lines: Lines): SettleText {
  const line = JSON.parse(lines.next()) as SettleLine;
  const [attemptId, session, digest, admittedAt, cost, estimated, remainder, callId, provider, model, counts, split] =
    line;
  const [calls, inputTokens, cachedReadTokens, cacheWriteTokens, outputTokens, reasoningTokens, unpriced, estimates] =
    counts as [number, number, number, number, number, number, number, number];
  const costNanoUsd = BigInt(cost);
  const detail = { callId, provider, model, attribution: lines.next() };
  const postings = lines.next();
  const text: SettleText = {
    attemptId,
    session,
    digest,
    admittedAt,
    costNanoUsd,
    estimated,
    postings,
    remainderNanoUsd: BigInt(remainder),
    detail,
    more: {
      body: lines.next(),
      sums: {
        costNanoUsd,
        calls,
        inputTokens,
        cachedReadTokens,
        cacheWriteTokens,
        outputTokens,
        reasoningTokens,
        unpricedCalls: unpriced,
        estimatedCalls: estimates,
      },
    },
  };
  if (split) text.split = { draws: split[0], holdNanoUsd: BigInt(split[1]) };
  return text;
}

type PlainReply = Extract<ReservedReply, { outcome: 'granted' }> | Extract<SettledReply, { outcome: 'settled' }>;
/** Of a grant its admission, of a settlement its booking. */
type PlainRow = number | [seq: number, bookedAt: number, admittedAt: number, overage: string, unknownHold: 0 | 1];

export function encodeReplies(taken: number, replies: readonly Reply[]): Answer {
  const plain: [id: number, ...rows: PlainRow[]][] = [];
  const rest: Reply[] = [];
  for (const reply of replies) {
    if ('value' in reply && isPlain(reply.value)) plain.push([reply.id, ...reply.value.map(rowOf)]);
    else rest.push(reply);
  }
  return { taken, plain: plain.length > 0 ? JSON.stringify(plain) : '', replies: rest };
}

export function decodeReplies({ plain, replies }: Answer): Reply[] {
  if (plain === '') return replies;
  const rows = JSON.parse(plain) as [id: number, ...rows: PlainRow[]][];
  return [...rows.map(([id, ...values]) => ({ id, value: values.map(replyOf) })), ...replies];
}

/** No other operation answers with these outcomes. */
function isPlain(value: unknown): value is PlainReply[] {
  if (!Array.isArray(value)) return false;
  for (const each of value as (PlainReply | undefined)[]) {
    if (each?.outcome === 'granted') continue;
    if (each?.outcome !== 'settled' || each.postings) return false;
  }
  return true;
}

function rowOf(reply: PlainReply): PlainRow {
  if (reply.outcome === 'granted') return reply.admittedAt;
  const { seq, bookedAt, admittedAt, overageNanoUsd, unknownHold } = reply.booking;
  return [seq, bookedAt, admittedAt, overageNanoUsd.toString(), unknownHold ? 1 : 0];
}

function replyOf(row: PlainRow): PlainReply {
  if (typeof row === 'number') return { outcome: 'granted', admittedAt: row };
  const [seq, bookedAt, admittedAt, overage, unknownHold] = row;
  const booking = { seq, bookedAt, admittedAt, overageNanoUsd: BigInt(overage), unknownHold: unknownHold === 1 };
  return { outcome: 'settled', booking };
}
