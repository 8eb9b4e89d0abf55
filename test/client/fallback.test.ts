/** Fallbacks between the real SDKs of OpenAI and Anthropic: which calls are one, and what the server hears of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { withAttribution } from '../../src/client/attribution.ts';
import { contextsAround, Fallbacks } from '../../src/client/fallback.ts';
import { startProvider, type TestProvider } from '../support/provider.ts';
import { REGISTER, runApp } from '../support/run-app.ts';
import { allow, deny, type StubServer, startStub } from '../support/stub-server.ts';

const APP = fileURLToPath(new URL('../support/apps/fallback.mjs', import.meta.url));

let provider: TestProvider;
let stub: StubServer;
let folder: string;
beforeAll(async () => {
  provider = await startProvider();
});
beforeEach(async () => {
  stub = await startStub();
  stub.decide = (request) => (request.model === 'denied' ? deny() : allow(request));
  folder = mkdtempSync(join(tmpdir(), 'spendfuse-fallback-'));
  return async () => {
    await stub.stop();
    rmSync(folder, { recursive: true });
  };
});
afterAll(() => provider.stop());

/** What was settled: model, what it took the place of, why. */
async function play(story: string, env: Record<string, string> = {}) {
  const ran = await runApp({
    args: ['--import', REGISTER, APP],
    env: { PROVIDER: provider.url, SPENDFUSE_ENDPOINT: stub.url, SPENDFUSE_JOURNAL: folder, STORY: story, ...env },
  });
  expect(ran.code, ran.stderr).toBe(0);
  const paid = stub.settlements.filter(({ end }) => end === 'settled');
  const told = paid.map(({ model, attribution, evidence }) => {
    const { by, reason, provider: from, model: fromModel } = evidence?.fallback ?? {};
    const place = attribution.fallback;
    if (evidence?.fallback && place !== undefined) expect(place).toBe(`${from}/${fromModel}`);
    return place === undefined ? model : `${model} for ${place} by ${by}: ${reason}`;
  });
  return { told: told.sort(), json: ran.json, paid };
}

const FOR_GPT = 'claude-haiku-4-5 for openai/gpt-4.1 by application';

describe('a call to another model after one that failed', () => {
  test.each([
    ['plain', [`${FOR_GPT}: 500`]],
    ['provider', ['gpt-4.1-mini for openai/gpt-4.1 by application: 429']],
    ['denial', ['gpt-4.1 for openai/denied by application: exhausted']],
    ['timeout', [`${FOR_GPT}: timeout`]],
    ['own timeout', [`${FOR_GPT}: timeout`]],
    ['refused', [`${FOR_GPT}: ECONNREFUSED`]],
    ['chain', ['claude-haiku-4-5 for openai/gpt-4.1-mini by application: 429']],
    ['retry of the fallback', [`${FOR_GPT}: 500`]],
    ['retries in the SDK', [`${FOR_GPT}: 500`]],
    ['fetched', [`${FOR_GPT}: 429`]],
    ['cut stream', [expect.stringContaining(FOR_GPT), 'gpt-4.1']],
    ['scopes', [`${FOR_GPT}: 500`]],
    ['jobs', [`${FOR_GPT}: 500`, `${FOR_GPT}: 500`, `${FOR_GPT}: 500`]],
  ])('is a fallback (%s)', async (story, told) => {
    expect((await play(story)).told).toEqual(told);
  });

  test.each([
    ['is none on the same model', 'retry', ['gpt-4.1']],
    ['is none once a retry has succeeded', 'retried', ['claude-haiku-4-5', 'gpt-4.1']],
    ['is none where it asks for something else', 'kinds', ['gpt-4.1']],
    ['is none where the caller called the first one off', 'abort', ['claude-haiku-4-5']],
    ['is none where the caller left the first one’s stream', 'left stream', ['claude-haiku-4-5', 'gpt-4.1']],
    ['is none where it began before the failure', 'parallel', ['claude-haiku-4-5']],
  ])('%s', async (_, story, told) => {
    expect((await play(story)).told).toEqual(told);
  });

  test.each([
    ['requests that are served at the same time', 'requests', {}],
    ['traces', 'traces', { TRACED: '1' }],
  ])('is told apart by %s', async (_, story, env) => {
    const { told } = await play(story, env as Record<string, string>);
    expect(told).toEqual([`${FOR_GPT}: 500`, 'gpt-4.1-mini']);
  });

  test('names the attempt that failed', async () => {
    const { paid } = await play('denial');
    const denied = stub.reservations.find(({ model }) => model === 'denied');
    expect(paid[0]?.evidence?.fallback?.attempt_id).toBe(denied?.attempt_id);
    expect(stub.reservations.at(-1)?.attribution.fallback).toBe('openai/denied');
  });

  test('may be said by whoever knows better', async () => {
    const { paid } = await play('said');
    expect(paid.map(({ attribution }) => [attribution.route, attribution.fallback])).toEqual([['eu', 'primary']]);
  });
});

