/** Mistral's SDK has OTel code of its own, which copies the request and reads the answer: nothing is counted twice by it. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProvider, type TestProvider } from '../../support/provider.ts';
import { REGISTER, runApp } from '../../support/run-app.ts';
import { type StubServer, startStub } from '../../support/stub-server.ts';

interface Span {
  scope: string;
  id: string;
  trace: string;
  parent?: string;
}

describe('@mistralai/mistralai with its own tracing', () => {
  let provider: TestProvider;
  let stub: StubServer;
  let seen: { id: string; events: number; spans: Span[] };

  beforeAll(async () => {
    provider = await startProvider();
    stub = await startStub();
    const file = fileURLToPath(new URL('../../support/apps/mistral-traced.mjs', import.meta.url));
    const env = { PROVIDER: provider.url, SPENDFUSE_ENDPOINT: stub.url };
    seen = (await runApp({ args: ['--import', REGISTER, file], env })).json as typeof seen;
  });
  afterAll(async () => {
    await provider?.stop();
    await stub?.stop();
  });

  test('each call is settled once: whole, streamed, and broken off', () => {
    expect(seen).toMatchObject({ id: 'chatcmpl-1', events: 9 });
    expect(stub.settlements.map(({ end, status, measured }) => [end, status, measured])).toEqual([
      ['settled', 'ok', true],
      ['settled', 'ok', true],
      ['settled', 'aborted', false],
    ]);
    expect(new Set(stub.settlements.map((settlement) => settlement.attempt_id)).size).toBe(3);
  });

  test('each call has one span of ours, in the trace of the application, under the SDK’s own', () => {
    const own = seen.spans.filter(({ scope }) => scope === 'spendfuse');
    const theirs = new Set(seen.spans.filter(({ scope }) => scope === 'mistralai_sdk_tracer').map(({ id }) => id));
    expect(own).toHaveLength(3);
    expect(own.every(({ parent }) => theirs.has(parent ?? ''))).toBe(true);
    expect(new Set(seen.spans.map(({ trace }) => trace)).size).toBe(1);
  });
});
