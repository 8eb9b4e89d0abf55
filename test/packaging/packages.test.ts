import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startProvider, type TestProvider } from '../support/provider.ts';
import { bytesOnDisk, install, installedPackages, packInto, ROOT } from './install.ts';
import { NODES, probe, run, type Server, serve } from './run.ts';

const MAX_CLIENT_BYTES = 10_000_000;

const dir = mkdtempSync(join(tmpdir(), 'spendfuse-packaging-'));
let service: string;
let control: string;
let bin: string;

beforeAll(async () => {
  const { client, server } = await packInto(dir);
  [service, control] = await Promise.all([
    install(join(dir, 'service'), [client, '@opentelemetry/api']),
    install(join(dir, 'control'), [server]),
  ]);
  bin = join(control, 'node_modules', '.bin', 'spendfuse');
}, 180_000);

afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('spendfuse, as a service installs it', () => {
  it('takes at most 10 MB with all that it needs, which is little', () => {
    expect(installedPackages(service)).toEqual(['@opentelemetry/api', '@pydantic/genai-prices', 'spendfuse']);
    expect(bytesOnDisk(join(service, 'node_modules'))).toBeLessThanOrEqual(MAX_CLIENT_BYTES);
  });

  it.each(NODES)(
    'loads nothing but itself, its prices and the OpenTelemetry API, and connects to nothing (%s)',
    async (node) => {
      const { files, builtins, connections, stderr } = await probe(node, ['--import', 'spendfuse/register', '-e', ''], {
        cwd: service,
      });
      const loaded = files.map((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]).filter((name) => name);
      expect([...new Set(loaded)].sort()).toEqual(['@opentelemetry/api', 'spendfuse']);
      expect(builtins.filter((name) => /\bsqlite\b/.test(name))).toEqual([]);
      expect(connections).toEqual([]);
      expect(stderr).toBe('');
    },
  );

  it.each(['nodenext', 'bundler'])(
    'has types that compile without any of Node or of OpenTelemetry (%s)',
    async (resolution) => {
      const files = {
        'app.ts': `import 'spendfuse/register';
        import { type Attribution, BudgetExceededError, flush, withAttribution } from 'spendfuse';
        const who: Attribution = { team: 'support', customer: 'c-1' };
        const answer: Promise<number> = withAttribution(who, async () => 42);
        export const refused = (error: unknown): string | null =>
          error instanceof BudgetExceededError && error.status === 402 ? error.budget : null;
        // @ts-expect-error: not a dimension
        withAttribution({ temperature: 'high' }, () => answer);
        export const sent: Promise<boolean> = flush({ timeoutMs: 1_000 });`,
        'tsconfig.json': JSON.stringify({
          compilerOptions: {
            strict: true,
            noEmit: true,
            target: 'es2022',
            lib: ['es2022'],
            types: [],
            module: resolution === 'nodenext' ? 'nodenext' : 'esnext',
            moduleResolution: resolution,
          },
          files: resolution === 'nodenext' ? ['app.ts', 'app.cts'] : ['app.ts'],
        }),
        'app.cts': `import spendfuse = require('spendfuse');
        export const run: number = spendfuse.withAttribution({ team: 'support' }, () => 42);`,
      };
      for (const [name, text] of Object.entries(files)) writeFileSync(join(service, name), text);
      const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
      expect(await run(tsc, ['-p', '.'], { cwd: service })).toMatchObject({ code: 0, stdout: '' });
    },
  );
});

describe('@spendfuse/server, as an operator installs it', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

  it('brings no development tool, and no Node of its own', () => {
    const installed = installedPackages(control);
    expect(installed).toContain('@spendfuse/server');
    for (const name of ['node', 'typescript', 'vitest', 'openai', '@opentelemetry/sdk-node']) {
      expect(installed).not.toContain(name);
    }
  });

  it('tells its version', async () => {
    expect(await run(bin, ['--version'], { cwd: control })).toMatchObject({ code: 0, stdout: `${manifest.version}\n` });
  });

  it('fingerprints a key from stdin', async () => {
    const { stdout } = await run(bin, ['fingerprint'], { cwd: control, stdin: 'sk-test-1\n' });
    expect(stdout).toMatch(/^fp:[0-9a-f]{32}\n$/);
  });

  it('checks its example and generates from it what is committed', async () => {
    const shipped = join(control, 'node_modules', '@spendfuse', 'server');
    const out = join(dir, 'generated');
    const checked = await run(bin, ['check', '--strict'], { cwd: shipped });
    const generated = await run(bin, ['generate', '--out', out], { cwd: shipped });
    expect(checked).toMatchObject({ code: 0, stdout: expect.stringContaining('0 errors, 0 warnings') });
    expect(generated).toMatchObject({ code: 0, stderr: '' });
    for (const file of ['rules/prometheus/spendfuse.rules.yaml', 'grafana/dashboards/spendfuse-overview.json']) {
      expect(readFileSync(join(out, file), 'utf8')).toBe(readFileSync(join(ROOT, file), 'utf8'));
    }
  });
});

describe('both together', () => {
  const BUDGETS = `owners: { support: { service: support-oncall, backup: support-lead } }
budgets: [{ name: everything, owner: support, window: month, limit: 100, hard: { action: block } }]
`;
  const CALL = `fetch(process.env.PROVIDER + '/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-test-1' },
    body: JSON.stringify({ model: 'gpt-4.1-mini', max_tokens: 50, messages: [{ role: 'user', content: 'Hello' }] }),
  }).then((response) => response.json()).then((answer) => console.log(answer.usage.total_tokens));`;
  const WAYS: [way: string, before: string[], code: string][] = [
    ['--import', ['--import', 'spendfuse/register'], CALL],
    ['--require', ['--require', 'spendfuse/register'], CALL],
    [
      'require() first',
      [],
      `require('spendfuse/register'); require('spendfuse').withAttribution({}, () => ${CALL.slice(0, -1)});`,
    ],
  ];
  let server: Server;
  let provider: TestProvider;

  beforeAll(async () => {
    writeFileSync(join(control, 'budgets.yaml'), BUDGETS);
    provider = await startProvider();
    server = await serve(bin, ['--config', 'budgets.yaml', '--db', 'ledger.db'], { cwd: control });
    await vi.waitFor(async () => expect((await fetch(`${server.url}/readyz`)).status).toBe(200), { timeout: 15_000 });
  });

  afterAll(async () => {
    await provider?.stop();
    expect(await server?.stop()).toBe(0);
  });

  it.each(NODES.flatMap((node) => WAYS.map((way) => [...way, node] as const)))(
    'meter a call of a service started with %s, which speaks to the server and the provider only',
    async (way, before, code, node) => {
      const name = `${way} ${basename(node)} ${NODES.indexOf(node)}`;
      const { stdout, connections } = await probe(node, [...before, '-e', code], {
        cwd: service,
        env: { SPENDFUSE_ENDPOINT: server.url, OTEL_SERVICE_NAME: name, PROVIDER: provider.url },
      });
      expect(stdout).toBe('52\n');
      const expected = [server.url, provider.url].map((url) => new URL(url).host).sort();
      expect([...new Set(connections)].sort()).toEqual(expected);
      const usage = await (await fetch(`${server.url}/v1/usage?group_by=service`)).json();
      expect(usage.items).toContainEqual(
        expect.objectContaining({ group: { service: name }, calls: 1, input_tokens: 40, output_tokens: 12 }),
      );
    },
  );
});
