/** Spans and metrics of calls that are alike, and of calls that are not. */
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { Histogram } from '@opentelemetry/sdk-metrics';
import { describe, expect, test } from 'vitest';
import { measure, recordWaiting, throwFailure } from '../../src/telemetry/measurements.ts';
import { CLIENT_METRIC } from '../../src/telemetry/names.ts';
import { CallRecorder } from '../../src/telemetry/recorder.ts';
import { isSdkSpanAround } from '../../src/telemetry/sdk-span.ts';
import { record } from './sdk.ts';

const usage = { inputTokens: 10, outputTokens: 5 };
const receipt = (usd: number) => ({ costNanoUsd: BigInt(usd * 1e9), status: 'exact' }) as never;

test('calls that are alike share a series; another model, place, error or serving model has its own', async () => {
  const model = 'shared';
  const { points } = await record({
    calls: [
      { start: { model }, attempts: [{ usage, responseModel: 'served-1' }] },
      { start: { model }, attempts: [{ usage, responseModel: 'served-1' }] },
      { start: { model }, attempts: [{ usage, responseModel: 'served-2' }] },
      { start: { model, serverAddress: 'other.example.com' }, attempts: [{ usage, responseModel: 'served-1' }] },
      { start: { model, operation: 'text_completion' }, attempts: [{ usage, responseModel: 'served-1' }] },
      { start: { model }, end: { errorType: '429' } },
    ],
  });
  const durations = points
    .filter(
      ({ metric, attributes }) =>
        metric === CLIENT_METRIC.operationDuration && attributes['gen_ai.request.model'] === model,
    )
    .map(({ attributes, value }) => [
      attributes['gen_ai.operation.name'],
      attributes['server.address'],
      attributes['gen_ai.response.model'],
      attributes['error.type'],
      (value as Histogram).count,
    ]);
  expect(durations).toEqual([
    ['chat', 'api.openai.com', 'served-1', undefined, 2],
    ['chat', 'api.openai.com', 'served-2', undefined, 1],
    ['chat', 'other.example.com', 'served-1', undefined, 1],
    ['text_completion', 'api.openai.com', 'served-1', undefined, 1],
    ['chat', 'api.openai.com', undefined, '429', 1],
  ]);
});

test('cost adds up over calls and meter providers, by team and not by customer', async () => {
  const model = 'priced';
  const call = (team: string, customer: string) => ({
    start: { model, attribution: { team, customer } },
    attempts: [{ usage, receipt: receipt(0.25), responseModel: 'served' }],
  });
  const costs = async (calls: ReturnType<typeof call>[]) =>
    (await record({ calls })).points
      .filter(({ metric, attributes }) => metric === CLIENT_METRIC.cost && attributes['gen_ai.request.model'] === model)
      .map(({ attributes, value }) => [attributes['spendfuse.team'], attributes['spendfuse.customer'], value]);
  expect(await costs([call('a', 'one'), call('a', 'two'), call('b', 'one')])).toEqual([
    ['a', undefined, 0.5],
    ['b', undefined, 0.25],
  ]);
  expect(await costs([call('a', 'three')])).toEqual([
    ['a', undefined, 0.75],
    ['b', undefined, 0.25],
  ]);
});

test('more kinds of calls than are remembered are told all the same, and lose no cost', async () => {
  const calls = Array.from({ length: 1200 }, (_, at) => ({
    start: { model: `many-${at % 600}` },
    attempts: [{ usage, receipt: receipt(0.5), responseModel: 'served' }],
  }));
  const { spans, points } = await record({ calls });
  expect(new Set(spans.map(({ name }) => name)).size).toBe(600);
  const costs = points.filter(
    ({ metric, attributes }) =>
      metric === CLIENT_METRIC.cost && String(attributes['gen_ai.request.model']).startsWith('many-'),
  );
  expect(costs.map(({ value }) => value)).toEqual(Array.from({ length: 600 }, () => 1));
});

test('the last attempt says how the call went, and each is counted', async () => {
  const { spans, points } = await record({
    calls: [
      {
        start: { model: 'retried' },
        attempts: [
          { usage, responseId: 'first' },
          { usage: { inputTokens: 11, outputTokens: 7 }, responseId: 'second', finishReasons: ['stop'] },
        ],
        end: { attempts: 2 },
      },
    ],
  });
  expect(spans[0]?.attributes).toMatchObject({
    'gen_ai.response.id': 'second',
    'gen_ai.response.finish_reasons': ['stop'],
    'gen_ai.usage.input_tokens': 11,
    'spendfuse.attempts': 2,
  });
  const tokens = points.filter(
    ({ metric, attributes }) => metric === CLIENT_METRIC.tokenUsage && attributes['gen_ai.request.model'] === 'retried',
  );
  expect(tokens.map(({ value }) => (value as Histogram).sum)).toEqual([21, 12]);
});

