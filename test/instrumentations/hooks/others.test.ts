/**
 * The SDKs besides OpenAI's, Anthropic's and Google's, newest and previous generation, as `import` and as `require` find them:
 * the application sees the same with us as without us, and each attempt is settled once, as what it was.
 */
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { SettlementRequest } from '../../../src/protocol/wire.ts';
import { startProvider } from '../../support/provider.ts';
import { REGISTER, runApp } from '../../support/run-app.ts';
import { type StubServer, startStub } from '../../support/stub-server.ts';

/** The provider counts 40 tokens in, 12 out. */
const OK = 'settled ok 40/12';
const EMBEDDED = 'settled ok 40/0';
const BROKEN = 'settled aborted, estimated';
const CUT = 'settled error, estimated';
const REJECTED = 'released rejected 0/0';
const LOST = 'lost';

const OPENAI_LIKE: Record<string, string[]> = {
  json: [OK],
  'json withResponse': [OK],
  'json asResponse': [OK],
  'json in parallel': [OK, OK],
  tools: [OK],
  stream: [OK],
  'stream tee': [OK],
  'stream break': [BROKEN],
  'stream abort': [BROKEN],
  'stream cut': [CUT],
  'aborted before': [],
  timeout: [LOST],
  400: [REJECTED],
  '429 then ok': [REJECTED, OK],
  embeddings: [EMBEDDED],
};

const MISTRAL: Record<string, string[]> = {
  json: [OK],
  'json in parallel': [OK, OK],
  tools: [OK],
  stream: [OK],
  'stream break': [BROKEN],
  'stream abort': [BROKEN],
  'stream cut': [CUT],
  'aborted before': [],
  timeout: [LOST],
  400: [REJECTED],
  '429 then ok': [REJECTED, OK],
  embeddings: [EMBEDDED],
};

const COHERE: Record<string, string[]> = {
  json: [OK],
  'json withRawResponse': [OK],
  'json in parallel': [OK, OK],
  stream: [OK],
  'stream break': [BROKEN],
  'stream abort': [BROKEN],
  'stream cut': [CUT],
  'aborted before': [],
  timeout: [LOST],
  400: [REJECTED],
  '429 then ok': [REJECTED, OK],
  'first version json': [OK],
  'first version stream': [OK],
  'first version stream break': [BROKEN],
  embeddings: [EMBEDDED],
  rerank: ['settled ok 0/0 searches 1'],
};

const OLLAMA: Record<string, string[]> = {
  json: [OK],
  'json in parallel': [OK, OK],
  stream: [OK],
  'stream break': [],
  'stream abort': [BROKEN],
  'client abort': [BROKEN],
  'stream cut': [CUT],
  400: [REJECTED],
  generate: [OK],
  'generate stream': [OK],
  embed: [EMBEDDED],
  'older embeddings': ['settled ok, estimated'],
};

type Seen = Record<string, unknown>;

/** Left by a `break`: this SDK neither cancels the stream nor reads on, so nothing tells until the process ends. */
const LEFT = 'stream break';

const SDKS = [
  { name: 'groq-sdk', app: 'groq-together', provider: 'groq', expected: OPENAI_LIKE, ways: ['import', 'require'] },
  // It sends through node-fetch unless it is told otherwise, and takes the fetch that it finds then: so after us.
  {
    name: 'groq-sdk-0',
    app: 'groq-together',
    provider: 'groq',
    expected: OPENAI_LIKE,
    ways: ['import', 'require'],
    before: 'groq-sdk-0/shims/web',
  },
  {
    name: 'together-ai',
    app: 'groq-together',
    provider: 'together',
    expected: OPENAI_LIKE,
    ways: ['import', 'require'],
  },
  {
    name: 'together-ai-0.49',
    app: 'groq-together',
    provider: 'together',
    expected: OPENAI_LIKE,
    ways: ['import', 'require'],
  },
  { name: '@mistralai/mistralai', app: 'mistral', provider: 'mistral', expected: MISTRAL, ways: ['import'] },
  { name: 'mistralai-1', app: 'mistral', provider: 'mistral', expected: MISTRAL, ways: ['import', 'require'] },
  { name: 'cohere-ai', app: 'cohere', provider: 'cohere', expected: COHERE, ways: ['import', 'require'] },
  { name: 'cohere-ai-7', app: 'cohere', provider: 'cohere', expected: COHERE, ways: ['import', 'require'] },
  { name: 'ollama', app: 'ollama', provider: 'ollama', expected: OLLAMA, ways: ['import', 'require'] },
  { name: 'ollama-0.5', app: 'ollama', provider: 'ollama', expected: OLLAMA, ways: ['import', 'require'] },
].flatMap(({ ways, ...sdk }) =>
  ways.map((way) => ({ ...sdk, way, before: 'before' in sdk ? [`--${way}`, String(sdk.before)] : [] })),
);

