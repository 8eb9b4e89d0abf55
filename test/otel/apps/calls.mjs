/** What the service does, by name; it prints what came of each, and what its SDK has seen. */
import { get } from 'node:http';
import Anthropic from '@anthropic-ai/sdk';
import { context, propagation, trace } from '@opentelemetry/api';
import OpenAI from 'openai';
import { BudgetExceededError, flush, withAttribution } from 'spendfuse';

const url = process.env.PROVIDER;
const openai = new OpenAI({ apiKey: 'sk-secret', baseURL: `${url}/v1`, maxRetries: 1 });
/** Made when first used, so that it finds the tracer provider that is there by then. */
const anthropic = () => new Anthropic({ apiKey: 'sk-ant-secret', baseURL: url, maxRetries: 1 });
const messages = [{ role: 'user', content: 'hello' }];
const chat = { model: 'gpt-4.1', messages, max_tokens: 100 };
const message = { model: 'claude-haiku-4-5', messages, max_tokens: 100 };
const step = (name) => ({ headers: { 'x-step': name } });

async function read(stream, most = Number.POSITIVE_INFINITY) {
  let events = 0;
  for await (const _ of stream) if (++events === most) break;
}

const CALLS = {
  json: () => openai.chat.completions.create(chat),
  stream: async () => read(await openai.chat.completions.create({ ...chat, stream: true })),
  broken: async () => read(await openai.chat.completions.create({ ...chat, stream: true }, step('slow')), 2),
  failed: () => openai.chat.completions.create(chat, step('400')),
  retried: () => openai.chat.completions.create(chat, step('429')),
  anthropic: () => anthropic().messages.create(message),
  'anthropic stream': async () => read(await anthropic().messages.create({ ...message, stream: true })),
  fetch: async () => {
    const headers = { 'content-type': 'application/json', authorization: 'Bearer sk-secret' };
    const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body: JSON.stringify(chat) });
    return response.json();
  },
  denied: () => CALLS.json(),
  'denied anthropic': () => CALLS.anthropic(),
  'own server': () =>
    new Promise((resolve, reject) => {
      const request = get(`${process.env.SPENDFUSE_ENDPOINT}/from-the-application`);
      request.on('response', (response) => response.resume().on('end', resolve)).on('error', reject);
    }),
  inside: () => trace.getTracer('app').startActiveSpan('request', (span) => CALLS.json().finally(() => span.end())),
  baggage: () => {
    const baggage = propagation.createBaggage({ 'spendfuse.customer': { value: 'c-1' }, tenant: { value: 't-1' } });
    return context.with(propagation.setBaggage(context.active(), baggage), CALLS.json);
  },
};

async function outcome(name) {
  try {
    await withAttribution({ team: 'support', workflow: name }, CALLS[name]);
    return 'ok';
  } catch (error) {
    return error instanceof BudgetExceededError ? `refused by ${error.budget}` : error.constructor.name;
  }
}

/** A span may end after its call, when the price had to be looked up. */
async function readUntil(spans) {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const telemetry = await globalThis.readTelemetry?.();
    if (!telemetry || telemetry.spans.length >= spans || Date.now() > deadline) return telemetry;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export async function runCalls() {
  const outcomes = {};
  for (const name of process.env.CALLS.split(',')) outcomes[name] = await outcome(name);
  const flushed = await flush();
  const registered = Object.keys(globalThis[Symbol.for('opentelemetry.js.api.1')] ?? {});
  const telemetry = await readUntil(Number(process.env.SPANS ?? 0));
  process.stdout.write(`\n${JSON.stringify({ outcomes, flushed, registered, ...telemetry })}\n`);
}
