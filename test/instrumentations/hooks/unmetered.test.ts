/** What may be billed and no format knows is said once, loudly; what costs nothing, and what is nobody's, is not. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { app, IMPORT, useStage } from '../../support/stage.ts';

const stage = useStage();
const BY_NAME = ['--import', app('all-here.mjs'), ...IMPORT];

async function warningsOf(WAY: string): Promise<string[]> {
  const { code, stdout, stderr } = await stage.run([...BY_NAME, app('unmetered.mjs')], { WAY });
  expect({ code, stdout, stderr }).toMatchObject({ code: 0, stdout: 'answered\n' });
  expect(stderr).not.toMatch(/secret|Grüße|abc|veo/);
  return stderr.split('\n').filter((line) => line !== '');
}

describe('a POST of no format is said once, by the shape of its path', () => {
  test.each([
    ['the SDK’s videos', 'api.openai.com/v1/videos'],
    ['the SDK’s runs', 'api.openai.com/v1/threads/*/runs'],
    ['fetch, with a key in the query', 'generativelanguage.googleapis.com/v1beta/models/*:predictLongRunning'],
    ['fetch, by a method in lower case', 'api.cohere.com/v1/summarize'],
    ['node:http', 'bedrock-runtime.eu-west-1.amazonaws.com/guardrail/*/version/*/apply'],
    ['HTTP/2', 'europe-west4-aiplatform.googleapis.com/google.cloud.aiplatform.v1.PredictionService/GenerateContent'],
    ['the fetch of undici', 'api.mistral.ai/v1/fine_tuning/jobs'],
  ])('%s', async (way, where) => {
    expect(await warningsOf(way)).toEqual([
      `spendfuse: a POST to ${where} is of no format that spendfuse knows, so it is NEITHER METERED NOR CAPPED, and it may be billed; ` +
        'use an endpoint that is metered (instrumentations/README.md), or give it a key of its own with a limit at the provider',
    ]);
    expect(stage.stub.reservations).toEqual([]);
  });
});

describe('a WebSocket to a provider is said once for its host', () => {
  test.each([
    ['WebSocket', 'api.openai.com/v1/realtime'],
    [
      'ws',
      'generativelanguage.googleapis.com/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent',
    ],
  ])('%s', async (way, where) => {
    expect(await warningsOf(way)).toEqual([
      `spendfuse: a WebSocket to ${where} is not looked into, so whatever is asked over it is NEITHER METERED NOR CAPPED, and it may be billed; ` +
        'use HTTP where the endpoint is to be had so, or give it a key of its own with a limit at the provider',
    ]);
  });
});

describe('nothing is said of', () => {
  test.each(['the SDK, where nothing is billed', 'elsewhere', 'WebSocket, elsewhere'])('%s', async (way) => {
    expect(await warningsOf(way)).toEqual([]);
  });

  test('an attempt that its caller’s fetch sends elsewhere: it is held and settled', async () => {
    expect(await warningsOf('an attempt that its caller’s fetch sends elsewhere')).toEqual([]);
    expect(stage.stub.reservations).toHaveLength(2);
  });
});

test('hosts without number are told up to a bound, and the last one says so', async () => {
  const warnings = await warningsOf('many shapes');
  expect(warnings).toHaveLength(32);
  expect(warnings.filter((line) => line.endsWith('(further ones are not told)'))).toEqual([warnings[31]]);
});

describe('the ordinary life of an SDK, at its provider’s own name, is silent', () => {
  test.each([
    ['openai', 'openai', 'api.openai.com'],
    ['anthropic', '@anthropic-ai/sdk', 'api.anthropic.com'],
    ['mistral', '@mistralai/mistralai', 'api.mistral.ai'],
    ['cohere', 'cohere-ai', 'api.cohere.com'],
  ])('%s', async (name, PACKAGE, host) => {
    const cases = fileURLToPath(new URL(`../../sdks/apps/${name}.mjs`, import.meta.url));
    const { port } = new URL(stage.provider.url);
    const env = { PACKAGE, OTHERS: '{}', LOAD: 'import', PROVIDER: `http://${host}:${port}` };
    const { code, stderr } = await stage.run(['--expose-gc', ...BY_NAME, cases], env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stage.provider.seen.length).toBeGreaterThan(10);
  });
});
