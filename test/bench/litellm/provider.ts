/** OpenAI's chat completions on loopback, a process of its own, with a true count of what it bills. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { billOf } from './calls.ts';

export interface Count {
  calls: number;
  nanoUsd: string;
  /** Requests whose answer is not made yet. */
  pending: number;
}

const billed: { at: number; nanoUsd: bigint }[] = [];
let pending = 0;

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://provider');
  if (pathname === '/count') return send(response, countUntil(Number(searchParams.get('until') ?? Infinity)));
  serve(request, response).catch(() => response.destroy());
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));

/** `until`: epoch ms. */
function countUntil(until: number): Count {
  const seen = billed.filter(({ at }) => at <= until);
  return { calls: seen.length, nanoUsd: `${seen.reduce((sum, one) => sum + one.nanoUsd, 0n)}`, pending };
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  pending += 1;
  try {
    const body = JSON.parse(await read(request)) as Asked;
    const bill = billOf(promptIn(body), body.max_tokens);
    await sleep(bill.latencyMs);
    billed.push({ at: Date.now(), nanoUsd: bill.nanoUsd });
    send(response, answer(body.model, bill));
  } finally {
    pending -= 1;
  }
}

interface Asked {
  model: string;
  max_tokens: number;
  messages: { content: string | { text: string }[] }[];
}

/** A proxy may write a text as a list with one part. */
function promptIn({ messages }: Asked): string {
  const content = messages[0]?.content ?? '';
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('');
}

function answer(model: string, { input, output }: { input: number; output: number }): unknown {
  return {
    id: `chatcmpl-${billed.length}`,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model,
    choices: [{ index: 0, finish_reason: 'stop', logprobs: null, message: message(output) }],
    usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
  };
}

function message(words: number): unknown {
  return { role: 'assistant', content: 'fuse '.repeat(words).trim(), refusal: null };
}

function send(response: ServerResponse, body: unknown): void {
  const json = JSON.stringify(body);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) }).end(json);
}

async function read(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
