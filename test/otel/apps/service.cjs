/** The same in CommonJS, with an SDK that starts after the AI SDK has been required. */
const { context, trace } = require('@opentelemetry/api');
const { default: OpenAI } = require('openai');
const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace');
const { NodeSDK } = require('@opentelemetry/sdk-node');

const openai = new OpenAI({ apiKey: 'sk-secret', baseURL: `${process.env.PROVIDER}/v1` });
const chat = { model: 'gpt-4.1', messages: [{ role: 'user', content: 'hello' }], max_tokens: 100 };
const spans = new InMemorySpanExporter();

async function main() {
  new NodeSDK({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })], instrumentations: [] }).start();
  const { plainSpan } = await import('./plain.mjs');
  const parent = trace.getTracer('app').startSpan('request');
  await context.with(trace.setSpan(context.active(), parent), () => openai.chat.completions.create(chat));
  parent.end();
  process.stdout.write(`\n${JSON.stringify({ spans: spans.getFinishedSpans().map(plainSpan) })}\n`);
}

void main();
