/** What tests of applications run against: a provider, a stub of our server that is new for each test, and a folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { ReservationRequest } from '../../src/protocol/wire.ts';
import { bundle } from './bundle.ts';
import { startProvider, type TestProvider } from './provider.ts';
import { type Ran, REGISTER, runApp } from './run-app.ts';
import { allow, deny, type StubReply, type StubServer, startStub } from './stub-server.ts';

/** An application of this folder. */
export const app = (name: string): string => fileURLToPath(new URL(`./apps/${name}`, import.meta.url));
export const IMPORT = ['--import', REGISTER];

export interface Stage {
  readonly provider: TestProvider;
  readonly stub: StubServer;
  readonly folder: string;
  /** Runs an application against both. */
  run(args: readonly string[], env?: Record<string, string>): Promise<Ran>;
  /** An entry in one ESM file, as services are deployed: no module of an SDK is ever loaded. */
  bundle(entry: string, options?: BuildOptions): Promise<string>;
}

/** For the whole of a test file. */
export function useStage(): Stage {
  let provider: TestProvider;
  let stub: StubServer;
  let folder: string;
  beforeAll(async () => {
    provider = await startProvider();
    folder = mkdtempSync(join(tmpdir(), 'spendfuse-stage-'));
  });
  beforeEach(async () => {
    await stub?.stop();
    stub = await startStub();
    provider.seen.length = 0;
  });
  afterAll(async () => {
    await provider?.stop();
    await stub?.stop();
    rmSync(folder, { recursive: true });
  });
  return {
    get provider() {
      return provider;
    },
    get stub() {
      return stub;
    },
    get folder() {
      return folder;
    },
    run: (args, env = {}) =>
      runApp({
        args,
        env: { PROVIDER: provider.url, SPENDFUSE_ENDPOINT: stub.url, ...env },
      }),
    bundle: (entry, options) => bundle(app(entry), folder, options),
  };
}

/** A denial that waiting may help. */
export function contended(retryAfter = 1): StubReply {
  const { body } = deny();
  return { status: 429, body: { ...(body as object), status: 429, code: 'contended', retry_after: retryAfter } };
}

/** Allowed, if as something else. */
export const downgrade =
  (rewrite: { model?: string; max_output_tokens?: number }) =>
  (request: ReservationRequest): StubReply => {
    const { status, body } = allow(request);
    return { status, body: { ...(body as object), decision: 'downgrade', budget: 'b', rewrite } };
  };
