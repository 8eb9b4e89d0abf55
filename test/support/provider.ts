/**
 * A provider on loopback that speaks the wire formats of OpenAI, Anthropic, Google and others and counts truly what it would
 * bill. It shares no code with what it judges. What it does next is scripted: one step for each request, `ok` when the script is empty.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { anthropicAnswer } from './anthropic-provider.ts';
import { Arrivals } from './arrivals.ts';
import { bedrockAnswer } from './bedrock-provider.ts';
import { createBothServer } from './both-http.ts';
import { googleAnswer } from './google-provider.ts';
import { MISTRAL_AGENTS_MODEL, mistralAnswer } from './mistral-provider.ts';
import { mediaAnswer, readForm } from './openai-media-provider.ts';
import { openaiResponse, responseEvents } from './openai-responses-provider.ts';
import { cohereEvents, cohereJson, isCohere, isOllama, ollamaJson, ollamaLines } from './provider-cohere-ollama.ts';
import { CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS, WORDS } from './provider-counts.ts';
import { vercelAnswer } from './vercel-provider.ts';

export { CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS, WORDS };

/**
 * - `ok`: answers
 * - `400`, `429`, `500`: fails before output
 * - `cut`: a stream whose connection breaks in the middle; JSON that breaks before its end
 * - `hang`: takes the request and never answers
 * - `slow`: a stream that stops after its third event and waits for the caller to go away
 */
export type Step = 'ok' | '400' | '429' | '500' | 'cut' | 'hang' | 'slow';

export interface Seen {
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: Record<string, unknown>;
  step: Step;
  /** Tokens that the provider bills for it. */
  input: number;
  output: number;
  /** The caller went away before the end. */
  gone: boolean;
}

export interface TestProvider {
  url: string;
  seen: Seen[];
  script(...steps: Step[]): void;
  stop(): Promise<void>;
}

const COUNTS = { words: WORDS, input: INPUT_TOKENS, output: OUTPUT_TOKENS };

export async function startProvider(): Promise<TestProvider> {
  const seen: Seen[] = [];
  const steps: Step[] = [];
  const arrivals = new Arrivals();
  const server = createBothServer((request, response) => {
    if (arrivals.answers(request.url, response)) return;
    answer(request, response, seen, steps)
      .catch(() => response.destroy())
      .finally(() => arrivals.note(request.headers['x-step-once']));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    script: (...next) => void steps.push(...next),
    stop: () => stop(server),
  };
}

export function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

export async function readBody(request: IncomingMessage): Promise<string> {
  return (await readBytes(request)).toString('utf8');
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function answer(request: IncomingMessage, response: ServerResponse, all: Seen[], steps: Step[]): Promise<void> {
  const bytes = await readBytes(request);
  const type = request.headers['content-type'] ?? '';
  const isForm = type.startsWith('multipart/form-data');
  const body = isForm ? await readForm(bytes, type) : (JSON.parse(bytes.toString() || '{}') as Record<string, unknown>);
  // A script may also come with the request, so that children need no way back to it. It is meant for the first attempt.
  const asked = request.headers['x-step'] as Step | undefined;
  const id = request.headers['x-step-once'];
  const again = id !== undefined && all.some(({ headers }) => headers['x-step-once'] === id);
  const retried = again || Number(request.headers['x-stainless-retry-count'] ?? 0) > 0;
  const step = (retried ? undefined : asked) ?? steps.shift() ?? 'ok';
  const path = new URL(request.url ?? '/', 'http://provider').pathname;
  const one: Seen = { path, headers: request.headers, body, step, input: 0, output: 0, gone: false };
  all.push(one);
  response.on('close', () => {
    one.gone = !(response.writableFinished ?? response.writableEnded); // HTTP/2 has the latter alone.
  });
  if (step === '400' || step === '429' || step === '500') return fail(response, Number(step));
  one.input = INPUT_TOKENS;
  one.output = OUTPUT_TOKENS;
  if (step === 'hang') return;
  const own =
    googleAnswer(request.url ?? '/', body) ??
    anthropicAnswer(path, body, request.headers.host) ??
    vercelAnswer(path, body) ??
    mistralAnswer(path, body) ??
    mediaAnswer(path, body);
  const bedrock = bedrockAnswer(path, body);
  if (bedrock?.pieces) return stream(response, bedrock.pieces, step, bedrock.type, bedrock.headers);
  if (own?.pieces) return stream(response, own.pieces, step, own.type);
  if (body.stream === true) return stream(response, eventsFor(path, body), step, typeFor(path));
  const json = JSON.stringify(bedrock?.json ?? (own ? own.json : jsonFor(path, body)));
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': json.length,
    'x-request-id': 'req_1',
    'request-id': 'req_1',
    ...bedrock?.headers,
  });
  if (step !== 'cut') return void response.end(json);
  response.write(json.slice(0, 40));
  setTimeout(() => response.destroy(), 5);
}

function fail(response: ServerResponse, status: number): void {
  const error = {
    type: 'error',
    message: `refused with ${status}`,
    error: { type: `test_${status}`, message: `refused with ${status}`, code: null },
  };
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after-ms': '1' });
  response.end(JSON.stringify(error));
}

