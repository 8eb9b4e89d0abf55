/** Google's SDK under an OpenTelemetry SDK of the application's own: prints the spans. */
import { context, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';

const { GoogleGenAI } = await import(process.env.SDK);
const exporter = new InMemorySpanExporter();
const sdk = new NodeSDK({ spanProcessors: [new SimpleSpanProcessor({ exporter })], instrumentations: [] });
sdk.start();
const { models } = new GoogleGenAI({ apiKey: 'AIza-secret', httpOptions: { baseUrl: process.env.PROVIDER } });
const ask = { model: 'gemini-2.5-flash', contents: 'hi' };
const retryOptions = { attempts: 3, initialDelay: 0.001, maxDelay: 0.001, jitter: 0 };

await trace.getTracer('app').startActiveSpan('parent', async (parent) => {
  await models.generateContent(ask);
  for await (const _ of await models.generateContentStream(ask));
  const headers = { 'x-step': '429', 'x-step-once': String(process.pid) };
  await models.generateContent({ ...ask, config: { httpOptions: { headers, retryOptions } } });
  await models.generateContent({ ...ask, config: { httpOptions: { headers: { 'x-step': '400' } } } }).catch(() => {});
  if (trace.getSpan(context.active()) !== parent) throw new Error('the context was lost');
  parent.end();
});
const spans = exporter.getFinishedSpans().map((span) => ({
  name: span.name,
  parent: span.parentSpanContext?.spanId,
  id: span.spanContext().spanId,
  status: span.status.code,
  attributes: span.attributes,
}));
console.log(JSON.stringify(spans));
process.exit();
