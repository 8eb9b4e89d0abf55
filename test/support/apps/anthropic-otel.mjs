/** Anthropic's SDK (the package that `PACKAGE` names) makes spans of its own where there is a tracer provider: prints all that end. */
import { createRequire } from 'node:module';
import { trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { flush } from '../../../src/index.ts';

const exporter = new InMemorySpanExporter();
new NodeSDK({ spanProcessors: [new SimpleSpanProcessor({ exporter })], instrumentations: [] }).start();
const { Anthropic } = createRequire(import.meta.url)(process.env.PACKAGE);
const client = new Anthropic({ apiKey: 'k', baseURL: process.env.PROVIDER });
const body = { model: 'claude-haiku-4-5', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] };
const step = (name) => ({ headers: { 'x-step': name } });

const seen = await trace.getTracer('app').startActiveSpan('request', async (span) => {
  const { id } = await client.messages.create(body);
  const again = await client.messages.create(body, step('429'));
  const { usage } = await client.messages.stream(body).finalMessage();
  for await (const _ of await client.messages.create({ ...body, stream: true }, step('slow'))) break;
  await client.beta.messages.create(body);
  await client.messages.countTokens({ model: body.model, messages: body.messages });
  span.end();
  return { id, again: again.id, output: usage.output_tokens };
});
await flush();
const spans = exporter.getFinishedSpans().map((span) => ({
  name: span.name,
  scope: span.instrumentationScope.name,
  id: span.spanContext().spanId,
  trace: span.spanContext().traceId,
  parent: span.parentSpanContext?.spanId,
  attempts: span.attributes['spendfuse.attempts'],
}));
console.log(JSON.stringify({ ...seen, spans }));
