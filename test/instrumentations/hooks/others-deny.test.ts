/** A denial and a downgrade through the SDKs that end in fetch, and those of the Stainless core besides OpenAI's. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startProvider, type TestProvider } from '../../support/provider.ts';
import { REGISTER, runApp } from '../../support/run-app.ts';
import { allow, deny, type StubServer, startStub } from '../../support/stub-server.ts';

const app = (name: string): string => fileURLToPath(new URL(`../../support/apps/${name}`, import.meta.url));

let provider: TestProvider;
let stub: StubServer;
let folder: string;

beforeAll(async () => {
  provider = await startProvider();
  folder = mkdtempSync(join(tmpdir(), 'spendfuse-others-'));
});
beforeEach(async () => {
  await stub?.stop();
  stub = await startStub();
  provider.seen.length = 0;
});
afterAll(async () => {
  await provider.stop();
  await stub.stop();
  rmSync(folder, { recursive: true });
});

async function run(name: string, file: string, PACKAGE = name): Promise<Record<string, unknown>> {
  const env = { PROVIDER: provider.url, SPENDFUSE_ENDPOINT: stub.url, PACKAGE, LOAD: 'import', CASES: 'json' };
  const { json } = await runApp({ args: ['--import', REGISTER, file], env });
  return (json as { json: Record<string, unknown> }).json;
}

const contended = () => {
  const { body } = deny();
  return { status: 429, body: { ...(body as object), status: 429, code: 'contended', retry_after: 1 } };
};

/** What the application catches: the class, and where the SDK puts status and message. */
const SDKS = [
  { name: 'groq-sdk', app: 'groq-together', error: { class: 'BudgetExceededError', status: 402, code: 'exhausted' } },
  { name: 'together-ai', app: 'groq-together', error: { class: 'BudgetExceededError', status: 402 } },
  { name: 'together-ai-0.49', app: 'groq-together', error: { class: 'BudgetExceededError', status: 402 } },
  { name: '@mistralai/mistralai', app: 'mistral', error: { message: expect.stringContaining('the month is spent') } },
  { name: 'mistralai-1', app: 'mistral', error: { message: expect.stringContaining('the month is spent') } },
  { name: 'cohere-ai', app: 'cohere', error: { message: expect.stringMatching(/402[\s\S]*the month is spent/) } },
  { name: 'cohere-ai-7', app: 'cohere', error: { message: expect.stringMatching(/402[\s\S]*the month is spent/) } },
  { name: 'ollama', app: 'ollama', error: { name: 'ResponseError', message: expect.stringMatching('month is spent') } },
  { name: 'ollama-0.5', app: 'ollama', error: { name: 'ResponseError', message: expect.stringMatching('is spent') } },
];

describe.each(SDKS)('$name', ({ name, app: cases, error }) => {
  const file = app(`${cases}-cases.mjs`);

  test('a denial is told in the SDK’s own way; nothing is sent and nothing tried again', async () => {
    stub.decide = deny;
    expect((await run(name, file)).error).toMatchObject(error);
    expect(provider.seen).toEqual([]);
    expect(stub.reservations).toHaveLength(1);
  });

  test('a denial that may be tried later is not tried again by the SDK', async () => {
    stub.decide = contended;
    expect(await run(name, file)).toHaveProperty('error');
    expect(provider.seen).toEqual([]);
    expect(stub.reservations).toHaveLength(1);
  });

  test('a downgrade is sent in place of what was asked for', async () => {
    stub.decide = (request) => {
      const { status, body } = allow(request);
      const rewrite = { model: 'mistral-cheaper', max_output_tokens: 20 };
      return { status, body: { ...(body as object), decision: 'downgrade', budget: 'b', rewrite } };
    };
    expect(await run(name, file)).toHaveProperty('result');
    const sent = provider.seen.map(({ body }) => body);
    expect(sent.map((body) => body.model)).toEqual(['mistral-cheaper']);
    expect(sent.map((body) => body.max_tokens ?? (body.options as { num_predict: number }).num_predict)).toEqual([20]);
    expect(stub.settlements.map(({ model, end, measured }) => [model, end, measured])).toEqual([
      ['mistral-cheaper', 'settled', true],
    ]);
  });
});

describe('in a bundle', () => {
  const banner = {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  };

  test.each([
    { name: 'groq-sdk', provider: 'groq' },
    { name: 'together-ai', provider: 'together' },
    { name: '@mistralai/mistralai', provider: 'mistral' },
    { name: 'cohere-ai', provider: 'cohere' },
    { name: 'ollama', provider: 'ollama' },
  ])('$name is metered, and a denial ends at its first attempt', async ({ name, provider: owner }) => {
    const outfile = join(folder, `${owner}.mjs`);
    await build({
      entryPoints: [app('one-call-of.mjs')],
      plugins: [
        {
          name: 'the package itself, in place of the one to be named later',
          setup(builder) {
            builder.onLoad({ filter: /[\\/]load\.mjs$/ }, () => ({
              contents: `export const load = () => import(${JSON.stringify(name)});`,
              resolveDir: fileURLToPath(new URL('../../support/apps', import.meta.url)),
            }));
          },
        },
      ],
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile,
      banner,
      // Mistral's own telemetry asks for these where they are installed.
      external: ['@opentelemetry/sdk-trace-base', '@opentelemetry/resources', '@opentelemetry/exporter-*'],
      logLevel: 'error',
    });
    expect(await run(name, outfile)).toHaveProperty('result');
    expect(stub.settlements.map(({ provider: by, end, measured }) => [by, end, measured])).toEqual([
      [owner, 'settled', true],
    ]);
    provider.seen.length = 0;
    stub.decide = deny;
    expect(await run(name, outfile)).toHaveProperty('error');
    expect(provider.seen).toEqual([]);
    expect(stub.reservations).toHaveLength(2);
  });
});