describe('what is known of failures', () => {
  const FAILED = { provider: 'openai', model: 'gpt-4.1', operation: 'chat' } as const;
  const OTHER = { ...FAILED, model: 'gpt-4.1-mini' };
  const why = { attemptId: 'a', reason: '500', origin: undefined };

  test('a failure is taken once', () => {
    const fallbacks = new Fallbacks();
    fallbacks.failed(['t'], FAILED, why, 0);
    expect(fallbacks.take(['t'], OTHER, 1)).toMatchObject({ model: 'gpt-4.1', attemptId: 'a', reason: '500' });
    expect(fallbacks.take(['t'], OTHER, 1)).toBeUndefined();
  });

  test('a call that was made before the failure is none, however late it is sent', () => {
    const fallbacks = new Fallbacks();
    fallbacks.failed(['t'], FAILED, why, 5);
    expect(fallbacks.take(['t'], OTHER, 4)).toBeUndefined();
    expect(fallbacks.take(['t'], OTHER, 5)).toBeDefined();
  });

  test('a failure that is a minute old is none any more, and is forgotten', () => {
    const fallbacks = new Fallbacks();
    fallbacks.failed(['t'], FAILED, why, 0);
    expect(fallbacks.take(['t'], OTHER, 60_001)).toBeUndefined();
    expect(fallbacks.isQuiet).toBe(true);
  });

  test('a success voids the failures before it began, and no later one', () => {
    const fallbacks = new Fallbacks();
    fallbacks.failed(['t'], FAILED, why, 0);
    const began = fallbacks.order;
    fallbacks.failed(['t'], FAILED, { ...why, attemptId: 'b' }, 1);
    fallbacks.succeeded(['t'], 'generate_content', began);
    expect(fallbacks.take(['t'], OTHER, 2)?.attemptId).toBe('b');
    fallbacks.succeeded(['t'], 'chat', fallbacks.order);
    expect(fallbacks.isQuiet).toBe(true);
  });

  test('however many fail in however many places, what is kept is bounded', () => {
    const fallbacks = new Fallbacks();
    for (let at = 0; at < 5000; at++) fallbacks.failed([`t${at}`, 'all'], FAILED, why, at / 1000);
    expect(fallbacks.take(['t0'], OTHER, 5)).toBeUndefined();
    expect(fallbacks.take(['t4999'], OTHER, 5)).toBeDefined();
    expect(fallbacks.take(['all'], OTHER, 5)).toBeDefined();
  });

  test('work that sets up its next turn from inside is nested ever deeper, and no more is kept of it', () => {
    const nested = (depth: number): number =>
      withAttribution({ workflow: 'poll' }, () => (depth > 0 ? nested(depth - 1) : contextsAround('t', false).length));
    expect([nested(0), nested(3)]).toEqual([2, 5]);
    for (const depth of [17, 100, 1000]) expect(nested(depth)).toBeLessThanOrEqual(18);
  });

  test('without any context calls belong together only where they come one after the other', () => {
    expect([contextsAround(undefined, true), contextsAround(undefined, false)]).toEqual([['process'], []]);
    expect(contextsAround('0af7', false)).toEqual(['0af7']);
  });
});
