/** A process that is frozen whenever it has answered: all is settled by then, nothing is held, and thawed it goes on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { serialiseCard } from '../../src/pricing/card.ts';
import { cardOf } from '../pricing/support.ts';
import { startProvider, type TestProvider } from '../support/provider.ts';
import { app, IMPORT } from '../support/stage.ts';
import { allowBy, routeOver, type StubServer, startStub } from '../support/stub-server.ts';

let provider: TestProvider;
let stub: StubServer;
let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  provider = await startProvider();
});
beforeEach(async () => {
  stub = await startStub();
  folder = mkdtempSync(join(tmpdir(), 'spendfuse-serverless-'));
  stub.decide = allowBy(routeOver(['org'], serialiseCard(cardOf('openai/gpt-4.1'))));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await stub.stop();
  rmSync(folder, { recursive: true });
});
afterAll(() => provider.stop());

/** The platform: one event at a time, and frozen when it has answered. */
class Platform {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  stderr = '';

  constructor(env: Record<string, string> = {}) {
    const { PATH = '' } = process.env;
    this.#child = spawn(process.execPath, [...IMPORT, app('handler.mjs')], {
      env: { PATH, PROVIDER: provider.url, SPENDFUSE_ENDPOINT: stub.url, SPENDFUSE_JOURNAL: folder, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    children.push(this.#child);
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.#answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async call(event: string): Promise<unknown> {
    this.#child.kill('SIGCONT');
    this.#child.stdin?.write(`${event}\n`);
    const { value } = await this.#answers.next();
    this.#child.kill('SIGSTOP');
    return JSON.parse(value as string);
  }

  async end(): Promise<void> {
    this.#child.kill('SIGCONT');
    this.#child.stdin?.end();
    await once(this.#child, 'close');
  }
}

const ANSWER = (event: string) => [event, 'context', 'chatcmpl-1', 'of the platform'];
const LAMBDA = { AWS_LAMBDA_FUNCTION_NAME: 'answers' };

describe.each([
  ['on Lambda', LAMBDA],
  ['elsewhere', { SPENDFUSE_SERVERLESS: 'no' }],
])('flushed(handler) %s', (_, env) => {
  test('each call is settled before its answer is there, and the handler’s results and errors are its own', async () => {
    const platform = new Platform(env);
    for (const [at, event] of ['one', 'two', 'fail', 'four'].entries()) {
      const answer = await platform.call(event);
      expect(answer).toEqual(event === 'fail' ? 'RangeError: of the handler' : ANSWER(event));
      expect(stub.settlements.map(({ end, measured }) => [end, measured])).toEqual(
        Array(at + 1).fill(['settled', true]),
      );
      const open = new Set(stub.slices.map(({ slice }) => slice));
      for (const { slice } of stub.closes) open.delete(slice);
      expect([...open]).toEqual([]);
    }
    await platform.end();
    expect(platform.stderr).toBe('');
    expect(stub.ended).toEqual(stub.sessions.map(({ session }) => session));
  });

  test('a server that took the frozen process for ended, and closed its connections, is asked anew', async () => {
    const platform = new Platform(env);
    await platform.call('one');
    await stub.stop();
    stub = await startStub(Number(new URL(stub.url).port));
    let asked = 0;
    stub.intercept = (_method, path) => {
      if (path !== '/v1/reservations') return undefined;
      asked += 1;
      return asked === 1 ? { status: 404, body: {} } : undefined;
    };
    expect(await platform.call('two')).toEqual(ANSWER('two'));
    await platform.end();
    expect(platform.stderr).toBe('');
    expect(stub.sessions).toHaveLength(1);
    expect(stub.settlements.map(({ end }) => end)).toEqual(['settled']);
  });
});

test('on Lambda no slice is asked for, so none is frozen', async () => {
  const platform = new Platform({ ...LAMBDA, BARE: 'yes' });
  for (let call = 0; call < 5; call += 1) await platform.call('more');
  await platform.end();
  expect(stub.reservations.map(({ route }) => route)).toEqual(Array(5).fill(undefined));
  expect(stub.heartbeats.flatMap(({ wants }) => wants ?? [])).toEqual([]);
  expect(stub.settlements).toHaveLength(5);
});

test('where the server does not answer, the handler does', async () => {
  stub.intercept = (_method, path) => (path === '/v1/settlements' ? { status: 503, body: {} } : undefined);
  const platform = new Platform(LAMBDA);
  expect(await platform.call('one')).toEqual(ANSWER('one'));
  stub.intercept = () => undefined;
  expect(await platform.call('two')).toEqual(ANSWER('two'));
  expect(stub.settlements).toHaveLength(2);
  await platform.end();
});
