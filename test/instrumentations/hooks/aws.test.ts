/** Bedrock's clients where something stands in the way: a bundle, a signature, another family, retries of somebody's own. */
import { describe, expect, test } from 'vitest';
import { REGISTER } from '../../support/run-app.ts';
import { app, contended, downgrade, IMPORT, useStage } from '../../support/stage.ts';
import { deny } from '../../support/stub-server.ts';

const stage = useStage();
/** What the SDKs only ask for in other places than Node. */
const external = ['aws-crt', '@aws-sdk/signature-v4-crt'];

interface Told {
  result?: Record<string, unknown>;
  error?: Record<string, unknown>;
}

async function run(WAY: string, env: Record<string, string> = {}, bundled = false) {
  const entry = bundled ? await stage.bundle('bedrock-call.mjs', { external }) : app('bedrock-call.mjs');
  const ran = await stage.run([...IMPORT, entry], { WAY, ...env });
  return { ...(ran.json as Told), stderr: ran.stderr };
}

describe('AWS’s client', () => {
  test.each(['converse', 'invoke', 'insist'])('denied (%s): one question, nothing sent, our own error', async (way) => {
    stage.stub.decide = deny;
    const { error } = await run(way);
    expect(error).toMatchObject({ class: 'BudgetExceededError', status: 402, budget: 'support-production' });
    expect(stage.stub.reservations).toHaveLength(1);
    expect(stage.provider.seen).toEqual([]);
  });

  test('loaded before us by require is caught all the same', async () => {
    const ran = await stage.run([app('bedrock-late.cjs')], { FIRST: REGISTER });
    expect(ran.json).toHaveProperty('result');
    expect(stage.stub.settlements.map(({ end, measured }) => [end, measured])).toEqual([['settled', true]]);
    expect(ran.stderr).not.toMatch(/METERED/);
  });

  test('in a bundle is not caught, which is said', async () => {
    const { result, stderr } = await run('converse', {}, true);
    expect(result).toBeDefined();
    expect(stage.stub.reservations).toEqual([]);
    expect(stderr).toMatch(/spendfuse: a bedrock-converse request .* NEITHER METERED NOR CAPPED/);
  });

  test('in a bundle whose requests end in fetch is metered, and denied without a retry', async () => {
    const { result } = await run('fetch', {}, true);
    expect(result).toBeDefined();
    expect(stage.stub.settlements.map(({ end, measured }) => [end, measured])).toEqual([['settled', true]]);
    for (const decide of [deny, () => contended(1)]) {
      stage.stub.decide = decide;
      stage.stub.reservations.length = 0;
      const { error } = await run('fetch', {}, true);
      expect(error?.message).toMatch(/the month is spent/);
      expect(stage.stub.reservations).toHaveLength(1);
    }
    expect(stage.provider.seen).toHaveLength(1);
  });
});

describe('a downgrade', () => {
  const cheaper = (model: string) => downgrade({ model, max_output_tokens: 20 });

  test('of a signed request is signed anew where we come before the signature', async () => {
    stage.stub.decide = cheaper('anthropic.claude-opus-4-7');
    const { result } = await run('invoke');
    expect(result).toBeDefined();
    const [sent] = stage.provider.seen;
    expect(sent?.path).toBe('/model/anthropic.claude-opus-4-7/invoke');
    expect(sent?.body.max_tokens).toBe(20);
    expect(Number(sent?.headers['content-length'])).toBe(JSON.stringify(sent?.body).length);
    expect(sent?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256/);
    expect(stage.stub.settlements.map(({ model }) => model)).toEqual(['anthropic.claude-opus-4-7']);
  });

  test.each([
    { what: 'to a family with other words', way: 'invoke', model: 'amazon.nova-micro-v1:0', bundled: false },
    { what: 'of a request that is signed already', way: 'fetch', model: 'amazon.nova-micro-v1:0', bundled: true },
    { what: 'of a signed one of Anthropic’s SDK', way: 'anthropic', model: 'anthropic.claude-opus-4-7', bundled: true },
  ])('$what is a denial that says so, and gives back its hold', async ({ way, model, bundled }) => {
    stage.stub.decide = cheaper(model);
    const { error } = await run(way, {}, bundled);
    expect(error?.message).toMatch(new RegExp(`The budget allows it as ${model} only`));
    if (!bundled) expect(error).toMatchObject({ class: 'BudgetExceededError', action: 'downgrade', status: 402 });
    expect(stage.provider.seen).toEqual([]);
    expect(stage.stub.reservations).toHaveLength(1);
    expect(stage.stub.settlements.map(({ end }) => end)).toEqual(['released']);
  });
});
