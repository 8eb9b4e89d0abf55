/** However a process ends, its settlements reach the server: at once where it can be asked, by a file where it cannot. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startProvider, type TestProvider } from '../support/provider.ts';
import { REGISTER, runApp } from '../support/run-app.ts';
import { RULES, type StubServer, startStub } from '../support/stub-server.ts';

const ENDING = fileURLToPath(new URL('../support/apps/ending.mjs', import.meta.url));

let provider: TestProvider;
let stub: StubServer;
let folder: string;

beforeAll(async () => {
  provider = await startProvider();
});
beforeEach(async () => {
  stub = await startStub();
  folder = mkdtempSync(join(tmpdir(), 'spendfuse-journal-'));
});
afterEach(async () => {
  await stub.stop();
  rmSync(folder, { recursive: true });
});
afterAll(() => provider.stop());

function end(END: string, env: Record<string, string> = {}, signal?: NodeJS.Signals) {
  return runApp({
    args: ['--import', REGISTER, ENDING],
    env: { PROVIDER: provider.url, SPENDFUSE_ENDPOINT: stub.url, SPENDFUSE_JOURNAL: folder, END, ...env },
    onOutput: (text, kill) => {
      if (signal && text.includes('ready')) kill(signal);
    },
  });
}

function files(): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Keeps the server from taking settlements while the process lives. */
function refuseSettlements(): void {
  stub.intercept = (_, path) => (path === '/v1/settlements' ? { status: 503, body: {} } : undefined);
}

describe('the event loop runs empty', () => {
  test('what is left is sent, the session ends, and no file is written', async () => {
    expect(await end('empty')).toMatchObject({ code: 0, stderr: '' });
    expect(stub.settlements.map((settlement) => settlement.end)).toEqual(['settled']);
    expect(stub.ended).toEqual(stub.sessions.map((session) => session.session));
    expect(files()).toEqual([]);
  });

  test('a server that does not answer cannot keep the process', async () => {
    stub.intercept = (_, path) => (path === '/v1/settlements' ? { status: 200, body: {}, afterMs: 60_000 } : undefined);
    expect(await end('empty')).toMatchObject({ code: 0 });
    expect(files()).toHaveLength(1);
  });
});

describe('a process that ends at once', () => {
  test.each([
    { END: 'exit', code: 3, signal: null },
    { END: 'crash', code: 1, signal: null },
    { END: 'rejection', code: 1, signal: null },
  ])('by $END keeps its code and leaves a file that only its user can read', async ({ END, code, signal }) => {
    refuseSettlements();
    expect(await end(END)).toMatchObject({ code, signal });
    const [file] = files() as [string];
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const kept = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(kept).toMatchObject([{ end: 'settled', usage: { input_tokens: 40, output_tokens: 12 } }]);
  });

  test('the next process for the same server takes the file over', async () => {
    refuseSettlements();
    await end('exit');
    stub.intercept = () => undefined;
    await end('empty', { STREAM: 'none' });
    await stub.settled(1);
    expect(stub.settlements).toHaveLength(1);
    expect(files()).toEqual([]);
  });

  test('a process for another server leaves it alone', async () => {
    refuseSettlements();
    await end('exit');
    await end('empty', { STREAM: 'none', SPENDFUSE_ENDPOINT: 'http://127.0.0.1:4' });
    expect(files()).toHaveLength(1);
  });

  test('a process of another service, whose token may not speak for it, leaves it alone', async () => {
    refuseSettlements();
    await end('exit', { OTEL_SERVICE_NAME: 'one' });
    stub.intercept = () => undefined;
    await end('empty', { STREAM: 'none', OTEL_SERVICE_NAME: 'other' });
    expect(files()).toHaveLength(1);
    await end('empty', { STREAM: 'none', OTEL_SERVICE_NAME: 'one' });
    expect(files()).toEqual([]);
  });

  test.each([
    { what: 'in the middle of a stream', STREAM: 'open', settled: ['settled', 'aborted', false] },
    { what: 'before the answer', STREAM: 'hang', settled: ['lost', 'error', false] },
  ])('$what settles what it saw', async ({ STREAM, settled }) => {
    await end('exit', { STREAM });
    await end('empty', { STREAM: 'none' });
    await stub.settled(1);
    expect(stub.settlements.map(({ end, status, measured }) => [end, status, measured])).toEqual([settled]);
  });
});

describe('a signal', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s sends what is left, and the process still dies of it',
    async (signal) => {
      expect(await end('wait', {}, signal)).toMatchObject({ code: null, signal });
      expect(stub.settlements).toHaveLength(1);
      expect(stub.ended).toHaveLength(1);
      expect(files()).toEqual([]);
    },
  );

  test('an application with its own handler ends in its own way', async () => {
    refuseSettlements();
    expect(await end('own handler', {}, 'SIGTERM')).toMatchObject({ code: 7, signal: null });
    expect(files()).toHaveLength(1);
  });

  test('SIGKILL leaves the hold to the server', async () => {
    stub.rules = { ...RULES };
    refuseSettlements();
    expect(await end('wait', {}, 'SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
    expect(files()).toEqual([]);
    expect(stub.reservations).toHaveLength(1);
  });
});
