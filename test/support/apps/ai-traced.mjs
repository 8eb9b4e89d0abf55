/** The AI SDK with its own tracing on, under an application's span: prints what the application and its exporter saw. */

import { trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { flush } from '../../../src/index.ts';

const { AI, OPENAI, OTEL, PROVIDER } = process.env;
const { embedMany, generateText, stepCountIs, streamText, tool, jsonSchema, registerTelemetry } = await import(AI);
const { createOpenAI } = await import(OPENAI);

const exporter = new InMemorySpanExporter();
new NodeSDK({ spanProcessors: [new SimpleSpanProcessor({ exporter })], instrumentations: [] }).start();
// From 7 on it traces through integrations, before that by itself.
if (OTEL) registerTelemetry(new (await import(OTEL)).OpenTelemetry());
const traced = { experimental_telemetry: { isEnabled: true, functionId: 'answer' } };

const openai = createOpenAI({ apiKey: 'k', baseURL: `${PROVIDER}/v1` });
const ask = { model: openai.chat('gpt-4.1'), prompt: 'hi', ...traced };
const step = (name) => ({ headers: { 'x-step': name, 'x-step-once': crypto.randomUUID() } });
const weather = tool({
  inputSchema: jsonSchema({ type: 'object' }),
  // A request of the tool's own, in the middle of the step.
  execute: async () => (await generateText({ ...ask, model: openai('gpt-4.1-mini') })).text,
});

const seen = await trace.getTracer('app').startActiveSpan('request', async (span) => {
  const texts = [
    (await generateText(ask)).text,
    await streamText(ask).text,
    (await generateText({ ...ask, ...step('429') })).text,
    (await generateText({ ...ask, tools: { weather }, stopWhen: stepCountIs(2) })).text,
    await streamText({ ...ask, tools: { weather }, stopWhen: stepCountIs(2) }).text,
  ];
  const { embeddings } = await embedMany({ ...traced, model: openai.embedding('e'), values: ['a', 'b'] });
  span.end();
  return { texts, embeddings };
});
await flush();
const spans = exporter.getFinishedSpans().map((span) => ({
  name: span.name,
  scope: span.instrumentationScope.name,
  id: span.spanContext().spanId,
  trace: span.spanContext().traceId,
  parent: span.parentSpanContext?.spanId,
  attributes: span.attributes,
}));
console.log(JSON.stringify({ ...seen, spans }));
