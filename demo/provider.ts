/**
 * A stand-in for two providers on loopback. It speaks the wire formats of OpenAI chat completions and Anthropic
 * messages, JSON and streams, and keeps its own true count of what it would bill to each API key, from a price list of
 * its own: it judges the ledger, so it shares no code with it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, anthropicEvents, anthropicJson, openaiEvents, openaiJson } from './provider-answers.ts';

/** Nano-USD per token. */
const PRICES: Record<string, { input: bigint; cachedRead: bigint; output: bigint }> = {
  'gpt-4.1': { input: 2000n, cachedRead: 500n, output: 8000n },
  'gpt-4.1-mini': { input: 400n, cachedRead: 100n, output: 1600n },
  'claude-haiku-4-5': { input: 1000n, cachedRead: 100n, output: 5000n },
};

/** A customer of the provider: whoever has its key. */
export interface Account {
  name: string;
  key: string;
  /** About how long an answer takes. */
  latencyMs: number;
}

export interface Bill {
  calls: number;
  nanoUsd: bigint;
}

export interface Provider {
  url: string;
  /** What each account was billed so far, by its name. */
  bills(): ReadonlyMap<string, Bill>;
  stop(): Promise<void>;
}

/** Where to listen; a free port of loopback unless told. */
export interface Address {
  host?: string;
  port?: number;
}

export async function startProvider(
  accounts: readonly Account[],
  { host = '127.0.0.1', port = 0 }: Address = {},
): Promise<Provider> {
  const bills = new Map(accounts.map(({ name }) => [name, { calls: 0, nanoUsd: 0n }]));
  const server = createServer((request, response) => {
    answer(request, response, accounts, bills).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendError(response, 400, 'invalid_request_error', String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    bills: () => new Map([...bills].map(([name, bill]) => [name, { ...bill }])),
    stop: () => stop(server),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  accounts: readonly Account[],
  bills: Map<string, Bill>,
): Promise<void> {
  const body = JSON.parse(await text(request)) as Record<string, unknown>;
  const account = accounts.find(({ key }) => key === keyOf(request));
  if (!account) return sendError(response, 401, 'authentication_error', 'no account has this key');
  const model = String(body.model);
  if (!PRICES[model]) return sendError(response, 404, 'not_found_error', `there is no model ${model}`);
  await sleep(account.latencyMs * (0.5 + Math.random()));
  const made = makeAnswer(model, body);
  // Billed when the answer is made, as a provider does: whether the caller still listens does not matter.
  const bill = bills.get(account.name)!;
  bill.calls += 1;
  bill.nanoUsd += priceOf(made);
  const isAnthropic = new URL(request.url ?? '/', 'http://provider').pathname.endsWith('/messages');
  if (body.stream !== true) return sendJson(response, 200, isAnthropic ? anthropicJson(made) : openaiJson(made));
  await stream(response, isAnthropic ? anthropicEvents(made) : openaiEvents(made, includesUsage(body)));
}

/** `Authorization: Bearer …` as OpenAI has it, `x-api-key` as Anthropic does. */
function keyOf({ headers }: IncomingMessage): string | undefined {
  return headers['x-api-key']?.toString() ?? headers.authorization?.replace(/^Bearer /, '');
}

function includesUsage(body: Record<string, unknown>): boolean {
  return (body.stream_options as { include_usage?: boolean } | undefined)?.include_usage === true;
}

function priceOf({ model, uncachedTokens, cachedTokens, outputTokens }: Answer): bigint {
  const price = PRICES[model]!;
  const input = BigInt(uncachedTokens) * price.input + BigInt(cachedTokens) * price.cachedRead;
  return input + BigInt(outputTokens) * price.output;
}

/** Input as four bytes a token, half of it from the cache every third time; output anywhere up to what was allowed. */
function makeAnswer(model: string, body: Record<string, unknown>): Answer {
  const inputTokens = Math.max(8, Math.floor(JSON.stringify(body.messages ?? '').length / 4));
  const allowed = Number(body.max_completion_tokens ?? body.max_tokens ?? 256);
  const outputTokens = Math.max(1, Math.floor(allowed * (0.35 + Math.random() * 0.6)));
  const cachedTokens = Math.random() < 1 / 3 ? Math.floor(inputTokens / 2) : 0;
  return {
    id: `standin-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`,
    model,
    uncachedTokens: inputTokens - cachedTokens,
    cachedTokens,
    outputTokens,
    text: 'The fuse holds because it decides before the call.',
  };
}

async function stream(response: ServerResponse, events: Iterable<string>): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of events) {
    response.write(event);
    await sleep(2);
  }
  response.end();
}

function sendError(response: ServerResponse, status: number, type: string, message: string): void {
  sendJson(response, status, { type: 'error', error: { type, message } });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function text(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
