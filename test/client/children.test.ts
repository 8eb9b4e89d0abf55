/** A process and its children, however they are loaded: each is a session of its own, settles what it did and gives back what it held. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serialiseCard } from '../../src/pricing/card.ts';
import { cardOf } from '../pricing/support.ts';
import { bundle } from '../support/bundle.ts';
import { startProvider, type TestProvider } from '../support/provider.ts';
import { type Ran, REGISTER, runApp } from '../support/run-app.ts';
import { app, IMPORT } from '../support/stage.ts';
import { allowBy, routeOver, type StubServer, startStub } from '../support/stub-server.ts';

const KINDS = ['main', 'worker', 'fork', 'cluster'];
const CALLS = 8;

const WAYS: readonly { how: string; entry: string; args: readonly string[]; env: Record<string, string> }[] = [
  { how: 'ESM', entry: 'children.mjs', args: IMPORT, env: {} },
  { how: 'CommonJS, required first', entry: 'children.cjs', args: [], env: { FIRST: REGISTER } },
  { how: 'CommonJS by --require', entry: 'children.cjs', args: ['--require', REGISTER], env: {} },
  { how: 'a bundle', entry: 'bundle', args: IMPORT, env: {} },
];

describe.each(WAYS)('$how', ({ entry, args, env }) => {
  let provider: TestProvider;
  let stub: StubServer;
  let folder: string;
  let ran: Ran;

  beforeAll(async () => {
    [provider, stub] = await Promise.all([startProvider(), startStub()]);
    folder = mkdtempSync(join(tmpdir(), 'spendfuse-children-'));
    const card = serialiseCard(cardOf('openai/gpt-4.1'));
    stub.decide = allowBy(routeOver(['org', 'team'], card));
    stub.grant = ({ slice }) => ({ slice, amount: '100000000', valid_ms: 5_000 });
    const file = entry === 'bundle' ? await bundle(app('children.mjs'), folder) : app(entry);
    const variables = { PROVIDER: provider.url, SPENDFUSE_ENDPOINT: stub.url, SPENDFUSE_JOURNAL: folder, ...env };
    ran = await runApp({ args: [...args, file], env: variables });
    // What a fork that ended by process.exit left in its file is sent by the next process of the service.
    await runApp({ args: [...IMPORT, '--eval', ''], env: variables });
  });
  afterAll(async () => {
    await Promise.all([provider.stop(), stub.stop()]);
    rmSync(folder, { recursive: true });
  });

  const sessionsOf = (kind: string) =>
    new Set(stub.settlements.filter(({ model }) => model === `gpt-4.1-${kind}`).map(({ session }) => session));

  test('it ends as it would without us', () => {
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(provider.seen).toHaveLength(KINDS.length * CALLS);
  });

  test('each process and thread is a session of its own', () => {
    const sessions = KINDS.map((kind) => [...sessionsOf(kind)]);
    expect(sessions.map(({ length }) => length)).toEqual([1, 1, 1, 1]);
    expect(new Set(sessions.flat()).size).toBe(KINDS.length);
    const [main, worker, forked] = sessions.map(([id]) => stub.sessions.find(({ session }) => session === id));
    expect(worker?.pid).toBe(main?.pid);
    expect(worker?.host).not.toBe(main?.host);
    expect(forked?.pid).not.toBe(main?.pid);
  });

  test.each(KINDS)('each attempt of the %s is settled once, as the provider counted it', (kind) => {
    const settled = stub.settlements.filter(({ model }) => model === `gpt-4.1-${kind}`);
    const usage = expect.objectContaining({ input_tokens: 40, output_tokens: 12 });
    for (const settlement of settled) expect(settlement).toMatchObject({ end: 'settled', measured: true, usage });
    expect(settled).toHaveLength(CALLS);
    expect(new Set(settled.map(({ attempt_id }) => attempt_id)).size).toBe(CALLS);
  });

  test('each slice is given back, with what was drawn from it', () => {
    const drawn = new Map<string, bigint>(stub.slices.map(({ slice }) => [slice, 0n]));
    for (const { draws = [] } of stub.settlements)
      for (const { slice, amount } of draws) drawn.set(slice, (drawn.get(slice) ?? 0n) + BigInt(amount));
    expect(drawn.size).toBeGreaterThan(0);
    for (const { slice, drawn: sum } of stub.closes) if (drawn.get(slice) === BigInt(sum)) drawn.delete(slice);
    expect([...drawn]).toEqual([]);
  });

  test('whoever ends by itself ends its session; the one that was ended by process.exit is left to fall silent', () => {
    const [main, worker, , clustered] = KINDS.map((kind) => [...sessionsOf(kind)][0]);
    expect(new Set(stub.ended)).toEqual(new Set([main, worker, clustered]));
  });
});
