import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { expect, it, onTestFinished } from 'vitest';
import { startProvider } from '../../demo/provider.ts';

async function provider() {
  const accounts = ['one', 'two'].map((name) => ({ name, key: `key-${name}`, latencyMs: 1 }));
  const started = await startProvider(accounts);
  onTestFinished(() => started.stop());
  return started;
}

const openai = (url: string, apiKey = 'key-one') => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
const anthropic = (url: string, apiKey = 'key-one') => new Anthropic({ baseURL: url, apiKey, maxRetries: 0 });
const messages = [{ role: 'user' as const, content: 'Why does the fuse hold?' }];

/** USD per million tokens, as nano-USD per token. */
const cost = (input: number, cached: number, output: number, tokens: { fresh: number; cached: number; out: number }) =>
  BigInt(tokens.fresh * input + tokens.cached * cached + tokens.out * output);

it('bills an OpenAI answer at what its usage says', async () => {
  const { url, bills } = await provider();
  const answer = await openai(url).chat.completions.create({ model: 'gpt-4.1', max_completion_tokens: 99, messages });
  expect(answer.choices[0]?.message.content).toContain('fuse');
  const usage = answer.usage!;
  const cached = usage.prompt_tokens_details!.cached_tokens!;
  const tokens = { fresh: usage.prompt_tokens - cached, cached, out: usage.completion_tokens };
  expect(usage.completion_tokens).toBeLessThanOrEqual(99);
  expect(bills().get('one')).toEqual({ calls: 1, nanoUsd: cost(2000, 500, 8000, tokens) });
});

it('bills an OpenAI stream the same, and tells its usage only to those who ask', async () => {
  const { url, bills } = await provider();
  const read = async (options: object) => {
    const body = { model: 'gpt-4.1-mini', max_tokens: 50, messages, stream: true as const, ...options };
    const usages: OpenAI.CompletionUsage[] = [];
    for await (const { usage } of await openai(url).chat.completions.create(body)) if (usage) usages.push(usage);
    return usages;
  };
  const [usage] = await read({ stream_options: { include_usage: true } });
  const cached = usage!.prompt_tokens_details!.cached_tokens!;
  const tokens = { fresh: usage!.prompt_tokens - cached, cached, out: usage!.completion_tokens };
  expect(bills().get('one')).toEqual({ calls: 1, nanoUsd: cost(400, 100, 1600, tokens) });
  expect(await read({})).toEqual([]);
  expect(bills().get('one')!.calls).toBe(2);
});

it('bills an Anthropic message and its stream at what their usage says', async () => {
  const { url, bills } = await provider();
  const body = { model: 'claude-haiku-4-5', max_tokens: 80, messages };
  const answers = [
    await anthropic(url).messages.create(body),
    await anthropic(url).messages.stream(body).finalMessage(),
  ];
  const nanoUsd = answers.reduce((sum, { usage }) => {
    const tokens = { fresh: usage.input_tokens, cached: usage.cache_read_input_tokens!, out: usage.output_tokens };
    return sum + cost(1000, 100, 5000, tokens);
  }, 0n);
  expect(answers.map(({ content }) => content[0])).toEqual(
    answers.map(() => expect.objectContaining({ type: 'text' })),
  );
  expect(bills().get('one')).toEqual({ calls: 2, nanoUsd });
});

it('bills each key to its own account', async () => {
  const { url, bills } = await provider();
  await anthropic(url, 'key-two').messages.create({ model: 'claude-haiku-4-5', max_tokens: 9, messages });
  await openai(url).chat.completions.create({ model: 'gpt-4.1', messages });
  expect([...bills()].map(([name, { calls }]) => [name, calls])).toEqual([
    ['one', 1],
    ['two', 1],
  ]);
});

it('refuses what a provider refuses, and bills nothing for it', async () => {
  const { url, bills } = await provider();
  const ask = (client: OpenAI, model: string) => client.chat.completions.create({ model, messages });
  await expect(ask(openai(url, 'key-of-nobody'), 'gpt-4.1')).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  await expect(ask(openai(url), 'gpt-0')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  const broken = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body: '{' });
  expect(broken.status).toBe(400);
  expect([...bills().values()]).toEqual([
    { calls: 0, nanoUsd: 0n },
    { calls: 0, nanoUsd: 0n },
  ]);
});