describe('of a request', () => {
  const prompt = 'the secret prompt';
  const bodies: { of: string; body: object; settings: Record<string, number> }[] = [
    {
      of: 'OpenAI',
      body: {
        messages: [{ content: prompt }],
        temperature: 0.2,
        top_p: 0.9,
        frequency_penalty: 1,
        presence_penalty: 2,
        seed: 7,
      },
      settings: { temperature: 0.2, top_p: 0.9, frequency_penalty: 1, presence_penalty: 2, seed: 7 },
    },
    { of: 'Anthropic', body: { system: prompt, temperature: 1, top_k: 40 }, settings: { temperature: 1, top_k: 40 } },
    { of: 'Cohere', body: { message: prompt, p: 0.75, k: 3 }, settings: { top_p: 0.75, top_k: 3 } },
    {
      of: 'Google',
      body: { contents: [prompt], generationConfig: { temperature: 0, topP: 0.5, stopSequences: [prompt] } },
      settings: { temperature: 0, top_p: 0.5 },
    },
    {
      of: 'Bedrock',
      body: { inferenceConfig: { temperature: 0.1, topP: 0.3 } },
      settings: { temperature: 0.1, top_p: 0.3 },
    },
    { of: 'Ollama', body: { prompt, options: { seed: 1, top_k: 2 } }, settings: { seed: 1, top_k: 2 } },
    { of: 'nobody', body: { temperature: prompt, top_p: null, options: prompt, constructor: 3 }, settings: {} },
  ];

  test.each(bodies)('of $of the settings are told, and nothing of its text', async ({ body, settings }) => {
    const { spans } = await record({ calls: [{ start: { body } }] });
    const { attributes } = spans[0]!;
    const expected = Object.entries(settings).map(([name, value]) => [`gen_ai.request.${name}`, value]);
    const told = Object.entries(attributes).filter(([name]) => name.startsWith('gen_ai.request.'));
    expect(Object.fromEntries(told)).toEqual({ 'gen_ai.request.model': 'gpt-4.1', ...Object.fromEntries(expected) });
    expect(JSON.stringify(attributes)).not.toContain('secret');
  });

  test('that streams, or asks for more answers than one, the span says so', async () => {
    const { spans } = await record({ calls: [{ start: { stream: true, choices: 3 } }, { start: { stream: false } }] });
    expect(spans[0]?.attributes).toMatchObject({ 'gen_ai.request.stream': true, 'gen_ai.request.choice.count': 3 });
    expect(spans[1]?.attributes).not.toHaveProperty(['gen_ai.request.stream']);
  });
});

test("usage that the AI SDK's own span tells is not told again, and nobody else's span counts as one", () => {
  const inside = (scope: string) => trace.setSpan(ROOT_CONTEXT, trace.getTracer(scope).startSpan('around'));
  const usageIn = (scope: string) => {
    const recorder = new CallRecorder(
      { operation: 'chat', provider: 'anthropic', model: 'claude', attribution: {} },
      inside(scope),
    );
    recorder.attempt({ usage, receipt: receipt(1) });
    const span = trace.getSpan(recorder.context) as unknown as { attributes: Record<string, unknown> };
    recorder.end({
      durationSeconds: 1,
      attempts: 1,
      errorType: undefined,
      endedMs: undefined,
      decision: undefined,
      budget: undefined,
    });
    return [span.attributes['gen_ai.usage.input_tokens'], span.attributes['spendfuse.cost']];
  };
  expect(isSdkSpanAround(inside('com.anthropic.sdk.typescript'))).toBe(true);
  expect(usageIn('com.anthropic.sdk.typescript')).toEqual([undefined, 1]);
  expect(usageIn('mistralai_sdk_tracer')).toEqual([undefined, 1]);
  expect(usageIn('app')).toEqual([10, 1]);
});

test('an instrument that throws is told of once the span has ended, and keeps no other from its measurement', async () => {
  const { points } = await record({ calls: [{ start: { model: 'kept' }, attempts: [{ usage }] }] });
  expect(points.filter(({ attributes }) => attributes['gen_ai.request.model'] === 'kept')).toHaveLength(3);
  const recorded: number[] = [];
  const broken = {
    record: () => {
      throw new Error('broken instrument');
    },
  };
  const sound = { record: (value: number) => void recorded.push(value) };
  measure(broken, 1, {}, ROOT_CONTEXT);
  measure(sound, 2, {}, ROOT_CONTEXT);
  recordWaiting();
  expect(recorded).toEqual([2]);
  expect(throwFailure).toThrow('broken instrument');
  expect(throwFailure).not.toThrow();
});