async function stream(
  response: ServerResponse,
  events: readonly (string | Uint8Array)[],
  step: Step,
  type = 'text/event-stream',
  headers: Record<string, string> = {},
): Promise<void> {
  response.writeHead(200, { 'content-type': type, 'x-request-id': 'req_1', 'request-id': 'req_1', ...headers });
  for (const [index, event] of events.entries()) {
    if (response.destroyed) return;
    // Events in two pieces, so that a reader that takes chunks for events fails.
    response.write(event.slice(0, 25));
    await new Promise((resolve) => setImmediate(resolve));
    response.write(event.slice(25));
    await new Promise((resolve) => setImmediate(resolve));
    if (index === 3 && step === 'cut') return void setTimeout(() => response.destroy(), 5);
    if (index === 3 && step === 'slow') return;
  }
  response.end();
}

function typeFor(path: string): string {
  if (isOllama(path)) return 'application/x-ndjson';
  return path.endsWith('/v1/chat') ? 'application/stream+json' : 'text/event-stream';
}

function jsonFor(path: string, body: Record<string, unknown>): unknown {
  if (isCohere(path)) return cohereJson(path, COUNTS);
  if (isOllama(path)) return ollamaJson(path, body, COUNTS);
  if (path.endsWith('/embeddings')) return embeddings(body);
  if (path.endsWith('/responses')) return openaiResponse(body, 'completed');
  return chat(served(path, body));
}

function eventsFor(path: string, body: Record<string, unknown>): string[] {
  if (isCohere(path)) return cohereEvents(path, COUNTS);
  if (isOllama(path)) return ollamaLines(path, body, COUNTS);
  if (path.endsWith('/responses')) return responseEvents(body);
  return chatEvents(served(path, body));
}

/** An agent has its model at Mistral. */
function served(path: string, body: Record<string, unknown>): Record<string, unknown> {
  return path.endsWith('/agents/completions') ? { ...body, model: MISTRAL_AGENTS_MODEL } : body;
}

const OPENAI_USAGE = {
  prompt_tokens: INPUT_TOKENS,
  completion_tokens: OUTPUT_TOKENS,
  total_tokens: INPUT_TOKENS + OUTPUT_TOKENS,
  prompt_tokens_details: { cached_tokens: CACHED_TOKENS, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 4, audio_tokens: 0 },
};

/** Calls the first tool that it was offered, until it sees a tool's answer. */
function toolCalls(body: Record<string, unknown>): unknown[] | undefined {
  const tools = body.tools as { function: { name: string } }[] | undefined;
  const messages = (body.messages ?? []) as { role: string }[];
  if (!tools?.length || messages.some(({ role }) => role === 'tool')) return undefined;
  return [
    {
      index: 0,
      id: 'call_1',
      type: 'function',
      function: { name: tools[0]?.function.name, arguments: '{"city":"Bonn"}' },
    },
  ];
}

function content(body: Record<string, unknown>): string {
  return body.response_format === undefined ? WORDS.join(' ') : '{"answer":42}';
}

function chat(body: Record<string, unknown>): unknown {
  const calls = toolCalls(body);
  const message = calls
    ? { role: 'assistant', content: null, tool_calls: calls }
    : { role: 'assistant', content: content(body), refusal: null };
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_790_000_000,
    model: body.model,
    choices: [{ index: 0, finish_reason: calls ? 'tool_calls' : 'stop', logprobs: null, message }],
    usage: OPENAI_USAGE,
    service_tier: 'default',
  };
}

function isMistral(model: unknown): boolean {
  return typeof model === 'string' && /^(?:mistral|codestral)/.test(model);
}

function chatEvents(body: Record<string, unknown>): string[] {
  const options = body.stream_options as { include_usage?: boolean } | undefined;
  const usage = options?.include_usage === true;
  const chunk = (choices: unknown[], own: unknown = null): string =>
    `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_790_000_000, model: body.model, choices, ...(usage && { usage: own }) })}\n\n`;
  const calls = toolCalls(body);
  const deltas = calls ? [{ tool_calls: calls }] : WORDS.map((word) => ({ content: `${word} ` }));
  const events = deltas.map((said, index) =>
    chunk([{ index: 0, delta: { ...(index === 0 && { role: 'assistant' }), ...said }, finish_reason: null }]),
  );
  events.push(chunk([{ index: 0, delta: {}, finish_reason: calls ? 'tool_calls' : 'stop' }]));
  if (usage) events.push(chunk([], OPENAI_USAGE));
  if (isMistral(body.model)) events[events.length - 1] = withUsage(events.at(-1) as string);
  return [...events, 'data: [DONE]\n\n'];
}

/** Mistral's last chunk has the usage, and the others have not even a null. */
function withUsage(event: string): string {
  return `data: ${JSON.stringify({ ...JSON.parse(event.slice(6)), usage: OPENAI_USAGE })}\n\n`;
}

function embeddings(body: Record<string, unknown>): unknown {
  const embedding =
    body.encoding_format === 'base64' ? Buffer.from(new Float32Array([1, 2]).buffer).toString('base64') : [1, 2];
  return {
    object: 'list',
    model: body.model,
    data: [body.input].flat().map((_, index) => ({ object: 'embedding', index, embedding })),
    usage: { prompt_tokens: INPUT_TOKENS, total_tokens: INPUT_TOKENS },
  };
}
