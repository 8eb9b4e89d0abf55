/**
 * The provider of the torture test, a process of its own: OpenAI's chat completions and Anthropic's messages, with a true
 * count of what it bills. It shares no code with what it judges. What happens to a call stands in the call's headers:
 *
 *   x-step      `ok`, `429`, `500` (these refuse the first try only), `cut` (the connection breaks in the answer), `hang`
 *   x-share     the part of `max_tokens` that is written
 *   x-latency   ms before the answer begins
 *   x-client, x-team, x-started   who calls, and since when
 *   x-broken    the caller or the step will break it off
 *
 * A call is billed in full when its answer is made, whether or not anybody still listens. It bills a token for two bytes of
 * the request and writes three bytes a token: a client that sees only part of an answer and reckons three bytes a token
 * never reckons too much.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, anthropicEvents, anthropicJson, openaiEvents, openaiJson } from '../../demo/provider-answers.ts';
import { PRICES } from './prices.ts';

export type Step = 'ok' | '429' | '500' | 'cut' | 'hang';

/** One answer that was billed. */
export interface Billed {
  id: string;
  client: string;
  team: string;
  model: string;
  /** It was asked for to be broken off, by either side. */
  mayBreak: boolean;
  nanoUsd: string;
  /** Epoch ms. */
  at: number;
  /** Between the call and its arrival here; absent where the SDK tried again. */
  waitedMs?: number;
}

export interface Count {
  nanoUsd: string;
  calls: number;
  /** Requests whose answer is not made yet. */
  pending: number;
}

const billed: Billed[] = [];
let total = 0n;
let pending = 0;
/** Of every third answer that will be read whole a part was cached. */
let whole = 0;

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  if (request.url === '/count') return sendJson(response, { nanoUsd: `${total}`, calls: billed.length, pending });
  if (request.url === '/billed') return sendJson(response, billed);
  serve(request, response).catch(() => response.destroy());
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
});

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const waitedMs = performance.timeOrigin + performance.now() - Number(header(request, 'x-started'));
  pending += 1;
  try {
    const text = await read(request);
    const step = stepOf(request);
    if (step === '429' || step === '500') return refuse(response, Number(step));
    await sleep(Number(header(request, 'x-latency')));
    const body = JSON.parse(text) as Record<string, unknown>;
    const answer = answerTo(request, body, Buffer.byteLength(text));
    bill(request, answer, waitedMs);
    if (step === 'hang') return;
    await reply(response, answer, body, step);
  } finally {
    pending -= 1;
  }
}

/** Refusals are for the first try; the SDK tries again, and then it works. */
function stepOf(request: IncomingMessage): Step {
  const step = header(request, 'x-step') as Step;
  return isRetry(request) && (step === '429' || step === '500') ? 'ok' : step;
}

function isRetry(request: IncomingMessage): boolean {
  return Number(header(request, 'x-stainless-retry-count')) > 0;
}

function answerTo(request: IncomingMessage, body: Record<string, unknown>, bytes: number): Answer {
  const input = bytes >> 1;
  // Cached tokens are cheap, and who sees only a part of an answer has to take them for dear ones.
  const cached = header(request, 'x-broken') === '' && whole++ % 3 === 0 ? input >> 2 : 0;
  const output = Math.max(1, Math.floor(Number(body.max_tokens) * Number(header(request, 'x-share'))));
  return {
    id: `answer-${process.pid}-${billed.length}`,
    model: String(body.model),
    uncachedTokens: input - cached,
    cachedTokens: cached,
    outputTokens: output,
    text: textOf(output),
  };
}

/** Words of three bytes a token, so about six events a stream. */
function textOf(tokens: number): string {
  const perWord = Math.max(1, Math.ceil(tokens / 6));
  const words: string[] = [];
  for (let left = tokens; left > 0; left -= perWord) words.push(`${'x'.repeat(3 * Math.min(left, perWord) - 1)} `);
  return words.join('');
}

function bill(request: IncomingMessage, answer: Answer, waitedMs: number): void {
  const price = PRICES[answer.model]!;
  const input = BigInt(answer.uncachedTokens) * price.input + BigInt(answer.cachedTokens) * price.cachedRead;
  const nanoUsd = input + BigInt(answer.outputTokens) * price.output;
  total += nanoUsd;
  billed.push({
    id: answer.id,
    client: header(request, 'x-client'),
    team: header(request, 'x-team'),
    model: answer.model,
    mayBreak: header(request, 'x-broken') !== '',
    nanoUsd: nanoUsd.toString(),
    at: Date.now(),
    ...(!isRetry(request) && { waitedMs }),
  });
}

async function reply(
  response: ServerResponse,
  answer: Answer,
  body: Record<string, unknown>,
  step: Step,
): Promise<void> {
  const isAnthropic = PRICES[answer.model]!.provider === 'anthropic';
  if (body.stream === true) {
    const asked = (body.stream_options as { include_usage?: boolean } | undefined)?.include_usage === true;
    return stream(response, [...(isAnthropic ? anthropicEvents(answer) : openaiEvents(answer, asked))], step);
  }
  const json = JSON.stringify(isAnthropic ? anthropicJson(answer) : openaiJson(answer));
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': json.length });
  if (step !== 'cut') return void response.end(json);
  response.write(json.slice(0, json.length >> 1));
  await sleep(5);
  response.destroy();
}

async function stream(response: ServerResponse, events: readonly string[], step: Step): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const [index, event] of events.entries()) {
    if (response.destroyed) return;
    response.write(event);
    await sleep(2);
    if (step === 'cut' && index === events.length >> 1) return void response.destroy();
  }
  response.end();
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after-ms': '5' });
  response.end(JSON.stringify({ type: 'error', error: { type: `test_${status}`, message: `refused with ${status}` } }));
}

function sendJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function header({ headers }: IncomingMessage, name: string): string {
  return headers[name]?.toString() ?? '';
}

async function read(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
