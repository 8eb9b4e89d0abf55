/**
 * A stand-in for two providers on loopback. It speaks the wire formats of OpenAI chat completions and Anthropic
 * messages, JSON and streams, and keeps its own true count of what it would bill, from a price list of its own: it
 * judges the ledger, so it shares no code with it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { anthropicEvents, anthropicJson, openaiEvents, openaiJson } from './provider-answers.ts';

/** Nano-USD per token. */
const PRICES: Record<string, { input: bigint; cachedRead: bigint; output: bigint }> = {
  'gpt-4.1': { input: 2000n, cachedRead: 500n, output: 8000n },
  'gpt-4.1-mini': { input: 400n, cachedRead: 100n, output: 1600n },
  'claude-haiku-4-5': { input: 1000n, cachedRead: 100n, output: 5000n },
};

export interface Answer {
  id: string;
  model: string;
  uncachedTokens: number;
  cachedTokens: number;
  outputTokens: number;
  text: string;
}

export interface Provider {
  url: string;
  /** What was billed so far. */
  billed(): { calls: number; nanoUsd: bigint };
  stop(): Promise<void>;
}

export async function startProvider(options: { latencyMs: number }): Promise<Provider> {
  let calls = 0;
  let nanoUsd = 0n;

  function bill(answer: Answer): void {
    const price = PRICES[answer.model];
    if (!price) throw new Error(`the stand-in provider has no price for ${answer.model}`);
    calls += 1;
    nanoUsd +=
      BigInt(answer.uncachedTokens) * price.input +
      BigInt(answer.cachedTokens) * price.cachedRead +
      BigInt(answer.outputTokens) * price.output;
  }

  const server = createServer((request, response) => {
    answer(request, response, options.latencyMs, bill).catch((error: unknown) => {
      if (!response.headersSent) sendJson(response, 500, { error: { message: String(error) } });
      else response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    billed: () => ({ calls, nanoUsd }),
    stop: () => stop(server),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  latencyMs: number,
  bill: (answer: Answer) => void,
): Promise<void> {
  const body = JSON.parse(await text(request)) as Record<string, unknown>;
  const model = String(body.model);
  if (!PRICES[model])
    return sendJson(response, 404, { error: { type: 'not_found_error', message: `no model ${model}` } });
  await new Promise((resolve) => setTimeout(resolve, latencyMs * (0.5 + Math.random())));
  const made = makeAnswer(model, body);
  const anthropic = request.url?.split('?')[0]?.endsWith('/messages') ?? false;
  // Billed when the answer is made, as a provider does: whether the caller still listens does not matter.
  bill(made);
  if (body.stream !== true) return sendJson(response, 200, anthropic ? anthropicJson(made) : openaiJson(made));
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const includeUsage = (body.stream_options as { include_usage?: boolean } | undefined)?.include_usage === true;
  for (const chunk of anthropic ? anthropicEvents(made) : openaiEvents(made, includeUsage)) {
    response.write(chunk);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  response.end();
}

/** Input as four bytes a token, half of it from the cache every third time; output anywhere up to what was allowed. */
function makeAnswer(model: string, body: Record<string, unknown>): Answer {
  const inputTokens = Math.max(8, Math.floor(JSON.stringify(body.messages ?? '').length / 4));
  const allowed = Number(body.max_completion_tokens ?? body.max_tokens ?? 256);
  const outputTokens = Math.max(1, Math.floor(allowed * (0.35 + Math.random() * 0.6)));
  const cachedTokens = Math.random() < 1 / 3 ? Math.floor(inputTokens / 2) : 0;
  const words = ['The', 'fuse', 'holds', 'because', 'it', 'decides', 'before', 'the', 'call.'];
  return {
    id: `standin-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`,
    model,
    uncachedTokens: inputTokens - cachedTokens,
    cachedTokens,
    outputTokens,
    text: words.join(' '),
  };
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
