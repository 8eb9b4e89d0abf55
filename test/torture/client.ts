/**
 * One service of the torture test: `WORKERS` concurrent callers with the real SDKs, until each has been refused even the
 * smallest call. It says in lines of JSON when it was first refused, and at the end how it fared; then it ends as a
 * program ends.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { BudgetExceededError, flush } from 'spendfuse';
import { Random } from '../simulation/random.ts';
import { drawOrder, isBroken, type Order, type Profile, SMALLEST } from './calls.ts';

/** The last line of a client that was not killed. */
export interface Fare {
  event: 'done';
  answered: number;
  /** Calls that were cut, hung, aborted or left. */
  broken: number;
  /** By the code of the denial. */
  denied: Record<string, number>;
  /** Errors that no order asked for. */
  surprises: string[];
  /** The server has every settlement. */
  settled: boolean;
}

export interface FirstDenial {
  event: 'denied';
  code: string;
  /** Epoch ms. */
  at: number;
}

const { PROVIDER, PROFILE, TEAM, OTEL_SERVICE_NAME: name = '' } = process.env;
const openai = new OpenAI({ baseURL: `${PROVIDER}/v1`, apiKey: 'k', maxRetries: 4 });
const anthropic = new Anthropic({ baseURL: PROVIDER, apiKey: 'k', maxRetries: 4 });

/** Whoever was refused because the server was away or busy asks again later. */
const PAUSE_MS: Readonly<Record<string, number>> = { unreachable: 1_000, contended: 100 };
const FLUSH_PAUSE_MS = 200;
const LONGEST_FLUSH_MS = 60_000;

const fare: Fare = { event: 'done', answered: 0, broken: 0, denied: {}, surprises: [], settled: false };

async function work(random: Random): Promise<void> {
  let order = drawOrder(PROFILE as Profile, random);
  for (;;) {
    const refusal = await carryOut(order);
    if (refusal === 'exhausted' && order === SMALLEST) return;
    if (refusal !== undefined) await sleep((PAUSE_MS[refusal] ?? 0) * (0.5 + random.share()));
    if (refusal === 'exhausted' || order === SMALLEST) order = SMALLEST;
    else order = drawOrder(PROFILE as Profile, random);
  }
}

/** The code of the denial, if it was denied. */
async function carryOut(order: Order): Promise<string | undefined> {
  try {
    await call(order);
    if (isBroken(order)) fare.broken += 1;
    else fare.answered += 1;
    return undefined;
  } catch (error) {
    if (error instanceof BudgetExceededError) return denied(error.code);
    if (isBroken(order)) fare.broken += 1;
    else surprise(error);
    return undefined;
  }
}

function denied(code: string): string {
  const isFirst = code !== 'unreachable' && !('exhausted' in fare.denied) && !('contended' in fare.denied);
  fare.denied[code] = (fare.denied[code] ?? 0) + 1;
  if (isFirst) say({ event: 'denied', code, at: Date.now() } satisfies FirstDenial);
  return code;
}

function surprise(error: unknown): void {
  const { name: kind, message, cause } = error as Error;
  if (fare.surprises.length < 20) fare.surprises.push(`${kind}: ${message}${cause ? ` (${cause})` : ''}`);
}

async function call(order: Order): Promise<void> {
  const options = { headers: headersOf(order), signal: signalOf(order) };
  const messages = [{ role: 'user' as const, content: 'x'.repeat(order.promptBytes) }];
  const asked = { max_tokens: order.maxTokens, messages };
  if (order.sdk === 'openai') {
    const body = { ...asked, model: 'torture-chat' };
    if (!order.stream) return void (await openai.chat.completions.create(body, options));
    return readAll(await openai.chat.completions.create({ ...body, stream: true }, options), order);
  }
  const body = { ...asked, model: 'torture-messages' };
  if (!order.stream) return void (await anthropic.messages.create(body, options));
  return readAll(await anthropic.messages.create({ ...body, stream: true }, options), order);
}

async function readAll(events: AsyncIterable<unknown>, { leaveAfter }: Order): Promise<void> {
  let seen = 0;
  for await (const _ of events) if (++seen === leaveAfter) break;
}

function headersOf(order: Order): Record<string, string> {
  return {
    'x-step': order.step,
    'x-share': String(order.share),
    'x-latency': String(order.latencyMs),
    'x-client': name,
    'x-team': TEAM ?? '',
    'x-started': String(performance.timeOrigin + performance.now()),
    ...(isBroken(order) && { 'x-broken': '1' }),
  };
}

function signalOf({ abortAfterMs }: Order): AbortSignal | undefined {
  return abortAfterMs === undefined ? undefined : AbortSignal.timeout(abortAfterMs);
}

function say(line: Fare | FirstDenial | { event: 'begun' }): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

say({ event: 'begun' });
const random = new Random(Number(process.env.SEED));
const seeds = Array.from({ length: Number(process.env.WORKERS) }, () => random.whole(1, 2 ** 31));
await Promise.all(seeds.map((seed) => work(new Random(seed))));
for (const begun = performance.now(); !fare.settled && performance.now() - begun < LONGEST_FLUSH_MS; ) {
  fare.settled = await flush();
  if (!fare.settled) await sleep(FLUSH_PAUSE_MS);
}
say(fare);