interface Run {
  stub: StubServer;
  bare: Seen;
  instrumented: Seen;
  stderr: string;
}

/** The processes mostly wait, for timeouts and retries: a few of them at a time, ahead of the tests that judge them. */
const AT_ONCE = 4;
const queue = SDKS.map((sdk) => ({ sdk, ...Promise.withResolvers<Run>() }));
for (const { promise } of queue) promise.catch(() => {}); // Its own tests say so.

beforeAll(() => {
  const waiting = [...queue];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await run(next.sdk).then(next.resolve, next.reject);
  };
  for (let worker = 0; worker < AT_ONCE; worker += 1) void work();
});

async function run({ name, app, way, before }: (typeof SDKS)[number]): Promise<Run> {
  const [provider, stub] = await Promise.all([startProvider(), startStub()]);
  const file = fileURLToPath(new URL(`../../support/apps/${app}-cases.mjs`, import.meta.url));
  const env = { PROVIDER: provider.url, SPENDFUSE_ENDPOINT: stub.url, PACKAGE: name, LOAD: way };
  const [without, with_] = await Promise.all([
    runApp({ args: ['--expose-gc', ...before, file], env }),
    runApp({ args: ['--expose-gc', `--${before.length > 0 ? way : 'import'}`, REGISTER, ...before, file], env }),
  ]);
  await Promise.all([provider.stop(), stub.stop()]);
  return {
    stub,
    bare: without.json as Seen,
    instrumented: with_.json as Seen,
    stderr: with_.stderr,
  };
}

describe.each(queue)('$sdk.name by $sdk.way', ({ sdk, promise }) => {
  const { app, provider: owner, expected } = sdk;
  let stub: StubServer;
  let bare: Seen;
  let instrumented: Seen;
  let stderr: string;

  beforeAll(async () => {
    ({ stub, bare, instrumented, stderr } = await promise);
  }, 240_000);

  test.each(Object.entries(expected))('%s', (label, settlements) => {
    expect(instrumented[label]).toEqual(bare[label]);
    const heard = stub.settlements.filter(({ attribution }) => attribution.workflow === label);
    expect(heard.map(brief)).toEqual(settlements);
  });

  test('every case is expected, and each reservation is settled', () => {
    expect(Object.keys(bare).sort()).toEqual(Object.keys(expected).sort());
    const settled = new Set(stub.settlements.map((settlement) => settlement.attempt_id));
    const open = stub.reservations.filter((reservation) => !settled.has(reservation.attempt_id));
    expect(open.filter(({ attribution }) => app !== 'ollama' || attribution.workflow !== LEFT)).toEqual([]);
    expect(stderr.replace(/^spendfuse: the server \S+ is (unreachable.*|back)\n/gm, '')).not.toMatch(/spendfuse/);
  });

  test('the provider is known also where its host is not', () => {
    expect([...new Set(stub.reservations.map((reservation) => reservation.provider))]).toEqual([owner]);
  });

  test('no key, prompt or completion leaves for the server', () => {
    const told = JSON.stringify([stub.sessions, stub.reservations, stub.settlements]);
    expect(told).not.toMatch(/secret|Grüße|fuse |sleeps/);
  });
});

function brief({ end, status, measured, usage }: SettlementRequest): string {
  if (end === 'lost') return end;
  if (!measured) return `${end} ${status}, estimated`;
  const searches = usage.web_searches ? ` searches ${usage.web_searches}` : '';
  return `${end} ${status} ${usage.input_tokens}/${usage.output_tokens}${searches}`;
}
